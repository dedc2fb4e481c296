"""`create_app`: settings -> the ASGI application. All wiring is done here."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import msgspec
import structlog
from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin

from gateway.controllers.admin import AdminController
from gateway.controllers.health import HealthController
from gateway.controllers.messages import MessagesController
from gateway.controllers.models import ModelsController
from gateway.controllers.origin import origin_guard
from gateway.controllers.paths import PREFIXES
from gateway.controllers.refusals import ANSWERED
from gateway.controllers.service import ALONE, Service, WorkerIdentity
from gateway.errors import GatewayError, Kind, RequestRefused
from gateway.exchange.response import error_headers, error_json
from gateway.ids import new_id
from gateway.runtime.reload import Reloader, reloading
from gateway.runtime.runtime import Runtime, RuntimeRef
from gateway.runtime.source import SettingsSource
from gateway.settings.models import Settings
from gateway.telemetry import RequestRecord, emit
from gateway.tokens import TokenCounter

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

AnyRequest = Request[Any, Any, State]

ENDPOINTS = (
    "POST /v1/messages, POST /v1/messages/count_tokens, GET /v1/models, GET /health, GET /ready, GET /metrics"
)
BATCHES = tuple(f"{prefix}/messages/batches" for prefix in PREFIXES)


class Application(Litestar):
    """Litestar without its default plugins.

    One of them imports pydantic whenever it is installed (an SDK may bring it): 9 MB and a tenth of a second
    for something that no handler here uses.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def create_app(
    settings: Settings, source: SettingsSource | None = None, worker: WorkerIdentity = ALONE
) -> Litestar:
    """Build the application. Raises ConfigError if the settings name files that cannot be used.

    With a `source`, the settings are reloaded whenever they change.
    """
    runtimes = RuntimeRef.holding(Runtime.build(settings))
    reloader = Reloader(runtimes, source, worker.number) if source else None
    service = Service(runtimes, TokenCounter(), worker=worker, reloader=reloader)
    return Application(
        route_handlers=[MessagesController, ModelsController, HealthController, AdminController],
        state=State({"service": service}),
        lifespan=[_serving],
        middleware=[origin_guard],
        after_request=_identified,
        exception_handlers={GatewayError: _refused, HTTPException: _routed, Exception: _crashed},
        openapi_config=None,
        logging_config=None,
    )


@asynccontextmanager
async def _serving(app: Litestar) -> AsyncGenerator[None]:
    service: Service = app.state.service
    try:
        async with reloading(service.reloader) if service.reloader else nullcontext():
            yield
    finally:
        await service.close()


async def _identified(response: Response[Any]) -> Response[Any]:
    response.headers.setdefault("request-id", new_id("req_"))
    return response


def _refused(request: AnyRequest, error: GatewayError) -> Response[bytes]:
    request_id = new_id("req_")
    record = RequestRecord(
        request_id,
        method=request.method,
        path=request.url.path,
        status=error.answer.status,
        error=error.kind,
        why=error.why,
    )
    if ANSWERED not in request.scope:
        emit(record)
    headers = {name.decode(): value.decode() for name, value in error_headers(error)}
    return Response(
        error_json(error, request_id),
        status_code=error.answer.status,
        headers=headers | {"request-id": request_id},
        media_type="application/json",
    )


def _routed(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Convert the framework's own errors: unknown path, wrong method, parameter of the wrong type."""
    where = f"{request.method} {request.url.path}"
    match error.status_code:
        case 404 if request.url.path.startswith(BATCHES):
            message = f"message batches are not enabled on this gateway; it has {ENDPOINTS}"
            refused = RequestRefused(message, Kind.NOT_FOUND)
        case 404:
            message = f"there is no {where} here; this gateway has {ENDPOINTS}"
            refused = RequestRefused(message, Kind.NOT_FOUND)
        case 405:
            refused = RequestRefused(f"{where} is not allowed", Kind.METHOD_NOT_ALLOWED)
        case status if status < 500:
            refused = RequestRefused(_words(error))
        case _:
            return _crashed(request, error)
    return _refused(request, refused)


def _crashed(request: AnyRequest, error: Exception) -> Response[bytes]:
    log.error("a request failed in the gateway", path=request.url.path, exc_info=error)
    return _refused(request, GatewayError(Kind.INTERNAL, "the gateway failed; its log says more"))


def _words(error: HTTPException) -> str:
    extra = msgspec.json.encode(error.extra).decode() if error.extra else ""
    return f"{error.detail} {extra}".strip()
