"""Client keys, compared in constant time.

Rules:
- A request may carry two credentials: `x-api-key` (Claude Code, older SDKs) and `Authorization: Bearer`
  (newer SDKs). Claude Code sends both if its shell has an Anthropic key in addition to the gateway's token.
  Either one may be the client key. The same holds for the values of a repeated header, up to `MAX_VALUES`.
- A configured key, including the admin key, is valid only for this gateway: a credential header with one is
  removed, whatever its scheme. The other header stays, for providers with `pass_credentials`.
- A credential outside ASCII is removed: no API has such keys.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterator, Mapping

from gateway.errors import Kind, RequestRefused
from gateway.settings.models import Server

_HEADERS = ("x-api-key", "authorization")
MAX_VALUES = 8
"""Values of one credential header that are compared; a header with more is not a credential, and is
removed."""


def authenticate(headers: Mapping[str, str], server: Server) -> str:
    """The name of the client's key (`key-1` for the first of `server.keys`, if it has none); empty if no keys
    are configured. Raises RequestRefused (401) if neither credential is a configured key."""
    if not server.keys:
        return ""
    sent = list(_credentials(headers))
    if not sent:
        raise RequestRefused(
            "a client key is required: send it as x-api-key or as Authorization: Bearer", Kind.AUTHENTICATION
        )
    name = next(filter(None, (_name_of(credential, server) for credential in sent)), "")
    if not name:
        raise RequestRefused("invalid client key", Kind.AUTHENTICATION)
    return name


def without_gateway_key(headers: Mapping[str, str], server: Server) -> Mapping[str, str]:
    """The headers of an authenticated client without those that contain one of this gateway's keys."""
    removed = {name for name in _HEADERS if name in headers and not _may_pass(headers[name], server)}
    return {name: value for name, value in headers.items() if name not in removed} if removed else headers


def _may_pass(value: str, server: Server) -> bool:
    if not value.isascii():
        return False
    if not server.keys and server.admin_key is None:
        return True
    return value.count(",") < MAX_VALUES and not any(_is_ours(one, server) for one in _spellings(value))


def _is_ours(credential: str, server: Server) -> bool:
    is_admin_key = server.admin_key is not None and _equal(credential, server.admin_key.reveal())
    return bool(_name_of(credential, server)) or is_admin_key


def _spellings(value: str) -> Iterator[str]:
    """All readings of a credential header that a server might accept as the key."""
    for part in _values(value):
        yield part
        scheme, *words = part.split(maxsplit=1) or [""]
        token = "".join(words)
        yield from (token, *(word.strip("\"'") for word in part.split()[-1:]))
        if scheme.lower() == "basic":
            yield from _basic(token)


def _basic(token: str) -> Iterator[str]:
    """User and password."""
    try:
        user, _, password = base64.b64decode(token).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return
    yield from (user, password)


def is_admin(headers: Mapping[str, str], server: Server) -> bool:
    """Whether the request carries `server.admin_key`, sent like a client key."""
    if server.admin_key is None:
        return False
    key = server.admin_key.reveal()
    return any(_equal(credential, key) for credential in _credentials(headers))


def _credentials(headers: Mapping[str, str]) -> Iterator[str]:
    """Each credential. An `x-api-key` may have the prefix `Bearer`, which some clients send."""
    for name in _HEADERS:
        for value in _values(headers.get(name, "")):
            scheme, _, token = value.partition(" ")
            credential = token.strip() if scheme.lower() == "bearer" else value
            if credential and (name == "x-api-key" or credential is not value):
                yield credential


def _values(header: str) -> Iterator[str]:
    """The whole header, and the single values of a repeated one."""
    yield header.strip()
    if 0 < header.count(",") < MAX_VALUES:
        yield from (value.strip() for value in header.split(","))


def _name_of(credential: str, server: Server) -> str:
    """The name of this configured key; empty if there is none. Always compares all keys."""
    found = ""
    for number, one in enumerate(server.keys, 1):
        if _equal(credential, one.key.reveal()):
            found = one.name or f"key-{number}"
    return found


def _equal(offered: str, key: str) -> bool:
    return hmac.compare_digest(offered.encode(), key.encode())
