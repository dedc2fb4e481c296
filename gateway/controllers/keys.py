"""Who is asking: client keys, compared in constant time."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from gateway.errors import Kind, RequestRefused
from gateway.settings.models import Server


def authenticate(headers: Mapping[str, str], server: Server) -> str:
    """The name of the client's key (`key-1` for the first of `server.keys`, if it has none); empty where none
    are configured.

    Old SDKs and Claude Code send `x-api-key`, new SDKs `Authorization: Bearer`; the former is looked at
    first. RequestRefused (401) if neither holds a configured key.
    """
    if not server.keys:
        return ""
    sent = _sent(headers)
    if not sent:
        raise RequestRefused(
            "a client key is required: send it as x-api-key or as Authorization: Bearer", Kind.AUTHENTICATION
        )
    offered, name = sent.encode(), ""
    for number, one in enumerate(server.keys, 1):
        if hmac.compare_digest(offered, one.key.reveal().encode()):
            name = one.name or f"key-{number}"
    if not name:
        raise RequestRefused("invalid client key", Kind.AUTHENTICATION)
    return name


def without_key(headers: Mapping[str, str], server: Server) -> Mapping[str, str]:
    """The headers of an authenticated client without its key: that opens this gateway and nothing behind it.

    What the client sends beside it may be its user's own, and a provider may be told to pass it on.
    """
    if not server.keys:
        return headers
    key = _sent(headers)
    return {
        name: value
        for name, value in headers.items()
        if name not in _HEADERS or key not in (value, _bearer(value))
    }


def is_admin(headers: Mapping[str, str], server: Server) -> bool:
    """Whether the request carries `server.admin_key`, sent as a client key is."""
    if server.admin_key is None:
        return False
    sent = _sent(headers)
    return hmac.compare_digest(sent.encode(), server.admin_key.reveal().encode())


_HEADERS = frozenset({"x-api-key", "authorization"})


def _sent(headers: Mapping[str, str]) -> str:
    return headers.get("x-api-key") or _bearer(headers.get("authorization", ""))


def _bearer(value: str) -> str:
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
