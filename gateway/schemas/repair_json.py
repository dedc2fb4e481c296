"""Converts the arguments of a tool call as a model wrote them to what the client's schema requires.

    {"a": 1,}  ->  {"a": 1}          trailing commas, line ends in strings, a Markdown fence
    "{\\"a\\": 1}"  ->  {"a": 1}     an object written as a string
    [1, 2]  ->  {"items": [1, 2]}    if the tool has exactly one property of that type
    {"n": null}  ->  {}              if `n` was optional before the schema was made strict
    {a: "x"}  ->  {"a": "x"}         only with `repair`: the most likely meaning of other malformed JSON
    {"n": "5"}  ->  {"n": 5}         only with `repair`: a string with the value that the schema requires

Rules:
- Valid arguments stay unchanged, byte for byte.
- Arguments that are unreadable even then, or truncated, give None: nothing replaces them.
- Arguments that the schema still refuses are passed on: the client reports that, and the model tries again.
"""

from __future__ import annotations

from typing import Any

import msgspec
from attrs import evolve, frozen

from gateway.schemas import optional_nulls
from gateway.schemas.refs import inline_refs
from gateway.schemas.repair_arguments import repair_json_text, tidy_json
from gateway.schemas.schema import Node, is_node, schema_list, subschemas, type_of, types
from gateway.schemas.validation import validator


@frozen
class RepairedArguments:
    """`how`: the repair; empty if it is not worth a notice."""

    arguments: str
    how: str = ""


@frozen
class ArgumentRepair:
    """The repairs for the arguments of one tool. `schema` is the client's own, as it was sent."""

    schema: bytes
    nulls: bool = False
    """The schema was made strict: nulls stand for omitted properties."""
    repair: bool = False
    """Also make likely repairs, not only certain ones."""

    def repair_arguments(self, text: str) -> RepairedArguments | None:
        """None if the text cannot be read as an object."""
        stripped = text.strip()
        if stripped in ("", "null"):
            return RepairedArguments("{}")
        read = _read(stripped, repair=self.repair)
        if read is None:
            return None
        root = _root(self.schema)
        read = _as_object(read, root, repair=self.repair)
        if not is_node(read.value):
            return None
        fixed: Any = optional_nulls.drop_optional_nulls(read.value, root) if self.nulls else read.value
        if self.repair and validator(self.schema)(fixed) is not None:
            coerced = _coerced(fixed, inline_refs(root))
            if coerced != fixed:
                fixed, read = coerced, evolve(read, how=read.how or "types")
        if fixed == read.value:
            return RepairedArguments(read.text, read.how)
        return RepairedArguments(msgspec.json.encode(fixed).decode(), read.how)


def _root(schema: bytes) -> Node:
    try:
        node = msgspec.json.decode(schema or b"{}")
    except (msgspec.DecodeError, RecursionError):
        return {}
    return node if is_node(node) else {}


@frozen
class _Read:
    """`text` is the value's JSON."""

    text: str
    value: Any
    how: str = ""


def _read(text: str, *, repair: bool = False) -> _Read | None:
    if (read := _decoded(text)) is not None:
        return read
    if (read := _decoded(tidy_json(text))) is not None:
        return evolve(read, how="json")
    value = repair_json_text(text) if repair else None
    return None if value is None else _Read(msgspec.json.encode(value).decode(), value, "json")


def _decoded(text: str) -> _Read | None:
    try:
        return _Read(text, msgspec.json.decode(text))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _as_object(read: _Read, root: Node, *, repair: bool) -> _Read:
    if isinstance(read.value, str) and read.value.lstrip()[:1] in ("{", "["):
        inner = _read(read.value.strip(), repair=repair)
        read = evolve(inner, how=read.how or "string") if inner is not None else read
    if read.value is None or is_node(read.value):
        return read
    properties = subschemas(root.get("properties"))
    fitting = [name for name, schema in properties.items() if _fits(read.value, schema, root)]
    if len(fitting) != 1:
        return read
    name = msgspec.json.encode(fitting[0]).decode()
    return _Read(f"{{{name}:{read.text}}}", {fitting[0]: read.value}, read.how or "wrapped")


def _fits(value: Any, schema: Any, root: Node) -> bool:
    kinds = [kind for node in optional_nulls.alternatives([schema], root) for kind in types(node)]
    kind = type_of(value)
    return kind in kinds or (kind == "integer" and "number" in kinds)


def _coerced(value: object, schema: object) -> object:
    """Strings with a value of another type that the schema requires are converted to that type."""
    if not is_node(schema):
        return value
    if isinstance(value, str) and (kinds := types(schema)) and "string" not in kinds:
        inner = _decoded(value.strip())
        return _coerced(inner.value, schema) if inner and _fits(inner.value, schema, schema) else value
    if isinstance(value, list):
        return [_coerced(item, schema.get("items")) for item in schema_list(value)]
    if is_node(value):
        properties = subschemas(schema.get("properties"))
        return {name: _coerced(below, properties.get(name)) for name, below in value.items()}
    return value
