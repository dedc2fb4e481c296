"""`gateway init`: what is found is written, and nothing else is touched."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.doctor.cloud_providers import CLOUDS
from gateway.settings.loading.load import load_config

KEY = "sk-hunter2"


def environ(**more: str) -> dict[str, str]:
    names = {cloud.variable for cloud in CLOUDS}
    return {name: value for name, value in os.environ.items() if name not in names} | more


@pytest.fixture
def init(tmp_path: Path):
    """`init("--yes", DEEPSEEK_API_KEY="...")`: the command in an empty directory, not in a terminal."""

    def run(*options: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gateway", "init", *options],
            cwd=tmp_path, env=environ(**more), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip

    return run


def test_servers_and_keys_are_written(init, upstream, tmp_path):
    done = init("--ports", str(upstream.port), DEEPSEEK_API_KEY=KEY)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "config" / "gateway.yaml"
    assert KEY not in path.read_text() + done.stdout + done.stderr
    settings = load_config(path, {"DEEPSEEK_API_KEY": KEY}).settings
    assert list(settings.providers) == ["ollama", "deepseek"]
    assert settings.providers["deepseek"].api_key.reveal() == KEY
    assert settings.models[-1].target.provider == "ollama", "what is on this machine comes first"


def test_openais_models_are_asked_over_responses(init, tmp_path, unused_tcp_port):
    """On Chat Completions the current ones refuse tools beside reasoning."""
    done = init("--ports", str(unused_tcp_port), OPENAI_API_KEY=KEY)
    assert done.returncode == 0, done.stderr
    settings = load_config(tmp_path / "config" / "gateway.yaml", {"OPENAI_API_KEY": KEY}).settings
    assert settings.providers["openai"].kind == "responses"


def test_only_the_machine_is_asked(init, upstream):
    init("--ports", str(upstream.port), DEEPSEEK_API_KEY=KEY)
    assert {request.headers.get("authorization") for request in upstream.requests()} == {None}
    assert upstream.chats() == []


def test_a_file_that_is_there_is_not_touched_without_force(init, upstream, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("mine")
    done = init("--ports", str(upstream.port), "--out", "mine.yaml")
    assert (done.returncode, path.read_text()) == (2, "mine")
    assert "--force" in done.stderr
    assert init("--ports", str(upstream.port), "--out", "mine.yaml", "--force").returncode == 0
    assert load_config(path, {}).settings.providers


def test_nothing_found_says_what_to_do(init, unused_tcp_port, tmp_path):
    done = init("--ports", str(unused_tcp_port))
    assert done.returncode == 1
    assert "gateway demo" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_json_lists_what_was_written(init, upstream):
    said = json.loads(init("--ports", str(upstream.port), "--json").stdout)
    assert said["written"] == str(Path("config/gateway.yaml"))
    assert [one["product"] for one in said["providers"]] == ["Ollama"]


def test_a_gateway_that_runs_is_no_model_server_and_is_named(init, gateway):
    done = init("--ports", str(gateway.port))
    assert done.returncode == 1
    assert f"left out port {gateway.port}: this is a gateway like this one" in done.stderr


def test_other_ports_can_be_named(init, unused_tcp_port):
    assert "gateway init --ports" in init("--ports", str(unused_tcp_port)).stderr


def test_a_port_that_another_program_has_is_not_written(init, upstream, tmp_path):
    try:
        taken = socket.create_server(("127.0.0.1", 8080))
    except OSError:
        taken = contextlib.nullcontext()  # another program has it: just as good
    with taken:
        assert init("--ports", str(upstream.port)).returncode == 0
    path = tmp_path / "config" / "gateway.yaml"
    assert load_config(path, {}).settings.server.port != 8080
    assert "8080 is taken by another program" in path.read_text()


@pytest.mark.parametrize("ports", ["x", "0", "1,99999", ""])
def test_ports_are_numbers(init, ports):
    assert init("--ports", ports).returncode == 2


@pytest.mark.parametrize("name", ["file/gateway.yaml", "x" * 300], ids=["no folder", "long name"])
def test_a_file_that_cannot_be_written_is_told(init, upstream, tmp_path, name):
    (tmp_path / "file").write_text("")
    done = init("--ports", str(upstream.port), "--out", name)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert ("found" in done.stderr) == (name[0] == "x"), "what is plain at once is said before looking"


def test_in_a_terminal_each_thing_is_asked_about(upstream, tmp_path):
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "init", "--ports", str(upstream.port)],
        cwd=tmp_path, env=environ(DEEPSEEK_API_KEY=KEY, TERM="dumb"), stdin=slave, stdout=slave, stderr=slave,
    )  # fmt: skip
    os.close(slave)
    said = answer(master, {"Use Ollama": "n", "Use DeepSeek": "y", "Which model?": "deepseek-reasoner"})
    assert process.wait(30) == 0, said
    settings = load_config(tmp_path / "config" / "gateway.yaml", {"DEEPSEEK_API_KEY": KEY}).settings
    assert list(settings.providers) == ["deepseek"]
    assert settings.models[-1].target.model == "deepseek-reasoner"


def answer(master: int, replies: dict[str, str], seconds: float = 30) -> str:
    """Reply to each question once it is asked; all that was said."""
    said, deadline = "", time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            said += os.read(master, 4096).decode(errors="replace")
            for question in [one for one in replies if one in said]:
                os.write(master, replies.pop(question).encode() + b"\n")
    except OSError:
        # The other end was closed: the command is over.
        pass
    finally:
        os.close(master)
    return said
