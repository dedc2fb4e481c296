"""`/health`, `/ready`, `/metrics`, and quick answers to what clients probe before their first request."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from attrs import define
from litestar import Controller, MediaType, Request, Response, get, head
from litestar.datastructures import State

from gateway.controllers.auth import authenticate
from gateway.controllers.service import service_of
from gateway.errors import RequestRefused
from gateway.runtime.runtime import Runtime
from gateway.telemetry import CONTENT_TYPE, metrics

PROBE_TIMEOUT = 3.0
"""Seconds one provider is given to answer a probe."""
PROBE_AGE = 5.0
"""Seconds for which the result of the last probes is reused."""

AnyRequest = Request[Any, Any, State]


@define
class _Probed:
    generation: int = 0
    when: float = 0.0
    providers: dict[str, str | None] | None = None


_last = _Probed()


class HealthController(Controller):
    @get("/health")
    async def health(self) -> dict[str, str]:
        return {"status": "ok"}

    @get("/ready")
    async def ready(self, request: AnyRequest) -> dict[str, object]:
        """The process, its configuration, and whether each provider is reachable. If keys are configured, a
        request without one only gets the status."""
        service = service_of(request.app)
        async with service.runtimes.lease() as runtime:
            try:
                authenticate(request.headers, runtime.settings.server)
            except RequestRefused:
                return {"status": "ready"}
            faults = await _probe(runtime)
        providers = {
            name: {"reachable": fault is None} | ({} if fault is None else {"error": fault})
            for name, fault in faults.items()
        }
        return {"status": "ready", **service.identity(), "providers": providers}

    @get("/metrics")
    async def metrics(self, request: AnyRequest) -> Response[bytes]:
        authenticate(request.headers, service_of(request.app).runtimes.current.settings.server)
        return Response(metrics(), media_type=CONTENT_TYPE)

    @head(["/", "/api/hello", "/health"])
    async def probe(self) -> Response[None]:
        """Claude Code warms its connection up with the first two."""
        return Response(None, media_type=MediaType.TEXT)

    @get(["/", "/api/hello"], media_type=MediaType.TEXT)
    async def hello(self) -> str:
        return "This is a Messages API gateway. Clients use its address as ANTHROPIC_BASE_URL.\n"


async def _probe(runtime: Runtime) -> dict[str, str | None]:
    now = time.monotonic()
    if _last.providers is None or _last.generation != runtime.generation or now - _last.when > PROBE_AGE:
        names = list(runtime.adapters)
        faults = await asyncio.gather(*(_fault(runtime, name) for name in names))
        _last.generation, _last.when = runtime.generation, now
        _last.providers = dict(zip(names, faults, strict=True))
    return _last.providers


async def _fault(runtime: Runtime, name: str) -> str | None:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            return await runtime.adapters[name].probe()
    except TimeoutError:
        return f"no answer within {PROBE_TIMEOUT:g} s"
