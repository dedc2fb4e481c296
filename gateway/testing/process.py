"""A gateway as its own process, for tests with real sockets and real signals."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, Self

import httpx
from attrs import define, field

HOST = "127.0.0.1"
START_SECONDS = 60
LOG_SECONDS = 10


class GatewayDied(Exception):
    """The gateway exited, or did not answer `/health` in time; the message has its log."""


class ChildProcess(Protocol):
    """The members of `subprocess.Popen` that are used here."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


@define
class GatewayProcess:
    """`python -m gateway serve` on a free loopback port. Its output goes to `log`."""

    port: int
    log: Path
    _process: ChildProcess = field(repr=False)

    @classmethod
    def start(
        cls,
        config: Path,
        log: Path,
        *,
        arguments: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
    ) -> Self:
        """Returns once `/health` answers. Raises GatewayDied."""
        port = free_port()
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(config), "--port", str(port)]
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603
                [*command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environ or {})},
            )
        started = cls(port, log, process)
        started.wait_until_healthy()
        return started

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def read_log(self, since: int = 0) -> str:
        """The log from byte `since` on, with every line about requests answered before this call.

        A thread writes log lines in order: this sends a request to an unknown path and waits for its line.
        With several workers that holds for the one that answers it. Raises TimeoutError.
        """
        answer = httpx.get(f"{self.url}/read-log", trust_env=False, timeout=10)
        marker = answer.headers["request-id"]
        deadline = time.monotonic() + LOG_SECONDS
        while time.monotonic() < deadline:
            log = self.log.read_bytes()[since:].decode(errors="replace")
            if marker in log:
                return "".join(line for line in log.splitlines(keepends=True) if marker not in line)
            time.sleep(0.01)
        raise TimeoutError(f"{marker} was not logged within {LOG_SECONDS} s")

    def stop(self) -> int:
        """Terminate it, kill it after ten seconds; returns its exit status."""
        self._process.terminate()
        try:
            return self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait(10)

    def wait_until_healthy(self) -> None:
        """Returns once `/health` answers. Raises GatewayDied."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.alive:
            if self._healthy():
                return
            time.sleep(0.02)
        self.stop()
        raise GatewayDied(self.log.read_text(errors="replace"))

    def _healthy(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=2)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def free_port() -> int:
    """A port that was just free."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]
