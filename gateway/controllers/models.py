"""`GET /v1/models` and `/v1/models/{id}`: the configured models, in a shape both kinds of SDK read.

Aliases come first, with their display names. Anthropic's fields come before `object`, `created` and
`owned_by`, which are OpenAI's.
"""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Controller, MediaType, Request, Response, get, head
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, QueryParameter

from gateway.controllers.auth import authenticate
from gateway.controllers.capabilities import capabilities
from gateway.controllers.paths import under_each_prefix
from gateway.controllers.service import service_of
from gateway.errors import Kind, RequestRefused
from gateway.routing.patterns import without_window_suffix
from gateway.routing.table import RouteTable
from gateway.runtime.runtime import Runtime

UNKNOWN_DATE = "1970-01-01T00:00:00Z"

LIFECYCLE = "active"
"""For all configured models."""

AnyRequest = Request[Any, Any, State]
Info = dict[str, object]


class ModelsController(Controller):
    @get(under_each_prefix("/models"))
    async def models(
        self,
        request: AnyRequest,
        limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 20,
        after_id: FromQuery[str | None] = None,
        before_id: FromQuery[str | None] = None,
        lifecycle: Annotated[list[str] | None, QueryParameter(name="lifecycle[]")] = None,
    ) -> Info:
        runtime = _authenticated(request)
        names = runtime.routes.names() if lifecycle is None or LIFECYCLE in lifecycle else ()
        infos = [_info(name, runtime.routes) for name in names]
        page, more = _page(infos, limit, after_id or None, before_id or None)
        return {
            "data": page,
            "has_more": more,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "object": "list",
        }

    @get(under_each_prefix("/models/{model_id:path}"))
    async def model(self, request: AnyRequest, model_id: FromPath[str]) -> Info:
        name = model_id.removeprefix("/")
        runtime = _authenticated(request)
        return _info(name, runtime.routes)

    @head(under_each_prefix("/models"))
    async def listed(self, request: AnyRequest) -> Response[None]:
        _authenticated(request)
        return Response(None, media_type=MediaType.TEXT)

    @head(under_each_prefix("/models/{model_id:path}"))
    async def exists(self, request: AnyRequest, model_id: FromPath[str]) -> Response[None]:
        _info(model_id.removeprefix("/"), _authenticated(request).routes)
        return Response(None, media_type=MediaType.TEXT)


def _authenticated(request: AnyRequest) -> Runtime:
    runtime = service_of(request.app).runtimes.current
    authenticate(request.headers, runtime.settings.server)
    return runtime


def _page(infos: list[Info], limit: int, after: str | None, before: str | None) -> tuple[list[Info], bool]:
    """Both cursors of the API: the `limit` models right after one id, or right before one."""
    ids = [info["id"] for info in infos]
    if after is not None:
        infos = infos[_position(ids, after) + 1 :]
    if before is not None:
        infos = infos[: _position(ids, before)]
        return infos[-limit:], len(infos) > limit
    return infos[:limit], len(infos) > limit


def _position(ids: list[object], wanted: str) -> int:
    if wanted not in ids:
        raise RequestRefused(f"model: {wanted} is not in the list", Kind.NOT_FOUND)
    return ids.index(wanted)


def _info(name: str, table: RouteTable) -> Info:
    """What is known of the first target of a typical request for this name."""
    target = table.named(name).targets[0]
    return {
        "id": name,
        "type": "model",
        "display_name": table.aliases.get(without_window_suffix(name), name),
        "created_at": UNKNOWN_DATE,
        "lifecycle": LIFECYCLE,
        "deprecated_at": None,
        "retires_at": None,
        "line": _line(name),
        "max_input_tokens": target.context_window,
        "max_tokens": target.max_output_tokens,
        "capabilities": capabilities(target),
        "allowed_fallback_models": None,
        "object": "model",
        "created": 0,
        "owned_by": target.provider,
    }


def _line(name: str) -> str | None:
    return next((line for line in ("haiku", "sonnet", "opus", "fable", "mythos") if line in name), None)
