"""HTTP/1.1 towards clients: uvicorn's protocol with limits, and without a word of other protocols.

Rules:
- An offered upgrade (h2c, websocket, TLS) is ignored and the request answered as HTTP/1.1 (RFC 9110, 7.8).
  JVM clients offer one with every plain-HTTP request. The parser takes what follows such a head for another
  protocol; so a new parser reads the same head without the offer, then the body, which therefore belongs to
  this request.
- Before a client key is looked at, a connection can cost only so much: `server.max_headers`,
  `server.max_header_bytes` (431), `server.head_timeout` (408), `server.max_connections` (503). One request
  may wait behind the one being answered; a further one is not read, and the connection closes after the two.
- Fields behind a chunked body (trailers) are left out, and count towards the same limits.
- What is refused here is answered in the API's shape, and the connection is closed.

A body's own limits are kept where it is read (`gateway.controllers.body`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import httptools
from attrs import define
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway import refusals
from gateway.delivery import error_headers, error_json
from gateway.errors import GatewayError, Kind, RequestRefused
from gateway.mint import fresh
from gateway.settings.models import Server
from gateway.telemetry import RequestRecord, emit

LINGER = 1.0
"""Seconds for which a refused connection is still read, so that its client reads the answer before the
end."""
SPARE = 100
"""Connections over the limit that are still told why they are refused."""
SWEEP = 0.5
"""Seconds between two looks at what the connections wait for."""
_OFFERS = frozenset({b"upgrade", b"http2-settings"})
_SHOWN = 200


class _Flow(FlowControl):
    """`held`: a request is waiting, and nothing more is read before it is its turn."""

    held = False

    def resume_reading(self) -> None:
        if not self.held:
            super().resume_reading()


class ClientProtocol(HttpToolsProtocol):
    """One client connection. `bounded` makes the class that uvicorn is given."""

    limits: Callable[[], Server]
    sweeper: Sweeper
    _reading: _Flow

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._head_since: float | None = None
        """When this request's head began, or the connection; None while no head is being read."""
        self._left_since: float | None = None
        """When a request was answered whose body is still coming."""
        self._begun = self._in_body = False
        self._fed = 0
        """Bytes read since the head began."""
        self._offered = False
        self._trailers = 0
        self._refused: GatewayError | None = None
        self._front: RequestResponseCycle | None = None
        """The request being answered while another waits."""
        self._surplus = False
        """Over `max_connections` when it was made."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = self._reading = _Flow(transport)
        self._head_since = self.loop.time()
        most = self.limits().max_connections
        self._surplus = len(self.connections) > most
        if len(self.connections) > most + SPARE:
            transport.abort()
        self.sweeper.watch(self)

    def data_received(self, data: bytes) -> None:
        if self._refused is not None:
            return
        self._unset_keepalive_if_required()
        self._fed += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse(self._refused or RequestRefused("the request is not valid HTTP/1.1"))
            return
        if self._head_since is not None or self._in_body:
            if self._fed > self.limits().max_header_bytes:
                self._refuse(refusals.head_too_large(self.limits(), trailers=self._in_body))
        elif not self._answering():
            self._head_since = self.loop.time()  # empty lines before a request, which begin none

    def _feed(self, data: bytes) -> None:
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = self._head_again() + data[offer.args[0] :]
                self._offered = False
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            else:
                return

    def _head_again(self) -> bytes:
        """The head that offered an upgrade, without the offer."""
        version = self.parser.get_http_version().encode()
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        for name, value in self.headers:
            if name == b"connection":
                tokens = [token.strip() for token in value.split(b",")]
                value = b", ".join(token for token in tokens if token.lower() not in _OFFERS)  # noqa: PLW2901
            if name not in _OFFERS and (value or name != b"connection"):
                lines.append(name + b": " + value)
        return b"\r\n".join([*lines, b"", b""])

    # The parser's callbacks

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begun = True
        if self._head_since is None:
            self._head_since = self.loop.time()

    def on_headers_complete(self) -> None:
        self._refused = self._refusal()
        if self._refused is not None:
            raise self._refused
        if self.parser.should_upgrade():
            self._offered = True
            return
        self._head_since, self._begun, self._in_body, self._fed = None, False, True, 0
        self._trailers = 0
        front = cast("RequestResponseCycle | None", self.cycle)
        super().on_headers_complete()
        if self.pipeline:
            self._front = front
            self._reading.held = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:
            super().on_header(name, value)
            return
        self._trailers += 1
        if self._trailers > self.limits().max_headers:
            self._refused = refusals.too_many_headers(self._trailers, self.limits())
            raise self._refused

    def _refusal(self) -> GatewayError | None:
        limits = self.limits()
        if len(self.headers) > limits.max_headers:
            return refusals.too_many_headers(len(self.headers), limits)
        if self._fed > limits.max_header_bytes and self._head_size() > limits.max_header_bytes:
            return refusals.head_too_large(limits)
        if self.parser.get_method() == b"CONNECT":
            return RequestRefused("CONNECT is not allowed: this is no proxy", Kind.METHOD_NOT_ALLOWED)
        if self._surplus and len(self.connections) > limits.max_connections:
            return refusals.too_many_connections(limits)
        self._surplus = False
        if self.pipeline:
            return RequestRefused("too many requests were sent without waiting for an answer")
        return None

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def on_body(self, body: bytes) -> None:
        if not self._offered:
            self._fed = 0
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._offered:
            self._in_body, self._left_since, self._fed = False, None, 0
            super().on_message_complete()

    def on_response_complete(self) -> None:
        if self._in_body and not self.pipeline:
            self._left_since = self.loop.time()
        self._reading.held = False
        super().on_response_complete()

    def _answering(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete

    # Refusals

    def _refuse(self, error: GatewayError) -> None:
        """Answer and close; behind the answers that are being given, only close."""
        self._refused = error
        self._head_since = self._left_since = None
        if self.transport.is_closing():
            return
        if self._answering() and not self._gives_up_body():
            self._reading.held = True
            self.flow.pause_reading()
            self.cycle.keep_alive = False
            return
        self._answer(error)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.close)

    def _gives_up_body(self) -> bool:
        """Ends the request whose body cannot be read on; True if nobody else is being answered."""
        cycle = self.cycle
        if not self._in_body or cycle.response_started:
            return False
        cycle.disconnected = True
        cycle.message_event.set()
        if self.pipeline and self._front is not None:
            self.pipeline.clear()
            self.cycle = self._front
            return False
        return True

    def _answer(self, error: GatewayError) -> None:
        request_id, status = fresh("req_"), error.answer.status
        body = error_json(error, request_id)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"request-id", request_id.encode()),
            (b"connection", b"close"),
            *error_headers(error),
        ]
        lines = [
            STATUS_LINE[status],
            *(name + b": " + value + b"\r\n" for name, value in headers),
            b"\r\n",
            body,
        ]
        self.transport.write(b"".join(lines))
        path = (getattr(self, "url", b"") or b"").partition(b"?")[0].decode("latin-1")[:_SHOWN]
        method = self.parser.get_method().decode("latin-1") if path else ""
        emit(RequestRecord(request_id, method, path, status=status, error=error.kind, why=error.why))

    def look(self, now: float, limits: Server) -> None:
        """Close what keeps the gateway waiting too long."""
        if self._head_since is not None and now - self._head_since > limits.head_timeout:
            if self._begun:
                self._refuse(refusals.head_too_slow(limits))
            else:
                self.transport.close()
        elif self._left_since is not None and now - self._left_since > limits.body_timeout:
            self.transport.close()


@define
class Sweeper:
    """Looks at all connections now and then: one timer for all of them costs a request nothing."""

    limits: Callable[[], Server]
    _running: bool = False

    def watch(self, one: ClientProtocol) -> None:
        if not self._running:
            self._running = True
            one.loop.call_later(SWEEP, self._sweep, one.loop, one.server_state)

    def _sweep(self, loop: asyncio.AbstractEventLoop, state: ServerState) -> None:
        self._running = bool(state.connections)
        if not self._running:
            return
        now, limits = loop.time(), self.limits()
        for connection in list(cast("set[object]", state.connections)):
            if isinstance(connection, ClientProtocol):
                connection.look(now, limits)
        loop.call_later(SWEEP, self._sweep, loop, state)


def bounded(limits: Callable[[], Server]) -> type[ClientProtocol]:
    """The protocol class for one server, whose limits may change while it runs."""
    return type(
        "BoundedProtocol", (ClientProtocol,), {"limits": staticmethod(limits), "sweeper": Sweeper(limits)}
    )
