"""A llama.cpp server as a child process on a free loopback port.

Rules:
- `running_server(...)` yields only when the model answers, and stops the child at its end.
- The child never outlives this process: it watches the pipe from it (see child.py).
- A child that dies while starting is reported with the last lines of its log, and an explanation if the cause
  is known (`test_file_that_is_no_model_is_reported`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path

from attrs import frozen

from gateway.llamacpp import CannotRun

_CHILD = Path(__file__).with_name("child.py")
_POLL = 0.05
_LAST_LINES = 8


@frozen
class LlamaServerOptions:
    """`context`: the tokens of one slot; 0 takes the length that the model was trained for."""

    packages: Path
    """The folder of the installed server wheel."""
    model: Path
    alias: str
    context: int
    slots: int = 1
    threads: int = max(1, min((os.cpu_count() or 2) - 1, 8))
    """One core is left free: threads that wait for each other are slow on busy cores."""
    temperature: float | None = None
    """For requests that set none; None: llama.cpp's own, which is high for a small model."""
    template: Path | None = None
    """A Jinja chat template in place of the model's own."""
    port: int = 0
    """0: any free one."""


@frozen
class LlamaServer:
    url: str
    """Without `/v1`."""
    pid: int
    log: Path


def _nothing() -> None:
    """For callers that show no progress."""


@contextlib.contextmanager
def running_server(
    options: LlamaServerOptions, log: Path, *, patience: float = 300.0, on_wait: Callable[[], None] = _nothing
) -> Generator[LlamaServer]:
    """Start, wait until the model is loaded (calling `on_wait` meanwhile), stop. Raises CannotRun."""
    with tempfile.TemporaryDirectory(prefix="llama-", ignore_cleanup_errors=True) as place:
        announced = Path(place) / "address"
        process = _start(options, announced, log)
        try:
            url = _address(process, announced, log, time.monotonic() + patience, on_wait)
            yield LlamaServer(url, process.pid, log)
        finally:
            _stop(process)


def _start(options: LlamaServerOptions, announced: Path, log: Path) -> subprocess.Popen[bytes]:
    arguments = {
        "--packages": options.packages,
        "--model": options.model,
        "--alias": options.alias,
        "--announce": announced,
        "--port": options.port,
        "--context": options.context,
        "--slots": options.slots,
        "--threads": options.threads,
        "--temperature": options.temperature,
        "--template": options.template,
    }
    flags = (str(word) for pair in arguments.items() if pair[1] is not None for word in pair)
    command = [sys.executable, "-I", str(_CHILD), *flags]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output)  # noqa: S603


def _address(
    process: subprocess.Popen[bytes], announced: Path, log: Path, deadline: float, on_wait: Callable[[], None]
) -> str:
    while not announced.exists():
        if process.poll() is not None:
            raise CannotRun(exit_reason(process.returncode, log))
        if time.monotonic() > deadline:
            raise CannotRun(f"The llama.cpp server did not load the model in time. Its log: {log}")
        on_wait()
        time.sleep(_POLL)
    return announced.read_text(encoding="utf-8")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def exit_reason(status: int, log: Path) -> str:
    """Why the child died, for a user."""
    if status == -getattr(signal, "SIGILL", 0):
        return "This processor lacks an instruction that the prebuilt llama.cpp server needs (AVX2 or FMA)."
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-_LAST_LINES:]
    last = "\n".join(f"    {line}" for line in lines)
    return f"The llama.cpp server ended while loading the model (status {status}):\n{last}"
