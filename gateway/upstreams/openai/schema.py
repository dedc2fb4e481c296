"""JSON Schemas for Chat Completions: what a client declares -> what these servers take.

Rules:
- A tool's parameters are an object with `type` and `properties`; `$schema` and `$id` are taken out. All else
  stays byte for byte, in its order.
- `strict` is only asked for where the schema keeps OpenAI's rules for it.
Results are kept by the schema's bytes: a client sends the same tools with every request.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import msgspec
from msgspec import Raw

from gateway.errors import RequestRefused

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_EMPTY = b'{"type":"object","properties":{}}'
_IDENTITY = ("$schema", "$id")
_LOOSE = frozenset(
    "allOf oneOf not if then else dependentRequired dependentSchemas patternProperties propertyNames "
    "unevaluatedProperties unevaluatedItems".split()
)


@lru_cache(maxsize=512)
def parameters(schema: bytes) -> Raw:
    """`schema` as sent, empty where there was none; RequestRefused where it is nested without end."""
    try:
        keys = _OBJECT.decode(schema)
    except msgspec.DecodeError:
        return Raw(_EMPTY)
    except RecursionError:
        raise RequestRefused("tools: an input_schema is nested too deeply") from None
    for key in _IDENTITY:
        keys.pop(key, None)
    head = {
        key: Raw(value) for key, value in (("type", b'"object"'), ("properties", b"{}")) if key not in keys
    }
    return Raw(msgspec.json.encode({**head, **keys}))


@lru_cache(maxsize=64)
def strict(schema: bytes) -> bool:
    """Whether OpenAI takes the schema with `strict: true`."""
    try:
        return _strict(msgspec.json.decode(schema))
    except RecursionError:
        return False


def _strict(node: Any) -> bool:
    if isinstance(node, list):
        return all(_strict(item) for item in cast("list[Any]", node))
    if not isinstance(node, dict):
        return True
    keys = cast("dict[str, Any]", node)
    if not _LOOSE.isdisjoint(keys) or not _closed(keys):
        return False
    named = [value for key in ("properties", "$defs") for value in _values(keys.get(key))]
    return all(map(_strict, [*named, keys.get("items"), keys.get("anyOf")]))


def _closed(keys: dict[str, Any]) -> bool:
    if keys.get("type") != "object" and "properties" not in keys:
        return True
    required, properties = keys.get("required", []), keys.get("properties", {})
    listed = isinstance(required, list) and all(name in required for name in properties)
    return listed and keys.get("additionalProperties") is False


def _values(node: Any) -> list[Any]:
    return list(cast("dict[str, Any]", node).values()) if isinstance(node, dict) else []
