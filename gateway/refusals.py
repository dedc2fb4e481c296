"""What a client is told before its body is read: the limit that it is over, and the setting that moves it."""

from __future__ import annotations

from gateway.errors import Kind, RequestRefused
from gateway.settings.models import Server


def head_too_large(limits: Server, *, trailers: bool = False) -> RequestRefused:
    what = "what stands around the body" if trailers else "the head of the request"
    return RequestRefused(
        f"{what} exceeds {limits.max_header_bytes} (`server.max_header_bytes`)", Kind.HEADERS_TOO_LARGE
    )


def too_many_headers(count: int, limits: Server) -> RequestRefused:
    return RequestRefused(
        f"the request has {count} headers, and {limits.max_headers} are the most (`server.max_headers`)",
        Kind.HEADERS_TOO_LARGE,
    )


def head_too_slow(limits: Server) -> RequestRefused:
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
