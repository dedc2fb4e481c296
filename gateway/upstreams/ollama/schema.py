"""JSON Schemas for Ollama's tools: whatever its decoder would refuse is taken out.

Ollama decodes a tool's parameters into its own types (`api/types.go`, read at fb307609): `type` is a string
or a list of strings, `description` a string, `required` a list of strings, every property an object. One
value of another kind makes it answer 400 to the whole request. Keys it does not know it ignores.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import msgspec
from msgspec import Raw

from gateway.errors import RequestRefused

_IDENTITY = ("$schema", "$id")


@lru_cache(maxsize=512)
def parameters(schema: bytes) -> Raw:
    """`schema` as sent, empty where there was none; RequestRefused where it is nested without end."""
    try:
        return _lowered(msgspec.json.decode(schema or b"{}"))
    except RecursionError:
        raise RequestRefused("tools: an input_schema is nested too deeply") from None


def _lowered(sent: Any) -> Raw:
    root = _node(sent)
    for key in _IDENTITY:
        root.pop(key, None)
    if not isinstance(root.get("type"), str):
        root["type"] = "object"
    root.setdefault("properties", {})
    return Raw(msgspec.json.encode(root))


def _node(sent: Any) -> dict[str, Any]:
    """One schema; `true`, `false` and anything else that is no object allow everything."""
    if not isinstance(sent, dict):
        return {}
    kept = {key: value for key, value in cast("dict[str, Any]", sent).items() if _readable(key, value)}
    if "properties" in kept:
        kept["properties"] = {name: _node(value) for name, value in kept["properties"].items()}
    if "anyOf" in kept:
        kept["anyOf"] = [_node(value) for value in kept["anyOf"]]
    return kept


def _readable(key: str, value: Any) -> bool:
    match key:
        case "type":
            return isinstance(value, str) or _strings(value)
        case "description":
            return isinstance(value, str)
        case "required":
            return _strings(value)
        case "properties":
            return isinstance(value, dict)
        case "anyOf" | "enum":
            return isinstance(value, list)
        case _:
            return True


def _strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in cast("list[Any]", value))
