"""JSON Schemas as plain values, and the operations that every lowering shares.

A node is a schema that is an object; `true` and `false` are schemas too, and anything else counts as `true`.
These functions never change their arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeGuard, cast

import msgspec

Node = dict[str, Any]

MAPS = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas", "dependencies")
LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
SINGLES = (
    "items",
    "additionalItems",
    "unevaluatedItems",
    "additionalProperties",
    "unevaluatedProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "contentSchema",
)
COMBINERS = ("anyOf", "oneOf", "allOf")


def is_node(value: Any) -> TypeGuard[Node]:
    return isinstance(value, dict)


def schema_list(value: Any) -> list[Any]:
    """The schemas of a list; none of anything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def subschemas(value: Any) -> Node:
    """The schemas of a map by their names; none of anything else."""
    return cast("Node", value) if isinstance(value, dict) else {}


def strings(value: Any) -> list[str]:
    """The strings of a list."""
    return [item for item in schema_list(value) if isinstance(item, str)]


def map_subschemas(node: Node, change: Callable[[Any], Any]) -> Node:
    """The node with every schema directly below it changed."""
    out: Node = {}
    for key, value in node.items():
        if key in MAPS and isinstance(value, dict):
            out[key] = {name: change(below) for name, below in subschemas(value).items()}
        elif isinstance(value, list) and (key in LISTS or key == "items"):
            out[key] = [change(below) for below in schema_list(value)]
        elif key in SINGLES and isinstance(value, dict):
            out[key] = change(value)
        else:
            out[key] = value
    return out


CACHE_CONTROL = "cache_control"


def without_invalid_keywords(value: Any) -> Any:
    """A schema without invalid values and without the prompt-cache mark.

    Servers answer 400 to the whole request for any of them.
    """
    if value is None:
        return {}
    if not is_node(value):
        return value
    return map_subschemas(
        {key: inner for key, inner in value.items() if _is_sound(key, inner)}, without_invalid_keywords
    )


def _is_sound(key: str, value: Any) -> bool:
    if key in MAPS:
        return isinstance(value, dict)
    if key in LISTS or key == "required":
        return isinstance(value, list)
    if key == "type":
        return isinstance(value, str | list)
    return key != CACHE_CONTROL and not (value is None and key in SINGLES)


def types(node: Node) -> list[str]:
    """The names in `type`, one or several."""
    kind = node.get("type")
    return [kind] if isinstance(kind, str) else strings(kind)


def without(node: Node, keys: Iterable[str]) -> Node:
    """The node without these keys, which are appended to its description: `{minimum: 1}`."""
    removed = set(keys)
    moved = {key: value for key, value in node.items() if key in removed}
    kept = {key: value for key, value in node.items() if key not in removed}
    return describe(kept, moved)


UNSPOKEN = frozenset(
    "$schema $id $comment $anchor $defs definitions title examples unevaluatedProperties".split()
)
_SAFE = 2**53 - 1


def is_idle(key: str, value: Any) -> bool:
    """Whether a key has no meaning for a model: it is not repeated in the description."""
    if key == "additionalProperties":
        return isinstance(value, bool) or value == {}
    bound = key in ("minimum", "maximum") and isinstance(value, int | float) and abs(value) >= _SAFE
    return bound or key in UNSPOKEN


def describe(node: Node, facts: Mapping[str, Any]) -> Node:
    """The node with facts that its target has no keywords for appended to its description."""
    if not facts:
        return node
    listed = ", ".join(f"{key}: {_text(value)}" for key, value in facts.items())
    before = node.get("description")
    text = f"{before}\n\n{{{listed}}}" if isinstance(before, str) and before else f"{{{listed}}}"
    return {**node, "description": text}


def type_of(value: Any) -> str | None:
    """The JSON Schema type name of a value."""
    match value:
        case bool():
            return "boolean"
        case str():
            return "string"
        case int():
            return "integer"
        case float():
            return "number"
        case None:
            return "null"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
