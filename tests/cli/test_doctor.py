"""`gateway doctor` as a command: what it shows, writes and ends with. The trials have tests of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from gateway.cli import doctor as command
from gateway.doctor.examination import QUICK
from gateway.doctor.identity import UnknownServer
from gateway.doctor.server import DetectedModel, DetectedServer
from gateway.settings.loading.load import load_config
from gateway.testing.upstream import Call, Raw, Reply, Rule, When

TOOLS = Rule(When(tool="get_weather"), (Reply(calls=(Call("get_weather", {"city": "Paris"}),)),), repeat=True)
READY = Reply(text="ready")


@pytest.fixture
def doctor(tmp_path: Path):
    """`doctor(url, "--quick")`: the finished command, in an empty directory."""

    def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gateway", "doctor", *arguments],
            cwd=tmp_path, env={**os.environ, "COLUMNS": "120", **environ}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=100,
        )  # fmt: skip

    return run


def test_a_server_that_can_be_used_ends_with_0_and_its_yaml(doctor, upstream, tmp_path):
    upstream.script(rules=[TOOLS], default=READY)
    done = doctor(upstream.url, "--quick")
    assert done.returncode == 0, done.stderr
    assert "Claude Code works with it." in done.stdout
    text = done.stdout[done.stdout.index("# For Ollama") :]
    path = tmp_path / "g.yaml"
    path.write_text(text)
    assert load_config(path, {}).settings.providers["ollama"].base_url == upstream.url


def test_it_writes_the_file_and_does_not_overwrite_one(doctor, upstream, tmp_path):
    upstream.script(rules=[TOOLS], default=READY)
    path = tmp_path / "new" / "gateway.yaml"
    done = doctor(upstream.url, "--quick", "--write", str(path))
    assert "gateway serve --config" in done.stdout
    assert load_config(path, {}).settings.models[-1].target.context_window == 32768
    again = doctor(upstream.url, "--quick", "--write", str(path))
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert doctor(upstream.url, "--quick", "--write", str(path), "--force").returncode == 0


def test_a_file_that_could_not_be_written_is_told_before_anything_is_asked(doctor, upstream, tmp_path):
    (tmp_path / "file").write_text("")
    done = doctor(upstream.url, "--write", str(tmp_path / "file" / "gateway.yaml"))
    assert done.returncode == 1
    assert "cannot be written: Not a directory" in " ".join(done.stderr.replace("│", "").split())
    assert upstream.requests() == []


def test_what_was_found_is_shown_where_writing_fails_after_all(doctor, upstream, tmp_path):
    upstream.script(rules=[TOOLS], default=READY)
    done = doctor(upstream.url, "--quick", "--write", str(tmp_path / ("x" * 300)))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "File name too long" in " ".join(done.stderr.replace("│", "").split())
    assert "providers:" in done.stdout


async def test_a_server_without_a_model_that_chats_is_no_wrong_call(upstream, monkeypatch):
    async def identified(*_: object) -> DetectedServer:
        return DetectedServer(
            "Ollama", "ollama", upstream.url, "/api/tags", models=(DetectedModel("nomic", chat=False),)
        )

    monkeypatch.setattr(command, "identify", identified)
    wish = command.DoctorRequest(upstream.url, "", "", "", trials=QUICK, progress=lambda _: nullcontext())
    found = await command.run_probes(wish)
    assert isinstance(found, UnknownServer)
    assert found.reason == "Ollama answers, but has no model that can chat"


def test_one_without_tools_ends_with_1_and_is_written_all_the_same(doctor, upstream, tmp_path):
    upstream.script(default=READY)
    path = tmp_path / "gateway.yaml"
    done = doctor(upstream.url, "--quick", "--write", str(path))
    assert done.returncode == 1
    assert "claude --bare" in done.stdout
    assert load_config(path, {}).settings.models


def test_one_that_does_not_answer_is_not_written(doctor, upstream, tmp_path):
    upstream.script(default=Raw(status=500, chunks=('{"error": "out of memory"}',)))
    done = doctor(upstream.url, "--write", str(tmp_path / "g.yaml"))
    assert done.returncode == 1
    assert "out of memory" in done.stdout
    assert not (tmp_path / "g.yaml").exists()


def test_json_is_one_object(doctor, upstream):
    upstream.script(rules=[TOOLS], default=READY)
    said = json.loads(doctor(upstream.url, "--quick", "--json").stdout)
    assert said["overall"] == "usable"
    assert said["server"]["product"] == "Ollama"
    assert [one["name"] for one in said["findings"]] == ["answers", "streams", "usage", "tools"]
    assert "providers:" in said["yaml"]


def test_nobody_there_ends_with_1(doctor, unused_tcp_port):
    done = doctor(f"127.0.0.1:{unused_tcp_port}")
    assert done.returncode == 1
    assert done.stderr.strip().endswith("nothing listens there.")
    said = json.loads(doctor(f"127.0.0.1:{unused_tcp_port}", "--json").stdout)
    assert (said["overall"], said["reachable"]) == ("unusable", False)


def test_the_key_is_sent_and_written_as_its_variable_only(doctor, upstream):
    upstream.script(rules=[TOOLS], default=READY)
    done = doctor(upstream.url, "--quick", "--api-key-env", "MY_KEY", MY_KEY="hunter2-key")
    assert {one.headers["authorization"] for one in upstream.requests()} == {"Bearer hunter2-key"}
    assert "api_key: ${MY_KEY}" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--api-key-env", "NOT_SET_ANYWHERE"), "NOT_SET_ANYWHERE is not set"),
        (("--model", "scriptd"), "Did you mean 'scripted'?"),
        ((), "Missing argument"),
    ],
    ids=["key", "model", "url"],
)
def test_wrong_calls_end_with_2(doctor, upstream, arguments, words):
    done = doctor(*([upstream.url] if arguments else []), *arguments)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.replace("│", "").split())


@pytest.mark.parametrize("url", ["ftp://x", "http://user:hunter2@x", "http://x/?key=hunter2", "http:// x"])
def test_an_address_that_is_none_is_refused_without_being_shown(doctor, url):
    done = doctor(url)
    assert done.returncode == 2
    assert "hunter2" not in done.stderr


def test_progress_is_on_standard_error_without_control_characters(doctor, upstream):
    upstream.script(rules=[TOOLS], default=READY)
    done = doctor(upstream.url, "--quick")
    assert "offering it a tool" in done.stderr
    assert "offering it a tool" not in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
