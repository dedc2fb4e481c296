"""HTTP/1.1 towards clients: uvicorn's protocol with limits, and without upgrades to other protocols.

Rules:
- An offered upgrade (h2c, websocket, TLS) is ignored and the request answered as HTTP/1.1 (RFC 9110, 7.8).
  JVM clients offer one with every plain-HTTP request. The parser treats the bytes after such a head as
  another protocol. So a new parser reads the same head without the offer, then the body, which therefore
  belongs to this request.
- Before a client key is checked, the cost of a connection is limited: `server.max_headers`,
  `server.max_header_bytes` (431), `server.head_timeout` (408), `server.max_connections` (503). One request
  may wait for the one being answered; a further one is not read, and the connection closes after the two.
- `server.max_connections` refuses the newest connections, never one that has been served.
- Trailers are counted against the limits of headers and then dropped: no header comes from a trailer.
- A refusal is answered in the API's shape, and the connection is closed. If the application is still reading
  the body of that request, it sees the client disconnect, and `refusals.ANSWERED` in its scope.

The limits of a body are enforced where it is read (`gateway.controllers.body`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import httptools
from attrs import define
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway.controllers import refusals
from gateway.errors import GatewayError
from gateway.settings.models import Server

LINGER = 1.0
"""Seconds for which a refused connection is still read, so that its client reads the answer before the
connection closes."""
SPARE = 100
"""Connections over the limit that still get an answer."""
SWEEP = 0.5
"""Seconds between two checks of the connections' timeouts."""
_OFFERS = frozenset({b"upgrade", b"http2-settings"})


class _Flow(FlowControl):
    """`on_hold`: a request is waiting, and nothing more is read until it is processed."""

    on_hold = False

    def hold(self) -> None:
        self.on_hold = True
        self.pause_reading()

    def resume_reading(self) -> None:
        if not self.on_hold:
            super().resume_reading()


class ClientProtocol(HttpToolsProtocol):
    """One client connection. `protocol_class` makes the class that is passed to uvicorn."""

    limits: Callable[[], Server]
    sweeper: IdleSweeper
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
        """When a request was answered whose body is still arriving."""
        self._in_head = self._in_body = self._offered = self._surplus = False
        """`_surplus`: the connection exceeded `server.max_connections` when it was accepted."""
        self._fed = 0
        """Bytes of the head so far; in a chunked body, bytes other than data since the last chunk header."""
        self._trailers = self._trailers_size = 0
        """Number of trailers, and bytes of the head and the trailers."""
        self._refused: GatewayError | None = None
        self._waiting: GatewayError | None = None
        """The refusal of the next request, sent once the one before it is answered."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = self._reading = _Flow(transport)
        self._head_since = self.loop.time()
        over = len(self.connections) - self.limits().max_connections
        self._surplus = over > 0
        if over > SPARE:
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
            self._refuse(self._refused or refusals.malformed_request())
            return
        if self._head_since is not None:
            if self._fed > self.limits().max_header_bytes:
                self._refuse(refusals.head_too_large(self.limits()))
        elif self._in_body and self._fed > self.limits().max_header_bytes:
            self._refuse(refusals.trailers_too_large(self.limits()))
        elif not self._in_body and not self._answering():
            self._head_since = self.loop.time()  # empty lines before a request do not start one

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
        self._in_head = True
        if self._head_since is None:
            self._head_since = self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:
            super().on_header(name, value)
            return
        self._refused = self._trailer_refusal(name, value)
        if self._refused is not None:
            raise self._refused

    def _trailer_refusal(self, name: bytes, value: bytes) -> GatewayError | None:
        limits = self.limits()
        if not self._trailers:
            self._trailers_size = self._head_size()
        self._trailers += 1
        self._trailers_size += len(name) + len(value) + 4
        if len(self.headers) + self._trailers > limits.max_headers:
            return refusals.too_many_headers(len(self.headers) + self._trailers, limits)
        if self._trailers_size > limits.max_header_bytes:
            return refusals.trailers_too_large(limits)
        return None

    def on_headers_complete(self) -> None:
        self._refused = self._refusal()
        if self._refused is not None:
            raise self._refused
        if self.parser.should_upgrade():
            self._offered = True
            return
        super().on_headers_complete()
        self._head_since, self._in_head, self._in_body, self._fed = None, False, True, 0
        self._trailers = 0
        if self.pipeline:
            self._reading.on_hold = True

    def _refusal(self) -> GatewayError | None:
        limits = self.limits()
        if len(self.headers) > limits.max_headers:
            return refusals.too_many_headers(len(self.headers), limits)
        if self._fed > limits.max_header_bytes and self._head_size() > limits.max_header_bytes:
            return refusals.head_too_large(limits)
        if self.parser.get_method() == b"CONNECT":
            return refusals.connect_refused()
        self._surplus = self._surplus and len(self.connections) > limits.max_connections
        if self._surplus:
            return refusals.too_many_connections(limits)
        return refusals.pipelining_refused() if self.pipeline else None

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def on_chunk_header(self) -> None:
        self._fed = 0  # the rest of this segment is not counted

    def on_body(self, body: bytes) -> None:
        self._fed -= len(body)
        if not self._offered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._offered:
            self._in_body, self._left_since, self._fed = False, None, 0
            super().on_message_complete()

    def on_response_complete(self) -> None:
        if self._in_body and not self.pipeline:
            self._left_since = self.loop.time()
        self._reading.on_hold = False
        super().on_response_complete()
        if self._waiting is not None and not self.transport.is_closing():
            self._end(self._waiting)

    def _answering(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete

    # Refusals

    def _refuse(self, error: GatewayError) -> None:
        """Answer and close; while another answer is in progress, only close after it."""
        self._refused = error
        self._head_since = self._left_since = None
        if self.transport.is_closing():
            return
        if self._in_body and not self.cycle.response_started:
            self._refuse_body(error)
        elif self._answering():
            self._reading.hold()
            self.cycle.keep_alive = False
        elif self._in_body:  # it was already answered
            self.transport.close()
        else:
            self._end(error)

    def _refuse_body(self, error: GatewayError) -> None:
        """The request has reached the application, or waits for the answer to the one before it."""
        if self.pipeline:
            self.pipeline.clear()
            self._waiting = error
            self._reading.hold()
            return
        cast("dict[str, object]", self.cycle.scope)[refusals.ANSWERED] = True
        self.cycle.disconnected, self.cycle.waiting_for_100_continue = True, False
        self.cycle.message_event.set()
        self._end(error)

    def _end(self, error: GatewayError) -> None:
        url = cast("bytes", getattr(self, "url", b""))
        method = self.parser.get_method() if url else b""  # before the URL the parser has a wrong method
        self.transport.write(refusals.refusal_response(error, method, url))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.close)

    def check_timeouts(self, now: float, limits: Server) -> None:
        """Close the connection if it exceeds a timeout."""
        if self._head_since is not None and now - self._head_since > limits.head_timeout:
            if self._in_head:
                self._refuse(refusals.head_timeout(limits))
            else:
                self.transport.close()
        elif self._left_since is not None and now - self._left_since > limits.body_timeout:
            self.transport.close()


@define
class IdleSweeper:
    """Checks all connections periodically: one shared timer adds no cost to a request."""

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
                connection.check_timeouts(now, limits)
        loop.call_later(SWEEP, self._sweep, loop, state)


def protocol_class(limits: Callable[[], Server]) -> type[ClientProtocol]:
    """The protocol class for one server, whose limits may change at runtime."""
    return type(
        "BoundedProtocol", (ClientProtocol,), {"limits": staticmethod(limits), "sweeper": IdleSweeper(limits)}
    )
