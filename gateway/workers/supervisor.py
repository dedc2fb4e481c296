"""Several workers on one port: started, restarted when they exit, and stopped with their parent.

Rules:
- The parent binds the socket once and serves nothing itself.
- A worker that exits unasked is restarted, the first time at once, then with increasing pauses
  (`FIRST_PAUSE`, `LONGEST_PAUSE`).
- It starts with the newest valid configuration, even while the file is invalid: the parent reads every edit,
  as each worker does.
- SIGTERM and SIGINT stop the workers, which finish their answers; SIGHUP is forwarded to all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Generator
from contextlib import aclosing

import structlog
from attrs import Factory, define, evolve

from gateway.controllers.service import WorkerIdentity
from gateway.errors import ConfigError
from gateway.runtime.runtime import Runtime
from gateway.runtime.source import SettingsSource
from gateway.runtime.watch import edits
from gateway.settings.loading.load import LoadedConfig
from gateway.settings.models import Settings
from gateway.telemetry.metrics import WORKERS_FOLDER, forget
from gateway.workers.worker import GRACE, WorkerOptions, WorkerOrders

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 30.0
"""Seconds before an exited worker is restarted: doubled each time, from the first value to the second."""
STEADY = 30.0
"""Seconds after which a worker counts as stable: the pauses start again."""
PATIENCE = GRACE + 5.0
"""Seconds that workers are given to stop before they are killed."""

Process = asyncio.subprocess.Process
log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@define
class Supervisor:
    """`run` it once."""

    _options: WorkerOptions
    _loaded: LoadedConfig
    """The newest valid configuration."""
    _sockets: list[socket.socket]
    _folder: str
    """Where the workers store their metrics."""
    _processes: dict[int, Process] = Factory(dict[int, Process])
    _stopping: asyncio.Event = Factory(asyncio.Event)

    async def run(self) -> None:
        count = self._loaded.settings.server.workers
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._signal_all, signal.SIGHUP)
        keeping = [loop.create_task(self._keep(number, count)) for number in range(1, count + 1)]
        following = loop.create_task(self._follow())
        await self._stopping.wait()
        following.cancel()
        for one in self._sockets:
            one.close()
        self._signal_all(signal.SIGTERM)
        _, late = await asyncio.wait(keeping, timeout=PATIENCE)
        if late:
            log.error("workers that did not end in time are killed", count=len(late))
            self._signal_all(signal.SIGKILL)
            await asyncio.wait(late)

    async def _keep(self, number: int, count: int) -> None:
        """Keep this worker running until everything stops."""
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            start = loop.time()
            process = await self._start(WorkerIdentity(number, count, os.getpid()))
            status = await process.wait()
            forget(self._folder, process.pid)
            if self._stopping.is_set():
                return
            if loop.time() - start > STEADY:
                pause = FIRST_PAUSE
            log.error("a worker ended", worker=number, pid=process.pid, status=status, again_in=f"{pause:g}s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _start(self, worker: WorkerIdentity) -> Process:
        descriptors = tuple(one.fileno() for one in self._sockets)
        orders = WorkerOrders(self._options, self._loaded, worker, descriptors)
        with _hangup_held():
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "gateway.workers.worker",
                stdin=asyncio.subprocess.PIPE,
                pass_fds=descriptors,
                env={**os.environ, WORKERS_FOLDER: self._folder},
            )
        self._processes[worker.number] = process
        if process.stdin is not None:
            with contextlib.suppress(ConnectionError):  # it has already exited
                process.stdin.write(pickle.dumps(orders))
                await process.stdin.drain()
        if self._stopping.is_set():
            process.terminate()
        return process

    async def _follow(self) -> None:
        """Read every valid edit, for workers that start later."""
        source = self._options.source(self._loaded)
        async with aclosing(edits(lambda: source.files)) as signs:
            async for _ in signs:
                with contextlib.suppress(ConfigError):  # the workers report the error
                    await asyncio.to_thread(self._take, source)

    def _take(self, source: SettingsSource) -> None:
        reading = source.read(self._loaded.settings)
        Runtime.build(reading.settings)
        source.settle(reading)
        self._loaded = evolve(reading.loaded, settings=reading.settings)

    def _signal_all(self, number: int) -> None:
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)


def check_startable(settings: Settings) -> None:
    """Raises ConfigError if the settings are valid, but no process could serve with them."""
    if settings.server.workers > 1 and not hasattr(signal, "SIGHUP"):
        raise ConfigError("server.workers: several workers need a Unix; here only 1 can serve")
    Runtime.build(settings)


def supervise(options: WorkerOptions, loaded: LoadedConfig, sockets: list[socket.socket]) -> None:
    """Serve with the configured number of workers. Blocks until SIGINT or SIGTERM. Raises ConfigError."""
    server = loaded.settings.server
    folder = _folder()
    try:
        for one in sockets:
            host, port = one.getsockname()[:2]
            log.info("listening", address=host, port=port, workers=server.workers)
        asyncio.run(Supervisor(options, loaded, sockets, folder).run())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder() -> str:
    try:
        return tempfile.mkdtemp(prefix="gateway-metrics.")
    except OSError as error:
        message = f"server.workers: several workers need a folder for their metrics: {error.strerror}"
        raise ConfigError(message) from error


@contextlib.contextmanager
def _hangup_held() -> Generator[None]:
    """A process started inside the block is not killed by a SIGHUP before it can handle one."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
