"""A client's schema -> the schema sent to one kind of server, in bytes.

    loose     the schema itself, with a root that a function may have
    unclosed  the same, and no object is closed
    gemini    OpenAPI's subset
    ollama    seven keywords
    grammar   the keywords that a grammar supports

Rules:
- Pure, and cached by the schema's bytes: a client sends the same tools with every request. At most `KEPT`
  results of each kind are cached.
- A tool's parameters are an object with `type` and `properties`. An invalid schema becomes an empty object.
- `bare` removes constraints on strings, numbers and lengths; `items` adds `items` to arrays.
- Invalid values and `cache_control` are removed first (`schema.without_invalid_keywords`).
- The caller keeps the original: answers are validated against it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal

import msgspec
from attrs import frozen
from msgspec import Raw

from gateway.errors import RequestRefused
from gateway.schemas import gemini, grammar, mistral, ollama
from gateway.schemas import strict as strictness
from gateway.schemas.array_items import add_missing_items
from gateway.schemas.combinators import without_root_combinators
from gateway.schemas.schema import CACHE_CONTROL, Node, is_node, without_invalid_keywords

Level = Literal["loose", "unclosed", "gemini", "ollama", "grammar"]

KEPT = 1_024
_IDENTITY = ("$schema", "$id")
_OBJECT = b'"object"'
_EMPTY = b'{"type":"object","properties":{}}'
_KEYS = msgspec.json.Decoder(dict[str, Raw])
_CLOSED_ROOT = frozenset({"anyOf", "oneOf", "allOf", "enum", "not", "$ref"})
"""Keywords that function parameters must not have at their root."""
_NULL = re.compile(rb":\s*null")
_MARK = f'"{CACHE_CONTROL}"'.encode()
_LOWERED: Mapping[Level, Callable[[Node], Node] | None] = {
    "loose": None,
    "unclosed": mistral.mistral_schema,
    "gemini": gemini.gemini_schema,
    "ollama": ollama.ollama_schema,
    "grammar": grammar.grammar_schema,
}


@lru_cache(maxsize=KEPT)
def tool_parameters(schema: bytes, level: Level = "loose", bare: bool = False, items: bool = False) -> Raw:
    """A tool's parameters. Raises RequestRefused if they are nested too deeply."""
    try:
        keys = _KEYS.decode(schema)
        if level == "loose" and not bare and _is_sound(schema, keys) and not (items and _lacks_items(schema)):
            return _with_basics({key: value for key, value in keys.items() if key not in _IDENTITY})
        return _lowered_root(
            without_invalid_keywords(msgspec.json.decode(schema)), level, bare=bare, items=items
        )
    except msgspec.DecodeError:
        return Raw(_EMPTY)
    except RecursionError:
        raise RequestRefused("tools: an input_schema is nested too deeply") from None


def named_tool_parameters(
    name: str, schema: Raw, level: Level = "loose", bare: bool = False, items: bool = False
) -> Raw:
    """The same for a tool by its name: an unchanged schema is only compared."""
    key = (name, level, bare, items)
    kept = _LATEST.get(key)
    if kept is not None and kept[0] == schema:
        return kept[1]
    lowered = tool_parameters(bytes(schema), level, bare, items)
    if len(_LATEST) >= KEPT:
        _LATEST.clear()
    _LATEST[key] = (schema.copy(), lowered)
    return lowered


_LATEST: dict[tuple[str, Level, bool, bool], tuple[Raw, Raw]] = {}
"""Each tool's last schema, as sent and lowered."""


@lru_cache(maxsize=KEPT)
def answer_schema(schema: bytes, level: Level = "loose", *, bare: bool = False, items: bool = False) -> Raw:
    """The schema of an answer (`output_config.format`), whose root may be anything."""
    try:
        node = without_invalid_keywords(msgspec.json.decode(schema))
        node = _lowered(node, "grammar" if level == "ollama" else level, bare=bare, items=items)
    except RecursionError:
        raise RequestRefused("output_config.format: the schema is nested too deeply") from None
    return Raw(msgspec.json.encode({key: value for key, value in node.items() if key not in _IDENTITY}))


@lru_cache(maxsize=KEPT)
def is_constrained(schema: bytes) -> bool:
    """Whether `bare` would remove anything."""
    try:
        sent = without_invalid_keywords(msgspec.json.decode(schema or b"{}"))
        return is_node(sent) and grammar.without_constraints(sent) != sent
    except (msgspec.DecodeError, RecursionError):
        return False


@frozen
class StrictAnswerSchema:
    """`optional`: properties may come back as null that the client expects to be omitted.

    `as_sent`: the client's schema was strict already.
    """

    schema: Raw
    optional: bool
    as_sent: bool


@lru_cache(maxsize=KEPT)
def strict_schema(schema: bytes) -> StrictAnswerSchema | None:
    """The schema in OpenAI's form for `strict: true`; None if it has no such form."""
    try:
        sent = without_invalid_keywords(msgspec.json.decode(schema or b"{}"))
        found = strictness.make_strict(sent)
        return found and StrictAnswerSchema(
            Raw(msgspec.json.encode(found.schema)), found.optional, found.schema == sent
        )
    except RecursionError:
        return None


def _is_sound(schema: bytes, keys: Mapping[str, Raw]) -> bool:
    """Whether the root is valid already and nothing below it must be checked."""
    return (
        _CLOSED_ROOT.isdisjoint(keys)
        and bytes(keys.get("type", _OBJECT)) == _OBJECT
        and bytes(keys.get("properties", b"{")).startswith(b"{")
        and bytes(keys.get("required", b"[")).startswith(b"[")
        and _MARK not in schema
        and not (b"null" in schema and _NULL.search(schema))
    )


def _lacks_items(schema: bytes) -> bool:
    if b'"array"' not in schema:
        return False
    node = msgspec.json.decode(schema)
    return add_missing_items(node) != node


def _with_basics(keys: Mapping[str, Raw]) -> Raw:
    """Values stay unchanged, byte for byte."""
    head = {key: Raw(value) for key, value in (("type", _OBJECT), ("properties", b"{}")) if key not in keys}
    return Raw(msgspec.json.encode({**head, **keys}))


def _lowered_root(sent: Any, level: Level, *, bare: bool, items: bool) -> Raw:
    root: Node = sent if is_node(sent) else {}
    if not _CLOSED_ROOT.isdisjoint(root):
        root = without_root_combinators(root)
    root = _lowered(root, level, bare=bare, items=items)
    root = {key: value for key, value in root.items() if key not in _IDENTITY}
    if root.get("type") != "object":
        root = {**root, "type": "object"}
    if not is_node(root.get("properties")):
        root = {**root, "properties": {}}
    head = {key: root[key] for key in ("type", "properties")} if "type" not in root else {}
    return Raw(msgspec.json.encode({**head, **root}))


def _lowered(node: Node, level: Level, *, bare: bool, items: bool) -> Node:
    lower = _LOWERED[level]
    node = grammar.without_constraints(node) if bare else node
    node = lower(node) if lower else node
    return add_missing_items(node) if items else node
