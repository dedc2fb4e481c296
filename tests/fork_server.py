"""Gateway processes that are forked from one that has imported everything: they start in a tenth of the time.

    python tests/fork_server.py

reads one JSON order a line from stdin, `{"serve": ["--config", ...], "log": path}` or `{"poll": pid}`, and
writes one JSON reply a line to stdout, `{"pid": n}` or `{"status": n}` (null: it runs). A forked gateway is
`gateway serve` with its own file, port and log. The command line's tests start `python -m gateway serve`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn, Self

from attrs import define, field

from gateway.testing.process import GatewayProcess, free_port


@define
class ForkedProcess:
    """A child of the fork server, with the members of `subprocess.Popen` that `GatewayProcess` uses."""

    pid: int
    _server: ForkServer = field(repr=False)
    _status: int | None = None

    def poll(self) -> int | None:
        if self._status is None:
            self._status = self._server.order(poll=self.pid)["status"]
        return self._status

    def wait(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("gateway serve", timeout)
            time.sleep(0.005)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@define
class ForkServer:
    _process: subprocess.Popen[str]

    @classmethod
    def start(cls) -> Self:
        return cls(
            subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parents[1],
            )
        )

    def serve(self, config: Path, log: Path) -> GatewayProcess:
        """Returns once `/health` answers. Raises GatewayDied."""
        port = free_port()
        pid = self.order(serve=["--config", str(config), "--port", str(port)], log=str(log))["pid"]
        gateway = GatewayProcess(port, log, ForkedProcess(pid, self))
        gateway.wait_until_healthy()
        return gateway

    def order(self, **order: object) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def stop(self) -> None:
        """Stop it and its gateways."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process.wait(30)


def main() -> None:
    import_everything()
    gc.freeze()
    statuses: dict[int, int | None] = {}
    for line in sys.stdin:
        order = json.loads(line)
        if pid := order.get("poll"):
            statuses[pid] = statuses[pid] if statuses[pid] is not None else status_of(pid)
            reply = {"status": statuses[pid]}
        elif pid := os.fork():
            statuses[pid] = None
            reply = {"pid": pid}
        else:
            serve(order["serve"], order["log"])
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()
    stop([pid for pid, status in statuses.items() if status is None])


def stop(running: list[int]) -> None:
    """Terminate gateways, and kill after ten seconds those that are left."""
    for number, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        for pid in running:
            os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while running and time.monotonic() < deadline:
            running = [pid for pid in running if status_of(pid) is None]
            time.sleep(0.01)


def import_everything() -> None:
    """Whatever a gateway may import while it starts."""
    import gateway

    for module in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ("uvicorn.lifespan.on", "uvicorn.loops.auto", "uvicorn.protocols.http.httptools_impl"):
        importlib.import_module(name)


def status_of(pid: int) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def serve(arguments: list[str], log: str) -> NoReturn:
    """Become `gateway serve`. Never returns to the loop over orders."""
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for ours, standard in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(ours, standard)
    from gateway.cli import main as gateway

    sys.argv = ["gateway", "serve", *arguments]
    gateway()
    raise SystemExit(0)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
