"""The arguments of a tool call as a model wrote them -> as the client's schema wants them.

    {"a": 1,}  ->  {"a": 1}          broken JSON is repaired
    "{\\"a\\": 1}"  ->  {"a": 1}     an object written as a string
    [1, 2]  ->  {"items": [1, 2]}    where the tool has exactly one property of that type
    {"n": "5"}  ->  {"n": 5}         text that is the value which the schema wants
    {"n": null}  ->  {}              where `n` was optional before the schema was made strict

Rules:
- Arguments that need nothing stay byte for byte.
- What cannot be read even then is none: nothing is put in its place.
- Arguments that the schema still refuses are passed on: the client says so, and the model tries again.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from attrs import frozen

from gateway.schemas import nulls
from gateway.schemas.inline import inlined
from gateway.schemas.nodes import Node, is_node, named, nodes, type_of, types
from gateway.schemas.validation import check

REPAIRABLE = 256 * 1024
"""Longer texts are not repaired, in bytes: what that costs grows faster than they do."""
_FENCE = re.compile(r"\A```[a-z]*\n(.*?)\n?```\Z", re.DOTALL)


@frozen
class Mended:
    """`how`: what was done to them; empty where that is worth no notice."""

    arguments: str
    how: str = ""


@frozen
class Mending:
    """What is done to the arguments of one tool. `schema` is the client's own, as it was sent."""

    schema: bytes
    nulls: bool = False
    """The schema was made strict: nulls stand where a property was left out."""
    repair: bool = False

    def mended(self, text: str) -> Mended | None:
        """None where the text cannot be read as an object."""
        stripped = text.strip()
        if stripped in ("", "null"):
            return Mended("{}")
        value, how = _read(stripped, repair=self.repair)
        root = _root(self.schema)
        if self.repair:
            value, how = _as_object(value, how, root)
        if not is_node(value):
            return None
        fixed: Any = nulls.dropped(value, root) if self.nulls else value
        if self.repair and check(self.schema)(fixed) is not None:
            coerced = _coerced(fixed, inlined(root))
            if coerced != fixed:
                fixed, how = coerced, how or "types"
        if fixed == value and not how:
            return Mended(stripped)
        return Mended(msgspec.json.encode(fixed).decode(), how)


def _root(schema: bytes) -> Node:
    try:
        node = msgspec.json.decode(schema or b"{}")
    except (msgspec.DecodeError, RecursionError):
        return {}
    return node if is_node(node) else {}


def _read(text: str, *, repair: bool) -> tuple[Any, str]:
    """The value, and how it was read; None where it cannot be."""
    try:
        return msgspec.json.decode(text), ""
    except (msgspec.DecodeError, RecursionError):
        pass
    value = repaired(text) if repair else None
    return (value, "json") if value is not None else (None, "")


def repaired(text: str) -> Any:
    """The value that broken JSON was meant to be; None where nobody can tell."""
    if fenced := _FENCE.match(text):
        text = fenced[1]
    if text[:1] not in ("{", "[", '"') or len(text) > REPAIRABLE:
        return None
    import json_repair  # noqa: PLC0415

    try:
        value: Any = json_repair.loads(text)
    except (ValueError, RecursionError):
        return None
    return None if value in ("", {}, []) else value


def _as_object(value: Any, how: str, root: Node) -> tuple[Any, str]:
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        inner, _ = _read(value.strip(), repair=True)
        value, how = (inner, how or "string") if inner is not None else (value, how)
    if value is None or is_node(value):
        return value, how
    properties = named(root.get("properties"))
    fitting = [name for name, schema in properties.items() if _fits(value, schema)]
    if len(properties) == 1 and fitting:
        return {fitting[0]: value}, how or "wrapped"
    return value, how


def _fits(value: Any, schema: Any) -> bool:
    kinds = types(schema) if is_node(schema) else []
    kind = type_of(value)
    return kind in kinds or (kind == "integer" and "number" in kinds)


def _coerced(value: object, schema: object) -> object:
    """Strings that stand for the value of another type which the schema wants, read as that."""
    if not is_node(schema):
        return value
    if isinstance(value, str) and (kinds := types(schema)) and "string" not in kinds:
        inner, _ = _read(value.strip(), repair=False)
        return _coerced(inner, schema) if _fits(inner, schema) else value
    if isinstance(value, list):
        return [_coerced(item, schema.get("items")) for item in nodes(value)]
    if is_node(value):
        properties = named(schema.get("properties"))
        return {name: _coerced(below, properties.get(name)) for name, below in value.items()}
    return value
