"""Delivers events to the client: streamed as they arrive, or collected into one JSON answer.

Rules:
- All events of one upstream read go out in one write.
- Headers go out with the first events, or with a ping while the upstream is silent. Until then a failure is a
  real HTTP status, afterwards an `error` event. A JSON answer sends nothing until it is complete.
- `x-gateway-warnings` lists what was dropped, emulated or repaired, as far as it is known when headers go
  out. Later notices go into one comment before `message_stop`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from attrs import Factory, define, field

from gateway.anthropic.response import events as e
from gateway.anthropic.response.accumulate import fold
from gateway.anthropic.response.writer import MessageWriter
from gateway.codecs.buffer_limit import LIMIT, PIECE, too_large
from gateway.errors import GatewayError
from gateway.exchange.keepalive import KeepaliveAction, KeepaliveSchedule
from gateway.parts import Notice

Headers = list[tuple[bytes, bytes]]

_LONGEST = 200
"""Maximum length of a name in a response header, in characters."""
_UNKNOWN = ord("?")

PING = e.render([e.Ping()])


class ClientConnection(Protocol):
    """The client's end of the connection."""

    async def start(self, status: int, headers: Headers) -> None: ...
    async def send(self, data: bytes, *, more: bool) -> None: ...
    async def gone(self) -> None:
        """Returns when the client has disconnected."""
        ...


@define
class ResponseContext:
    """Shared by both kinds of response: the client connection, the request, warnings and headers."""

    connection: ClientConnection
    request_id: str
    writer: MessageWriter
    now: Callable[[], float]
    notices: list[Notice] = Factory(list[Notice])
    """Known so far; the exchange and the writer append to it."""
    route: str = ""
    """`provider/model` of the target that answers, for `x-gateway-model`."""
    status: int = 0
    """HTTP status sent to the client; 0 while nothing was sent."""
    first_event: float | None = None

    def headers(self, content_type: bytes) -> Headers:
        headers = [(b"content-type", content_type), (b"request-id", self.request_id.encode())]
        if self.route:
            headers.append((b"x-gateway-model", _printable(self.route)))
        if names := warning_names(self.notices):
            headers.append((b"x-gateway-warnings", names.encode()))
        return headers

    async def refuse(self, error: GatewayError) -> None:
        """Answer with an error and its own HTTP status."""
        self.status = error.answer.status
        body = error_json(error, self.request_id)
        headers = self.headers(b"application/json") + error_headers(error)
        headers.append((b"content-length", str(len(body)).encode()))
        await self.connection.start(self.status, headers)
        await self.connection.send(body, more=False)


class ClientResponse(Protocol):
    """A streaming or a JSON response."""

    async def events(self, events: Sequence[e.Event]) -> None: ...
    async def fail(self, error: GatewayError) -> None: ...
    def due(self) -> float:
        """When to call `keepalive`, in seconds of the event loop's clock."""
        ...

    async def keepalive(self) -> None: ...


@define
class StreamingResponse:
    """Server-sent events, with pings and empty deltas during silence."""

    _to: ResponseContext
    _silence: KeepaliveSchedule
    _turn: asyncio.Lock = Factory(asyncio.Lock)
    _listed: int = 0

    async def events(self, events: Sequence[e.Event]) -> None:
        data = self._render(events)
        async with self._turn:
            await self._write(data, more=not self._to.writer.ended)
        now = self._to.now()
        self._silence.events_sent(now)
        if self._to.first_event is None:
            self._to.first_event = now

    async def fail(self, error: GatewayError) -> None:
        if not self._silence.committed:
            await self._to.refuse(error)
            return
        async with self._turn:
            await self._write(e.render([error_event(error, self._to.request_id)]), more=False)

    def due(self) -> float:
        # A write that is waiting for the client to read is not silence, and a ping queued behind it would not
        # help.
        return self._silence.next()[0] if not self._turn.locked() else self._to.now() + 1.0

    async def keepalive(self) -> None:
        when, act = self._silence.next()
        if self._turn.locked() or when > self._to.now() or self._to.writer.ended:
            return
        data = (
            e.render(self._to.writer.empty_delta()) if act is KeepaliveAction.EMPTY_DELTA else b""
        ) or PING
        self._silence.keepalive_sent(act, self._to.now())
        async with self._turn:
            await self._write(data, more=True)

    def _render(self, events: Sequence[e.Event]) -> bytes:
        if not self._to.writer.ended or isinstance(events[-1], e.Error):
            return e.render(events)
        late = warning_names(self._to.notices[self._listed :] if self._to.status else [])
        if not late:
            return e.render(events)
        return e.render(events[:-1]) + e.comment(f"gateway-warnings: {late}") + e.render(events[-1:])

    async def _write(self, data: bytes, *, more: bool) -> None:
        if not self._to.status:
            self._to.status = 200
            self._silence.committed = True
            self._listed = len(self._to.notices)
            headers = self._to.headers(b"text/event-stream; charset=utf-8")
            headers += [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]
            await self._to.connection.start(200, headers)
        await self._to.connection.send(data, more=more)


@define
class JsonResponse:
    """One JSON object, sent when the answer is complete."""

    _to: ResponseContext
    _events: list[e.Event] = field(factory=list[e.Event])

    async def events(self, events: Sequence[e.Event]) -> None:
        self._events.extend(events)
        if self._to.writer.written + PIECE * len(self._events) > LIMIT:
            raise too_large()
        if self._to.first_event is None:
            self._to.first_event = self._to.now()
        if not self._to.writer.ended:
            return
        last = self._events[-1]
        if isinstance(last, e.Relayed) and last.name == "message":
            body = last.data
        else:
            body = msgspec.json.encode(fold(self._events))
        self._to.status = 200
        headers = self._to.headers(b"application/json")
        headers.append((b"content-length", str(len(body)).encode()))
        await self._to.connection.start(200, headers)
        await self._to.connection.send(body, more=False)

    async def fail(self, error: GatewayError) -> None:
        await self._to.refuse(error)

    def due(self) -> float:
        return float("inf")

    async def keepalive(self) -> None:
        """Does nothing: a JSON answer has no keepalives."""


def error_event(error: GatewayError, request_id: str) -> e.Error:
    return e.error(error.kind, error.message, request_id, error.details)


def error_json(error: GatewayError, request_id: str) -> bytes:
    """The JSON body of an error; the same for every endpoint."""
    return msgspec.json.encode(error_event(error, request_id))


def error_headers(error: GatewayError) -> Headers:
    headers: Headers = []
    if error.retry_after is not None:
        headers.append((b"retry-after", str(error.retry_after).encode()))
    if error.answer.should_retry is not None:
        headers.append((b"x-should-retry", str(error.answer.should_retry).lower().encode()))
    return headers


def warning_names(notices: Sequence[Notice]) -> str:
    """The distinct names, in order of their first occurrence."""
    return ", ".join(dict.fromkeys(notice.name for notice in notices))


def _printable(text: str) -> bytes:
    """`text` as a header value: printable ASCII of bounded length."""
    return bytes(
        byte if 32 <= byte < 127 else _UNKNOWN for byte in text[:_LONGEST].encode("ascii", "replace")
    )
