"""A raw ASGI request as an `Inbound`, and its client as a `ClientConnection`."""

from __future__ import annotations

from attrs import define
from litestar.types import Receive, Scope, Send

from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.request.surrogates import replace_lone_surrogates
from gateway.anthropic.wire import MessagesRequest
from gateway.controllers.auth import authenticate, without_gateway_key
from gateway.controllers.body import BodyReservation, read_body
from gateway.errors import GatewayError, Kind, RequestRefused
from gateway.exchange.response import Headers, error_headers, error_json
from gateway.inbound import Inbound
from gateway.offload import is_heavy, run
from gateway.settings.models import Server


@define
class AsgiConnection:
    """The client of one ASGI request whose body has been read."""

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
        """Send one complete JSON answer."""
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"request-id", request_id.encode()),
        ]
        await self.start(status, headers + (more or []))
        await self.send(body, more=False)

    async def refuse(self, error: GatewayError, request_id: str) -> None:
        body = error_json(error, request_id)
        headers = error_headers(error)
        if error.kind is Kind.REQUEST_TIMEOUT:  # the rest of the body may still arrive
            headers.append((b"connection", b"close"))
        await self.answer(body, request_id, error.answer.status, headers)


def headers_of(scope: Scope) -> dict[str, str]:
    """Names in lower case; all values of a repeated header, joined."""
    headers: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in headers:
            repeated.setdefault(name, [headers[name]]).append(value)
        else:
            headers[name] = value
    headers.update((name, ", ".join(values)) for name, values in repeated.items())
    return headers


async def read_inbound(
    scope: Scope, receive: Receive, server: Server, request_id: str, hold: BodyReservation
) -> Inbound:
    """The decoded request of an authenticated client. Raises RequestRefused for an invalid one, and
    ClientLeft."""
    headers = headers_of(scope)
    client = authenticate(headers, server)
    sent = await read_body(receive, headers, server, hold)
    heavy = is_heavy(sent)
    body, request = await run(heavy, decode_body, sent)
    return Inbound(
        request_id=request_id,
        body=body,
        headers=without_gateway_key(headers, server),
        request=request,
        client=client,
        query=scope["query_string"].decode("latin-1"),
        repaired=body is not sent,
        heavy=heavy,
    )


def decode_body(sent: bytes) -> tuple[bytes, MessagesRequest]:
    """The body, repaired if necessary, and its decoded request."""
    try:
        return sent, decode_request(sent)
    except RequestRefused:
        body = replace_lone_surrogates(sent)
        if body is sent:
            raise
    return body, decode_request(body)
