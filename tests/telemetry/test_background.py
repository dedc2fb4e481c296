"""A log whose reader stalls holds up nothing, and says afterwards what was lost."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time

import httpx
import yaml

from gateway.telemetry.background import BackgroundStream
from gateway.testing.process import GatewayProcess, free_port


class Stalling(io.StringIO):
    """A reader that goes on only when told."""

    def __init__(self) -> None:
        super().__init__()
        self.going = threading.Event()

    def write(self, text: str) -> int:
        self.going.wait(10)
        return super().write(text)


def stream(out: io.TextIOBase, most: int = 100) -> tuple[BackgroundStream, list[int]]:
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


def test_the_last_lines_are_written_before_a_signal_ends_the_process(tmp_path):
    config = tmp_path / "gateway.yaml"
    up = {"kind": "openai", "base_url": "http://127.0.0.1:9"}
    config.write_text(yaml.safe_dump({"providers": {"up": up}, "models": {"*": "up/m"}}))
    for _ in range(3):
        gateway = GatewayProcess.start(config, tmp_path / "log")
        before = gateway.log.stat().st_size
        httpx.get(f"{gateway.url}/nowhere", trust_env=False)
        gateway.stop()
        log = gateway.log.read_bytes()[before:].decode()
        assert "path=/nowhere" in log
        assert "Finished server process" in log


def test_letters_that_the_log_cannot_hold_are_written_as_numbers():
    raw = io.BytesIO()
    log, _ = stream(io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    log.write("na\u00efve\n")
    assert log.finish(5)
    assert raw.getvalue() == b"na\\xefve\n"
