"""What a request's own context knows of its connection, told by aiohttp as it happens."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

import aiohttp

reused: ContextVar[bool] = ContextVar("reused", default=False)
"""Whether it came from the pool: the server may have closed it meanwhile."""
connected: ContextVar[asyncio.Event | None] = ContextVar("connected", default=None)
"""Set once there is one, with TLS where the address says so."""


def trace() -> aiohttp.TraceConfig:
    config = aiohttp.TraceConfig()

    async def from_the_pool(*_: object) -> None:
        _ready(from_pool=True)

    async def created(*_: object) -> None:
        _ready(from_pool=False)

    config.on_connection_reuseconn.append(from_the_pool)
    config.on_connection_create_end.append(created)
    return config


def _ready(*, from_pool: bool) -> None:
    reused.set(from_pool)
    if event := connected.get():
        event.set()
