"""Applies the configured `extra_body` to an upstream request's JSON, as a merge patch (RFC 7386).

Objects are merged key by key, anything else replaces the old value, and null removes a key. Keys outside the
patch keep their encoded bytes: the messages are not decoded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import msgspec
from msgspec import Raw

_OBJECT = msgspec.json.Decoder(dict[str, Raw])


def merge_extra_body(body: bytes, patch: Mapping[str, object]) -> bytes:
    """`body` is one JSON object."""
    return msgspec.json.encode(_patched(_OBJECT.decode(body), patch))


def _patched(target: Mapping[str, Raw], patch: Mapping[str, object]) -> dict[str, Raw]:
    result = dict(target)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            below = _patched(_object(result.get(key)), cast("dict[str, object]", value))
            result[key] = Raw(msgspec.json.encode(below))
        else:
            result[key] = Raw(msgspec.json.encode(value))
    return result


def _object(raw: Raw | None) -> Mapping[str, Raw]:
    if raw is None or not bytes(raw).startswith(b"{"):
        return {}
    return _OBJECT.decode(raw)
