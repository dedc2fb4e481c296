"""Refusals of a connection before a request reaches the application, and their answers."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gateway.errors import GatewayError, Kind, RequestRefused
from gateway.exchange.response import error_headers, error_json
from gateway.ids import new_id
from gateway.settings.models import Server
from gateway.telemetry import RequestRecord, emit

ANSWERED = "gateway.answered"
"""Set in the scope of a request that was refused, answered and logged while the application read its body."""
_SHOWN = 200
"""Bytes of a URL's path in the log."""


def refusal_response(error: GatewayError, method: bytes, url: bytes) -> bytes:
    """The complete HTTP/1.1 answer. Logs and counts the request. `method` and `url` are empty if unknown."""
    request_id, status = new_id("req_"), error.answer.status
    body = error_json(error, request_id)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"request-id", request_id.encode()),
        (b"connection", b"close"),
        *error_headers(error),
    ]
    emit(
        RequestRecord(
            request_id,
            method=method.decode("latin-1"),
            path=url.partition(b"?")[0][:_SHOWN].decode("latin-1"),
            status=status,
            error=error.kind,
            why=error.why,
        )
    )
    lines = [name + b": " + value + b"\r\n" for name, value in headers]
    return b"".join([STATUS_LINE[status], *lines, b"\r\n", b"" if method == b"HEAD" else body])


def malformed_request() -> RequestRefused:
    return RequestRefused("the request is not valid HTTP/1.1")


def connect_refused() -> RequestRefused:
    return RequestRefused("CONNECT is not allowed: this is no proxy", Kind.METHOD_NOT_ALLOWED)


def pipelining_refused() -> RequestRefused:
    return RequestRefused("too many requests were sent without waiting for an answer")


def too_many_headers(count: int, limits: Server) -> RequestRefused:
    return RequestRefused(
        f"the request has {count} headers, and {limits.max_headers} are the most (`server.max_headers`)",
        Kind.HEADERS_TOO_LARGE,
    )


def head_too_large(limits: Server) -> RequestRefused:
    return RequestRefused(
        f"the head of the request exceeds {limits.max_header_bytes} (`server.max_header_bytes`)",
        Kind.HEADERS_TOO_LARGE,
    )


def trailers_too_large(limits: Server) -> RequestRefused:
    return RequestRefused(
        f"the trailers or chunk extensions of the request exceed {limits.max_header_bytes} "
        "(`server.max_header_bytes`)",
        Kind.HEADERS_TOO_LARGE,
    )


def head_timeout(limits: Server) -> RequestRefused:
    return RequestRefused(
        f"the head of the request took more than {limits.head_timeout:g} s (`server.head_timeout`)",
        Kind.REQUEST_TIMEOUT,
    )


def too_many_connections(limits: Server) -> RequestRefused:
    return RequestRefused(
        f"the gateway has {limits.max_connections} connections, and that is the most "
        "(`server.max_connections`): try again",
        Kind.GATEWAY_BUSY,
    )
