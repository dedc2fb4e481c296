"""A log whose reader stalls holds up nothing, and says afterwards what was lost."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest
import yaml

from gateway.telemetry.background import BackgroundStream
from gateway.testing.process import free_port


class Stalling(io.StringIO):
    """A reader that goes on only when told."""

    def __init__(self) -> None:
        super().__init__()
        self.going = threading.Event()

    def write(self, text: str) -> int:
        self.going.wait(10)
        return super().write(text)


def stream(out: io.StringIO, most: int = 100) -> tuple[BackgroundStream, list[int]]:
    lost: list[int] = []
    return BackgroundStream(out, lambda count: f"{count} lost\n", lambda: lost.append(1), most), lost


def test_lines_come_in_order_and_the_end_waits_for_them():
    out = io.StringIO()
    log, _ = stream(out, 10_000)
    for i in range(1000):
        log.write(f"{i}\n")
    assert log.finish(5)
    assert out.getvalue() == "".join(f"{i}\n" for i in range(1000))


def test_what_was_dropped_is_counted_and_said():
    out = Stalling()
    log, lost = stream(out, most=10)
    log.write("first\n")
    time.sleep(0.2)
    begun = time.monotonic()
    for i in range(100):
        log.write(f"{i}\n")
    assert time.monotonic() - begun < 1
    assert len(lost) == 90
    assert not log.finish(0.05)
    out.going.set()
    assert log.finish(5)
    assert out.getvalue() == "first\n" + "".join(f"{i}\n" for i in range(10)) + "90 lost\n"


def test_a_closed_log_ends_nothing():
    out = io.StringIO()
    log, _ = stream(out)
    out.close()
    log.write("lost\n")
    assert log.finish(5)


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("ascii", b"\\xe9 \\ud83d ok\n"),
        ("utf-8", b"\xc3\xa9 \\ud83d ok\n"),
        ("latin-1", b"\xe9 \\ud83d ok\n"),
    ],
)
def test_a_character_that_cannot_be_encoded_is_escaped(encoding: str, written: bytes):
    raw = io.BytesIO()
    log, lost = stream(io.TextIOWrapper(raw, encoding=encoding, newline="\n"))
    log.write("before\n")
    log.write("é \ud83d ok\n")
    log.write("after\n")
    assert log.finish(5)
    assert raw.getvalue() == b"before\n" + written + b"after\n"
    assert not lost


def test_lines_that_a_closed_log_does_not_take_are_counted():
    out = io.StringIO()
    log, lost = stream(out)
    out.close()
    log.write("one\n")
    log.write("two\n")
    assert log.finish(5)
    assert len(lost) == 2


def test_the_end_waits_for_lines_of_any_moment():
    out = io.StringIO()
    log, _ = stream(out, 10_000)
    for i in range(300):
        log.write(f"{i}\n")
        if i % 3:
            time.sleep(0.0003 * (i % 7))
        assert log.finish(5)
        assert out.getvalue().endswith(f"{i}\n")


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_last_lines_are_written_before_a_signal_ends_the_process(tmp_path, workers: int, number: int):
    file, port, log = tmp_path / "gateway.yaml", free_port(), tmp_path / "log"
    up = {"kind": "openai", "base_url": "http://127.0.0.1:9"}
    server = {"workers": workers}
    file.write_text(yaml.safe_dump({"server": server, "providers": {"up": up}, "models": {"*": "up/m"}}))
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(file), "--port", str(port)]
    with (
        log.open("wb") as out,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out) as process,
    ):
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as http:
            _until_healthy(http)
            while log.read_text().count("Application startup complete") < workers:
                time.sleep(0.05)
            assert http.get("/nowhere").status_code == 404
        process.send_signal(number)
        process.wait(20)
    written = log.read_text()
    assert "path=/nowhere" in written
    assert written.count("Application shutdown complete") >= workers
    assert written.count("Finished server process") == workers


def test_a_gateway_whose_log_nobody_reads_goes_on_answering(tmp_path):
    file, port = tmp_path / "gateway.yaml", free_port()
    up = {"kind": "openai", "base_url": "http://127.0.0.1:9"}
    file.write_text(yaml.safe_dump({"providers": {"up": up}, "models": {"*": "up/m"}}))
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(file), "--port", str(port)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=writing, stderr=writing) as process:
        os.close(writing)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as http:
                _until_healthy(http)
                for _ in range(1500):  # about 130 bytes each; a pipe holds 64 kB
                    assert http.get("/nowhere").status_code == 404
                assert http.get("/health").status_code == 200
                assert "gateway_log_lines_dropped_total" in http.get("/metrics").text
        finally:
            process.terminate()
            os.close(reading)


def _until_healthy(http: httpx.Client) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            http.get("/health")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError
