"""The one adapter for upstreams that take a JSON body by POST and stream or return an answer.

What differs between protocols (path, how the request is built, how the answer is read) is a `Dialect`; the
openai, responses and ollama folders each supply one.

Rules:
- A 400 that names a repairable cause (a `max_tokens` limit, a parameter, reasoning) is retried once without
  it, once for each cause. A change that helped is kept for the model (see `adaptations`).
- A 500 that reports a call truncated by the token limit is the end of an answer (see `truncated_call`).
- If the server could not parse its own model's tool call, the request is retried once.
- A server that is loading its model is polled until the first-byte timeout is nearly spent.
- The form of the answer does not matter: an SSE body is read in response to a plain request, and JSON in
  response to a streaming one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from attrs import Factory, define, evolve, frozen
from msgspec.structs import replace

from gateway.anthropic.request.attachments import Attachments
from gateway.errors import Kind, UpstreamFailed
from gateway.inbound import Inbound
from gateway.offload import run
from gateway.parts import Notice, Part, StreamError, Usage
from gateway.upstreams.base import Attempt, Target
from gateway.upstreams.errors.adaptations import AdaptiveRequest, LearnedAdaptations
from gateway.upstreams.errors.classify import classify_response
from gateway.upstreams.errors.retry_after import retry_after
from gateway.upstreams.http.redaction import hide, redacted
from gateway.upstreams.http.transport import ProviderConnections, UpstreamResponse
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.response.reader import PayloadReader, ResponseReader
from gateway.upstreams.response.truncated_call import TruncatedAttempt, is_truncated_call
from gateway.upstreams.token_prompt import CountablePrompt, TokenCount
from gateway.upstreams.upstream_request import Adaptations, ResponseOptions, UpstreamRequest

ERROR_LIMIT = 256 * 1024
"""Bytes of an error body that are read."""
LOADING_PAUSE = 1.0
"""Seconds between two requests to a server that is loading its model."""


@frozen
class Dialect:
    """The protocol-specific functions of one upstream kind."""

    path: str
    probe_path: str
    build: Callable[[Inbound, ModelInfo, Adaptations, Attachments], UpstreamRequest]
    prompt_of: Callable[[UpstreamRequest], CountablePrompt]
    reader: Callable[[ModelInfo, ResponseOptions, str], PayloadReader]
    """Its last argument is the prefill that the answer continues; some servers repeat it."""


@define
class HttpAttempt:
    """An upstream answer being read."""

    request: UpstreamRequest
    _reply: UpstreamResponse
    _reader: ResponseReader
    _asking: AdaptiveRequest | None = None
    """Notified of the first content. Only then was the request accepted: errors come with status 200, too."""
    _over: bool = False
    _failed: bool = False

    @property
    def has_data(self) -> bool:
        return self._reader.has_data

    async def read(self) -> list[Part] | None:
        if self._over:
            return None
        data = await self._reply.read()
        hide(self._reply.secrets)
        parts = self._parts(data)
        if self._asking is not None and _is_answer(parts):
            self._asking.accepted()
            self._asking = None
        if not self._reader.ended:
            return parts
        self._failed = bool(parts) and isinstance(parts[-1], StreamError)
        return self._redacted(parts)

    def _parts(self, data: bytes | None) -> list[Part]:
        if data is not None:
            return self._reader.feed(data)
        self._over = True
        return self._reader.close(framed=self._reply.framed)

    def _redacted(self, parts: list[Part]) -> list[Part]:
        """Remove the request's secrets from an error at the end, in case the server repeats them."""
        match parts:
            case [*before, StreamError() as fault]:
                return [*before, replace(fault, message=redacted(fault.message, self._reply.secrets))]
            case _:
                return parts

    async def close(self) -> None:
        """Close the connection, or keep it for the next request if the answer ended without an error."""
        if self._reader.ended and not self._failed:
            await self._reply.drain()
        await self._reply.close()


@define
class HttpAdapter:
    """One configured provider and its dialect."""

    _channel: ProviderConnections
    _dialect: Dialect
    _lessons: LearnedAdaptations = Factory(LearnedAdaptations)

    async def open(self, inbound: Inbound, target: Target, attachments: Attachments) -> Attempt:
        patience = _now() + 0.9 * target.timeouts.first_byte
        asking, again = self._lessons.asking(target.model_info.model), False
        info = _as_learnt(target.model_info, asking.adaptations)

        async def build(adaptations: Adaptations) -> UpstreamRequest:
            return await run(inbound.heavy, self._dialect.build, inbound, info, adaptations, attachments)

        upstream_request = await build(asking.adaptations)
        while True:
            reply = await self._channel.post(
                self._dialect.path, upstream_request.body, target.timeouts.connect
            )
            if reply.status < 300:
                return self._attempt(
                    info, _noted(upstream_request) if again else upstream_request, reply, asking
                )
            body = await read_error_body(reply)
            if is_truncated_call(body) and reply.status >= 500:
                return TruncatedAttempt(upstream_request)
            if (other := await asking.again(reply.status, body, upstream_request, build)) is not None:
                upstream_request = other
                continue
            waits = retry_after(reply.status, reply.headers, time.time())
            error = classify_response(
                reply.status, body, waits, _as_asked(info, upstream_request), inbound.estimated_tokens
            )
            if error.kind is Kind.UPSTREAM_GARBAGE and not again:
                again = True
                continue
            if error.kind is not Kind.UPSTREAM_LOADING or _now() + LOADING_PAUSE >= patience:
                raise error
            await asyncio.sleep(LOADING_PAUSE)

    def prompt(self, inbound: Inbound, target: Target, attachments: Attachments) -> CountablePrompt:
        info = evolve(target.model_info, extra_body={})  # it may hold fields that only its server reads
        return self._dialect.prompt_of(self._dialect.build(inbound, info, Adaptations(), attachments))

    async def count(self, inbound: Inbound, target: Target) -> TokenCount | None:
        """Always None: these servers have no count endpoint; see `prompt`."""
        return None

    async def probe(self) -> str | None:
        try:
            reply = await self._channel.get(self._dialect.probe_path, connect=2.0)
        except UpstreamFailed as error:
            return error.message
        await reply.close()
        return None if reply.status < 500 else f"answers with status {reply.status}"

    async def close(self) -> None:
        await self._channel.close()

    def _attempt(
        self,
        info: ModelInfo,
        upstream_request: UpstreamRequest,
        reply: UpstreamResponse,
        asking: AdaptiveRequest,
    ) -> HttpAttempt:
        reader = self._dialect.reader(
            _as_asked(info, upstream_request), upstream_request.options, upstream_request.prefill
        )
        return HttpAttempt(upstream_request, reply, ResponseReader(reader), asking)


def _is_answer(parts: list[Part]) -> bool:
    """Whether the parts have content or an end, and no error."""
    content = [part for part in parts if not isinstance(part, Usage | Notice)]
    return bool(content) and not isinstance(content[-1], StreamError)


def _noted(upstream_request: UpstreamRequest) -> UpstreamRequest:
    notice = Notice("repaired.tool_call", "the upstream could not read its model's call")
    return evolve(upstream_request, notices=(*upstream_request.notices, notice))


async def read_error_body(reply: UpstreamResponse) -> bytes:
    """The body of an error response, up to where it breaks off. Closes the response."""
    try:
        return await reply.error_body(ERROR_LIMIT)
    finally:
        await reply.close()


def _as_learnt(info: ModelInfo, adaptations: Adaptations) -> ModelInfo:
    """Add the context window that a refusal stated, if none is known."""
    if adaptations.window is None or info.context_window is not None:
        return info
    return evolve(info, context_window=adaptations.window)


def _as_asked(info: ModelInfo, upstream_request: UpstreamRequest) -> ModelInfo:
    """Add the context window that the request asks for, if none is known."""
    if upstream_request.window is None or info.context_window is not None:
        return info
    return evolve(info, context_window=upstream_request.window)


def _now() -> float:
    return asyncio.get_running_loop().time()
