"""Client keys, compared in constant time.

Rules:
- A request may carry two credentials: `x-api-key` (Claude Code, older SDKs) and `Authorization: Bearer`
  (newer SDKs). Claude Code sends both when its shell has an Anthropic key beside the gateway's token. Either
  one may be the client key.
- A configured key opens this gateway and nothing behind it: it is removed wherever it stands. The other
  credential stays, for providers with `pass_credentials`.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping

from gateway.errors import Kind, RequestRefused
from gateway.settings.models import Server

_HEADERS = ("x-api-key", "authorization")


def authenticate(headers: Mapping[str, str], server: Server) -> str:
    """The name of the client's key (`key-1` for the first of `server.keys`, if it has none); empty where none
    are configured. RequestRefused (401) if neither credential is a configured key."""
    if not server.keys:
        return ""
    sent = [credential for _, credential in _credentials(headers)]
    if not sent:
        raise RequestRefused(
            "a client key is required: send it as x-api-key or as Authorization: Bearer", Kind.AUTHENTICATION
        )
    name = next(filter(None, (_name_of(credential, server) for credential in sent)), "")
    if not name:
        raise RequestRefused("invalid client key", Kind.AUTHENTICATION)
    return name


def without_key(headers: Mapping[str, str], server: Server) -> Mapping[str, str]:
    """The headers of an authenticated client without the configured keys among its credentials.

    Nor do credentials stay that no header can carry on: letters that are no ASCII.
    """
    ours = {name for name in _HEADERS if _is_kept_back(headers.get(name, ""), server)}
    return {name: value for name, value in headers.items() if name not in ours} if ours else headers


def _is_kept_back(value: str, server: Server) -> bool:
    """Whether one of our keys stands anywhere in it: with any scheme or none, alone or among several."""
    if not value.isascii():
        return True
    keys = [one.key.reveal() for one in server.keys]
    if server.admin_key is not None:
        keys.append(server.admin_key.reveal())
    words = [
        word for part in value.split(",") for word in (part.strip(), part.split()[-1] if part.strip() else "")
    ]
    found = [_equal(word, key) for word in words for key in keys]  # all of them, whichever it is
    return any(found)


def is_admin(headers: Mapping[str, str], server: Server) -> bool:
    """Whether the request carries `server.admin_key`, sent as a client key is."""
    if server.admin_key is None:
        return False
    key = server.admin_key.reveal()
    return any(_equal(credential, key) for _, credential in _credentials(headers))


def _credentials(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Header name and credential. An `x-api-key` may be written with `Bearer`, as some clients do."""
    for name in _HEADERS:
        value = headers.get(name, "")
        scheme, _, token = value.partition(" ")
        if scheme.lower() == "bearer":
            value = token.strip()
        elif name == "authorization":
            value = ""
        if value:
            yield name, value


def _name_of(credential: str, server: Server) -> str:
    """The name of this configured key; empty if it is none. All keys are compared, whichever it is."""
    found = ""
    for number, one in enumerate(server.keys, 1):
        if _equal(credential, one.key.reveal()):
            found = one.name or f"key-{number}"
    return found


def _equal(offered: str, key: str) -> bool:
    return hmac.compare_digest(offered.encode(), key.encode())
