"""A raw ASGI request as an `Inbound`, and its client as a `Peer`."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from attrs import define
from litestar.types import Receive, Scope, Send

from gateway.anthropic.characters import whole_characters
from gateway.anthropic.decoding import decode_request
from gateway.anthropic.wire import MessagesRequest
from gateway.controllers.keys import authenticate, without_key
from gateway.delivery import Headers, error_headers, error_json
from gateway.errors import GatewayError, Kind, RequestRefused
from gateway.inbound import Inbound
from gateway.settings.models import Server

BODY_LIMIT = 32 * 1024 * 1024
"""Bytes of a request body, as the API has it."""
_MEMBERS = 16
_DRAIN_LIMIT = 4 * BODY_LIMIT
"""Bytes of a body that is too large that are still read: a client that is cut off while it sends reports a
broken connection instead of the answer."""


@define
class AsgiPeer:
    """The client behind one ASGI request whose body has been read."""

    receive: Receive
    _send: Send

    async def start(self, status: int, headers: Headers) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": headers})  # type: ignore[typeddict-item]

    async def send(self, data: bytes, *, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def gone(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def answer(
        self, body: bytes, request_id: str, status: int = 200, more: Headers | None = None
    ) -> None:
        """One JSON answer, whole."""
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"request-id", request_id.encode()),
        ]
        await self.start(status, headers + (more or []))
        await self.send(body, more=False)

    async def refuse(self, error: GatewayError, request_id: str) -> None:
        body = error_json(error, request_id)
        await self.answer(body, request_id, error.answer.status, error_headers(error))


def headers_of(scope: Scope) -> dict[str, str]:
    """Names in lower case; of a header that is repeated, all values, joined."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


async def read_inbound(scope: Scope, receive: Receive, server: Server, request_id: str) -> Inbound:
    """The decoded request of an authenticated client; RequestRefused says what is wrong with it."""
    headers = headers_of(scope)
    client = authenticate(headers, server)
    sent = _decoded(await _body(receive), headers)
    body, request = _read(sent)
    return Inbound(
        request_id=request_id,
        body=body,
        headers=without_key(headers, server),
        request=request,
        client=client,
        query=scope["query_string"].decode("latin-1"),
        mended=body is not sent,
    )


def _read(sent: bytes) -> tuple[bytes, MessagesRequest]:
    """The body, mended where it has to be, and what it says."""
    try:
        return sent, decode_request(sent)
    except RequestRefused:
        body = whole_characters(sent)
        if body is sent:
            raise
    return body, decode_request(body)


async def _body(receive: Receive) -> bytes:
    pieces: list[bytes] = []
    size, more = 0, True
    while more and size < _DRAIN_LIMIT:
        message = await receive()
        if message["type"] != "http.request":
            break
        piece = message.get("body", b"")
        size += len(piece)
        if size <= BODY_LIMIT:
            pieces.append(piece)
        more = message.get("more_body", False)
    if size > BODY_LIMIT:
        raise _too_large()
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _decoded(body: bytes, headers: Mapping[str, str]) -> bytes:
    match headers.get("content-encoding", "identity").strip().lower():
        case "identity" | "":
            return body
        case "gzip":
            return _gunzip(body)
        case other:
            raise RequestRefused(
                f"content-encoding {other} is not supported: send the body as it is or with gzip",
                details={"error_code": "request_body_encoding_unsupported"},
            )


def _gunzip(body: bytes) -> bytes:
    """A body may have several members in a row; each costs a copy of what is left."""
    decoded = b""
    try:
        for _ in range(_MEMBERS):
            inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            decoded += inflate.decompress(body, BODY_LIMIT + 1 - len(decoded))
            body = inflate.unused_data
            if not body or len(decoded) > BODY_LIMIT:
                break
        else:
            raise RequestRefused(f"the request body has more than {_MEMBERS} gzip members")
    except zlib.error as error:
        raise RequestRefused(f"the request body is not valid gzip: {error}") from None
    if len(decoded) > BODY_LIMIT:
        raise _too_large()
    return decoded


def _too_large() -> RequestRefused:
    return RequestRefused(
        f"the request body exceeds the maximum of {BODY_LIMIT // 1024 // 1024} MB", Kind.TOO_LARGE
    )
