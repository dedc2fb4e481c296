"""`gateway doctor` on a real llama.cpp server: what it says is so, and its file works."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.testing.process import GatewayProcess

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def examined(llama, tmp_path_factory) -> tuple[dict, Path]:
    """The findings, and the file that was written. `--deep`: a busy machine has time to read the prompts."""
    path = tmp_path_factory.mktemp("doctor") / "gateway.yaml"
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "doctor", llama(None).url, "--deep", "--json", "--write", path],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=800,
    )  # fmt: skip
    print(done.stderr)
    assert done.returncode == 1, "the template has no tools, and the window is small"
    return json.loads(done.stdout), path


def test_it_finds_out_what_the_server_is_and_can(examined):
    said, _ = examined
    assert said["server"]["product"] == "llama.cpp"
    assert said["overall"] == "limited"
    found = {one["name"]: one for one in said["findings"]}
    verdicts = {name: one["verdict"] for name, one in found.items()}
    assert {name: verdicts[name] for name in ("answers", "streams", "usage", "window", "prefix cache")} == {
        "answers": "yes", "streams": "yes", "usage": "yes", "window": "yes", "prefix cache": "yes",
    }  # fmt: skip
    assert verdicts["tools"] == "no"
    assert "--jinja" in found["tools"]["meaning"]
    assert verdicts["vision"] == "no"
    assert "exceeds the available context size (2048 tokens)" in found["window"]["evidence"]
    assert "tokens came from the cache" in found["prefix cache"]["evidence"]
    assert verdicts["cancellation"] in ("yes", "no"), "a loaded machine may notice late, but it says so"


def test_check_accepts_its_file_and_claude_code_works_with_it(examined, claude, one_sentence, tmp_path):
    _, path = examined
    check = [sys.executable, "-m", "gateway", "check", "--config", path]
    assert subprocess.run(check, check=False, timeout=60, stdout=subprocess.DEVNULL).returncode == 0
    gateway = GatewayProcess.start(
        path,
        tmp_path / "gateway.log",
    )
    try:
        client = claude(gateway, **one_sentence)
        outcome = client.run("--bare", "--tools", "", "--model", "my-local", "-p", "hello")
    finally:
        gateway.stop()
    assert outcome.code == 0
    assert re.search(r"\w", outcome.out)
