"""One serving process: alone with its own socket, or one of several on their parent's socket.

The parent starts `python -m gateway.workers.worker` and writes `WorkerOrders` to its stdin. When stdin ends,
the parent has exited, and the worker stops: no process is left behind.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import socket
import sys
import threading
from collections.abc import Generator, Sequence
from pathlib import Path

import uvicorn
from attrs import evolve, frozen
from litestar import Litestar

from gateway.app import create_app
from gateway.controllers.service import ALONE, WorkerIdentity, service_of
from gateway.runtime.source import SettingsSource
from gateway.settings.loading.load import LoadedConfig, load_config
from gateway.telemetry import configure_logging, finish_writing, log_in_background
from gateway.workers.http_protocol import protocol_class

KEEP_ALIVE = 75
"""Seconds an idle client connection is kept: longer than clients keep theirs, so that none is closed in
use."""
SWITCH = 0.002
"""Seconds after which a thread that prepares a heavy request yields to the event loop."""
COLLECTIONS = (5_000, 10, 100)
"""Thresholds of the garbage collector. By default it examines all objects every few thousand allocations,
which for a request of 4 MB takes 100 ms at a time and blocks all streams."""
GRACE = 20
"""Seconds that running answers are given when the gateway is stopped."""


@frozen
class WorkerOptions:
    """The command line's options: enough to read the configuration at any time."""

    config: Path | None = None
    host: str | None = None
    port: int | None = None
    allow_unauthenticated: bool = False

    def load(self) -> LoadedConfig:
        return load_config(
            self.config,
            os.environ,
            host=self.host,
            port=self.port,
            allow_unauthenticated=self.allow_unauthenticated,
        )

    def source(self, loaded: LoadedConfig) -> SettingsSource:
        """Reads the same file again, even if the search would now find another one first."""
        again = evolve(self, config=loaded.path or self.config)
        return SettingsSource(loaded, again.load, self.allow_unauthenticated)


@frozen
class WorkerOrders:
    """A worker's start parameters from its parent."""

    options: WorkerOptions
    loaded: LoadedConfig
    """The configuration to start with: the file may be invalid by now."""
    worker: WorkerIdentity
    sockets: tuple[int, ...]
    """The descriptors of the sockets to listen on."""


class GatewayServer(uvicorn.Server):
    """Writes the last log lines before a signal ends the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """uvicorn raises received signals again when this ends: SIGTERM ends the process immediately."""
        with super().capture_signals():
            try:
                yield
            finally:
                finish_writing()


def serve_worker(
    source: SettingsSource, worker: WorkerIdentity = ALONE, sockets: Sequence[socket.socket] | None = None
) -> None:
    """Blocks until SIGINT or SIGTERM. Raises ConfigError if the settings name files that cannot be used."""
    settings = source.loaded.settings
    config = server_for(create_app(settings, source, worker), settings.server.host, settings.server.port)
    sys.setswitchinterval(SWITCH)
    # Objects that exist now stay. A collection that examined them all would block every stream for a while.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)
    with contextlib.suppress(KeyboardInterrupt):
        GatewayServer(config).run(list(sockets) if sockets else None)


def server_for(app: Litestar, host: str, port: int, grace: int = GRACE) -> uvicorn.Config:
    """The uvicorn configuration for an application of `create_app`. `grace`: seconds for running answers at
    the end."""
    runtimes = service_of(app).runtimes
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=protocol_class(lambda: runtimes.current.settings.server),
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=grace,
    )


def main() -> None:
    orders: WorkerOrders = pickle.load(sys.stdin.buffer)  # noqa: S301  what our own parent wrote
    threading.Thread(target=_end_with_parent, daemon=True).start()
    server = orders.loaded.settings.server
    log_in_background()
    configure_logging(server.log_level, server.log_format)
    sockets = [socket.socket(fileno=descriptor) for descriptor in orders.sockets]
    serve_worker(orders.options.source(orders.loaded), orders.worker, sockets)


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
