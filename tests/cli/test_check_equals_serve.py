"""Whatever `serve` refuses, `check` refuses in the same words, with the same exit code."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

UP = {"kind": "openai", "base_url": "http://127.0.0.1:8000"}
FAR = {"kind": "openai", "base_url": "https://example.invalid"}
REST = {"models": {"*": "up/m"}}


def gateway(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments], cwd=folder, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"providers": {"up": {**FAR, "ca_file": "rubbish.pem"}}}, "cannot read its TLS files"),
        ({"providers": {"up": {**FAR, "client_cert": "rubbish.pem"}}}, "cannot read its TLS files"),
        ({"providers": {"up": {**FAR, "ca_file": "missing.pem"}}}, "missing.pem"),
        ({"providers": {"up": {**UP, "record": "nowhere/replies.yaml"}}}, "nowhere"),
        ({"providers": {"up": {"kind": "scripted", "script": "missing.yaml"}}}, "missing.yaml"),
        ({"providers": {"up": {"kind": "scripted", "requests": "nowhere/requests.jsonl"}}}, "nowhere"),
        ({"providers": {"up": UP}, "server": {"host": "192.0.2.1", "keys": ["k" * 16]}}, "cannot listen on"),
        ({"providers": {"up": UP}, "server": {"host": "no-such.invalid", "keys": ["k" * 16]}}, "no-such"),
        ({"providers": {"up": UP}, "server": {"host": "0.0.0.0"}}, "keys"),
    ],
    ids=["ca_file", "client_cert", "no ca_file", "record", "script", "requests", "address", "host", "open"],
)
def test_what_serve_refuses_check_refuses(tmp_path, config, words):
    (tmp_path / "rubbish.pem").write_text("-----BEGIN RUBBISH-----\n")
    (tmp_path / "gateway.yaml").write_text(yaml.safe_dump({**REST, **config}))
    served, checked = gateway("serve", folder=tmp_path), gateway("check", folder=tmp_path)
    assert words in served.stderr
    assert "Traceback" not in served.stderr + checked.stderr
    assert (checked.returncode, checked.stderr.split()) == (served.returncode, served.stderr.split())
    assert served.returncode == 1
    said = json.loads(gateway("check", "--json", folder=tmp_path).stdout)
    assert said["ok"] is False
    assert words in said["message"]


def test_nothing_is_left_behind_by_a_check(tmp_path):
    up = {**UP, "record": "replies.yaml"}
    two = {"kind": "scripted", "requests": "requests.jsonl", "replies": [{"text": "x"}]}
    (tmp_path / "gateway.yaml").write_text(yaml.safe_dump({**REST, "providers": {"up": up, "two": two}}))
    done = gateway("check", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Unclosed" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.yaml"]


def test_a_port_that_is_taken_is_served_by_none_and_valid_for_check(tmp_path):
    """`check` of what is being served must not fail."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = {**REST, "providers": {"up": UP}, "server": {"port": port}}
        (tmp_path / "gateway.yaml").write_text(yaml.safe_dump(config))
        assert gateway("check", folder=tmp_path).returncode == 0
        done = gateway("serve", folder=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(f"cannot listen on 127.0.0.1, port {port}: Address already in use. `gateway")
    assert re.search(r"`gateway serve --port \d+` takes a free one", line)
    assert not done.stdout
