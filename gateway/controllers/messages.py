"""`POST /v1/messages` and `/v1/messages/count_tokens`.

Both are raw ASGI handlers: a typed handler with a streaming response costs four times as much as the rest of
the framework. A raw handler gets every method, so it answers 405 itself.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import cast

import msgspec
from attrs import evolve
from litestar import Controller, asgi
from litestar.types import HTTPScope, Receive, Scope, Send

from gateway.anthropic.request.validation import validate
from gateway.controllers import refusals
from gateway.controllers.asgi import AsgiConnection, read_inbound
from gateway.controllers.body import BodyReservation, ClientLeft
from gateway.controllers.paths import canonical, under_each_prefix
from gateway.controllers.service import Service, service_in
from gateway.emulation.emulate import apply_context_edits
from gateway.errors import GatewayError, Kind, RequestRefused
from gateway.exchange.exchange import CLIENT_CLOSED, Exchange
from gateway.ids import new_id
from gateway.inbound import Inbound
from gateway.offload import run
from gateway.runtime.runtime import Runtime
from gateway.telemetry import RequestRecord, emit, in_flight
from gateway.upstreams.base import Target
from gateway.upstreams.token_prompt import TokenCount

COUNT_PATH = "/v1/messages/count_tokens"


AsgiAnswer = Callable[[Service, Runtime, Inbound, AsgiConnection], Awaitable[RequestRecord]]


class MessagesController(Controller):
    @asgi(under_each_prefix("/messages"), copy_scope=False)
    async def messages(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _serve(scope, AsgiConnection(receive, send), _exchange)

    @asgi(under_each_prefix("/messages/count_tokens"), copy_scope=False)
    async def count_tokens(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _serve(scope, AsgiConnection(receive, send), _count)


async def _serve(any_scope: Scope, peer: AsgiConnection, answer: AsgiAnswer) -> None:
    """Read a request, answer it and record it, also if it is refused."""
    scope = cast("HTTPScope", any_scope)
    request_id, start = new_id("req_"), time.monotonic()
    service = service_in(scope)
    inbound: Inbound | None = None
    with in_flight(), BodyReservation(service.bodies) as hold:
        try:
            _post_only(scope)
            async with service.runtimes.lease() as runtime:
                inbound = await read_inbound(scope, peer.receive, runtime.settings.server, request_id, hold)
                record = await answer(service, runtime, inbound, peer)
        except GatewayError as error:
            await peer.refuse(error, request_id)
            record = _refusal(error, request_id, inbound, scope)
        except ClientLeft:
            record = _unanswered(request_id, scope)
    if refusals.ANSWERED not in scope:
        emit(evolve(record, duration=time.monotonic() - start))


async def _exchange(
    service: Service, runtime: Runtime, inbound: Inbound, peer: AsgiConnection
) -> RequestRecord:
    targets = await run(inbound.heavy, _routed, runtime, inbound)
    return await Exchange(inbound, targets, runtime.settings.server, peer, service.resolver).run()


def _routed(runtime: Runtime, inbound: Inbound) -> tuple[Target, ...]:
    """The targets of a valid request. Also computes the values that the exchange uses."""
    _check(runtime, inbound)
    _ = inbound.estimated_tokens, inbound.call_ids
    return runtime.targets(inbound)


async def _count(service: Service, runtime: Runtime, inbound: Inbound, peer: AsgiConnection) -> RequestRecord:
    """Count exactly what would be sent upstream."""
    target = await run(inbound.heavy, _counting_target, runtime, inbound)
    count = await target.adapter.count(inbound, target)
    count = count or await _token_count(service, runtime, inbound, target)
    answer: dict[str, object] = {"input_tokens": count.tokens}
    if inbound.request.context_management is not None:
        original = count.tokens if count.original is None else count.original
        answer["context_management"] = {"original_input_tokens": original}
    await peer.answer(msgspec.json.encode(answer), inbound.request_id)
    return RequestRecord(
        request_id=inbound.request_id,
        path=COUNT_PATH,
        session=inbound.session,
        agent=inbound.agent,
        client=inbound.client,
        requested_model=inbound.request.model,
        route=target.route,
        provider=target.model_info.provider,
        model=target.model_info.model,
        input_tokens=count.tokens,
    )


def _counting_target(runtime: Runtime, inbound: Inbound) -> Target:
    _check(runtime, inbound, counting=True)
    return runtime.targets(inbound)[0]


async def _token_count(service: Service, runtime: Runtime, inbound: Inbound, target: Target) -> TokenCount:
    tokens = await _prompt_tokens(service, runtime, inbound, target)
    thinner = await run(inbound.heavy, apply_context_edits, inbound, target.model_info)
    if thinner is inbound:
        return TokenCount(tokens)
    return TokenCount(await _prompt_tokens(service, runtime, thinner, target), original=tokens)


async def _prompt_tokens(service: Service, runtime: Runtime, inbound: Inbound, target: Target) -> int:
    try:
        modalities = target.model_info.modalities
        required = await run(inbound.heavy, inbound.required_attachments, modalities)
        attachments = await service.resolver.resolve(required, modalities, runtime.settings.server.fetch_urls)
        prompt = await run(inbound.heavy, target.adapter.prompt, inbound, target, attachments)
        return await service.counter.count(prompt)
    except RequestRefused:  # the request may be invalid, but counting it does no harm
        return inbound.estimated_tokens


def _check(runtime: Runtime, inbound: Inbound, *, counting: bool = False) -> None:
    if runtime.settings.server.validation == "strict":
        if inbound.repaired:
            raise RequestRefused("the request body is not valid JSON: it holds half a surrogate pair")
        validate(inbound.request, counting=counting, betas=inbound.headers.get("anthropic-beta", ""))


def _refusal(
    error: GatewayError, request_id: str, inbound: Inbound | None, scope: HTTPScope
) -> RequestRecord:
    """The record of a request that was refused before any target was tried."""
    return RequestRecord(
        request_id=request_id,
        method=scope["method"],
        path=canonical(scope["path"]),
        session=inbound.session if inbound else "",
        agent=inbound.agent if inbound else "",
        client=inbound.client if inbound else "",
        requested_model=inbound.request.model if inbound else "",
        stream=bool(inbound and inbound.request.stream),
        status=error.answer.status,
        error=error.kind,
        why=error.why,
        upstream_status=error.upstream_status or 0,
    )


def _unanswered(request_id: str, scope: HTTPScope) -> RequestRecord:
    """The record of a request whose client disconnected before its body was complete."""
    path = canonical(scope["path"])
    return RequestRecord(request_id, path=path, status=CLIENT_CLOSED, client_gone=True)


def _post_only(scope: HTTPScope) -> None:
    method = scope["method"]
    if method != "POST":
        raise RequestRefused(f"{method} is not allowed here: send a POST", Kind.METHOD_NOT_ALLOWED)
