"""Protects a gateway without client keys from requests of web pages.

A browser on the user's machine reaches a loopback address on behalf of any page it shows: by a cross-site
POST that needs no preflight, or by a host name that the page's owner points at 127.0.0.1 (DNS rebinding).
Rules, if `server.keys` is empty:
- 403 unless `Host` is a loopback address, the IP address that the client connected to, `server.host` or one
  of `server.hosts`. A page that points its name at an address still sends the name. A request without `Host`
  does not come from a browser.
- 403 for an `Origin` whose host is none of these. Clients that are not browsers send none.
- 415 for a body with a content type other than JSON: a browser sends a preflight before it sends JSON across
  sites, and this gateway does not allow it (no CORS). A body without a type passes only without `Origin`,
  which browsers send with every POST.

With client keys a page would need one, so none of this is checked.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from gateway.controllers.service import service_in
from gateway.errors import Kind, RequestRefused
from gateway.settings.hosts import is_loopback_host
from gateway.settings.models import Server

_SETTING = "`server.hosts` allows further names, and with `server.keys` clients show a key instead"
_LOOKED_AT = frozenset({b"host", b"origin", b"content-type", b"content-length", b"transfer-encoding"})
_KEYED = "/admin/"
"""These always require a key."""
_SHOWN = 100
"""Characters of a header that an error repeats."""


def origin_guard(app: ASGIApp) -> ASGIApp:
    """Middleware that applies `check_origin` to every request."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            server = service_in(scope).runtimes.current.settings.server
            if not server.keys and not scope["path"].startswith(_KEYED):
                check_origin(scope["method"], _headers(scope), server, _local(scope))
        await app(scope, receive, send)

    return guard


def _headers(scope: HTTPScope) -> dict[str, str]:
    """The headers `check_origin` reads; all values of a repeated one, which then match no allowed host."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name in _LOOKED_AT:
            key, text = name.decode(), value.decode("latin-1")
            found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _local(scope: HTTPScope) -> str:
    """The connection's local address; empty if unknown."""
    server = scope["server"]
    return server[0] if server else ""


def check_origin(method: str, headers: Mapping[str, str], server: Server, local: str = "") -> None:
    """Raises RequestRefused (403, 415) for a request that a web page may have sent. `headers` have lower-case
    names. `local`: the address that the client connected to."""
    if "*" not in server.hosts:
        host, origin = headers.get("host"), headers.get("origin")
        if host is not None and not _is_ours(_name_in(host), server.hosts, server.host, local):
            raise RequestRefused(
                f"Host {_excerpt(host)} is not a name of this gateway: {_SETTING}", Kind.PERMISSION
            )
        if origin is not None and not _is_ours(_host_of(origin), server.hosts, server.host, local):
            raise RequestRefused(
                f"a page of {_excerpt(origin)} may not use this gateway: {_SETTING}", Kind.PERMISSION
            )
    content_type = headers.get("content-type", "")
    if method != "POST" or _is_json(content_type) or not (content_type or "origin" in headers):
        return
    if _has_body(headers):
        raise RequestRefused(
            f"the content type {_excerpt(content_type)} is not supported: send the body with content-type: "
            "application/json",
            Kind.UNSUPPORTED_MEDIA_TYPE,
        )


@functools.lru_cache(maxsize=256)
def _is_ours(name: str, hosts: tuple[str, ...], listening: str, local: str) -> bool:
    if name in hosts or is_loopback_host(name) or name.endswith(".localhost"):
        return True
    address = _address(name)
    if address is None:
        return bool(name) and name == listening.strip("[]").lower()
    return not address.is_unspecified and address in (_address(listening.strip("[]")), _address(local))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """IPv4 as IPv4, even if a dual-stack socket gives it as IPv6; without an interface."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@functools.lru_cache(maxsize=256)
def _host_of(origin: str) -> str:
    """Empty for `null`, which a sandboxed page sends."""
    try:
        parts = urlsplit(origin.strip())
    except ValueError:
        return ""
    return _name_in(parts.netloc) if parts.scheme in ("http", "https") else ""


@functools.lru_cache(maxsize=256)
def _name_in(authority: str) -> str:
    """`localhost:8080` -> `localhost`, `[::1]:8080` -> `::1`; empty for an invalid authority."""
    try:
        name = urlsplit(f"//{authority.strip()}").hostname
    except ValueError:
        return ""
    return (name or "").removesuffix(".")


def _has_body(headers: Mapping[str, str]) -> bool:
    return headers.get("content-length", "0").strip() != "0" or "transfer-encoding" in headers


def _is_json(content_type: str) -> bool:
    essence = content_type.partition(";")[0].strip().lower()
    return essence == "application/json" or (essence.startswith("application/") and essence.endswith("+json"))


def _excerpt(value: str) -> str:
    return repr(value[:_SHOWN])
