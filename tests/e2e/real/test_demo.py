"""`gateway demo`, as a new user runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

GATEWAY = (sys.executable, "-m", "gateway")
SECONDS = 240


@pytest.fixture
def demo(cache: Path, tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[bytes], Path]]]:
    """`demo("--port", "0")`: the running command and the file with what it says."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[bytes], Path]:
        said = tmp_path / "said.txt"
        with said.open("wb") as output:
            process = subprocess.Popen(
                [*GATEWAY, "demo", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "GATEWAY_CACHE": str(cache)},
            )
        processes.append(process)
        return process, said

    yield start
    for process in processes:
        process.kill()
        process.wait()


def until(said: Path, pattern: str, process: subprocess.Popen[bytes]) -> re.Match[str]:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        found = re.search(pattern, said.read_text(), re.MULTILINE)
        if found:
            return found
        assert process.poll() is None, said.read_text()
        time.sleep(0.05)
    pytest.fail(f"{pattern} was not said:\n{said.read_text()}")


def test_the_line_it_prints_is_answered(demo, claude_executable: Path, tmp_path: Path):
    """By a model that rambles where it can, and a client that asks it to go on at each limit."""
    process, said = demo("--port", "0")
    line = until(said, r"^ +bash +(.*)$", process)[1]
    until(said, r"toy", process)
    binaries, home = tmp_path / "bin", tmp_path / "home"
    binaries.mkdir()
    home.mkdir()
    (binaries / "claude").symlink_to(claude_executable)
    environ = {"HOME": str(home), "PATH": f"{binaries}:/usr/local/bin:/usr/bin:/bin", "TERM": "xterm"}
    for number in range(3):
        folder = tmp_path / f"folder-{number}"
        folder.mkdir()
        done = subprocess.run(
            ["bash", "-c", line], cwd=folder, env=environ, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stdout.strip()) == (0, "The capital of France is Paris.")


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] == "Z"


def wait_until(true: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not true():
        time.sleep(0.05)
    return true()


def test_once_ends_with_a_streamed_answer(demo):
    process, said = demo("--once", "--port", "0")
    assert process.wait(SECONDS) == 0
    text = said.read_text()
    assert re.search(r"^  > .*\n  \S.*blue", text, re.MULTILINE), text
    assert re.search(r"\d+ tokens, the first after", text)
    assert "status=" not in text, "a log line came into the answer"
    assert "\x1b" not in text


def test_claude_code_answers_by_the_line_that_the_demo_prints(
    demo, claude_executable, one_sentence, tmp_path
):
    process, said = demo("--port", "0")
    line = until(said, r"^ +bash +(ANTHROPIC.*)$", process)[1]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "claude").symlink_to(claude_executable)
    user = {"HOME": str(tmp_path), "PATH": f"{tmp_path}/bin:/usr/local/bin:/usr/bin:/bin", "TERM": "xterm"}
    done = subprocess.run(
        ["bash", "-c", line],
        check=False,
        env={**user, **one_sentence, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr + said.read_text()
    assert re.search(r"\w", done.stdout)


def test_ctrl_c_ends_both_servers(demo):
    process, said = demo("--port", "0")
    url = until(said, r"^  the gateway serves it at (\S+),", process)[1]
    until(said, "Ctrl-C ends both", process)
    (llama,) = children(process.pid)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert gone(llama)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health")
    assert "Traceback" not in said.read_text()


@pytest.mark.parametrize("moment", ["Loading", "Ctrl-C ends both"], ids=["loading", "serving"])
def test_nothing_outlives_a_killed_demo(demo, moment):
    process, said = demo("--port", "0")
    until(said, moment, process)
    assert wait_until(lambda: bool(children(process.pid)))
    (llama,) = children(process.pid)
    process.kill()
    process.wait()
    assert wait_until(lambda: gone(llama))


def test_terminated_demo_ends_its_server(demo):
    process, said = demo("--port", "0")
    until(said, "Ctrl-C ends both", process)
    (llama,) = children(process.pid)
    process.terminate()
    assert process.wait(10) != 0
    assert gone(llama)


def test_file_that_is_no_model_is_reported(demo, tmp_path):
    (tmp_path / "notes.gguf").write_text("These are my notes.")
    process, said = demo("--once", "--model", str(tmp_path / "notes.gguf"))
    assert process.wait(SECONDS) == 1
    assert "The llama.cpp server ended while loading the model (status 1)" in said.read_text()
    assert "invalid magic" in said.read_text()
    assert "Traceback" not in said.read_text()
