"""A model's text that should be JSON -> the JSON in it.

    "Here it is:\\n```json\\n{\\"n\\": 1}\\n```"  ->  {"n": 1}

Rules:
- Text that is JSON stays unchanged, byte for byte, without the surrounding white space. Otherwise a fenced
  block is used, or the first object or list in the text; malformed JSON is repaired.
- Text without JSON is left unchanged.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
from attrs import frozen

from gateway.schemas import optional_nulls
from gateway.schemas.repair_arguments import repair_json_text
from gateway.schemas.schema import is_node
from gateway.schemas.validation import validator

_FENCED = re.compile(r"```[A-Za-z]*[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)
_OPENING = re.compile(r"[{\[]")
TRIES = 32
"""How many possible starts of an object or list are tried."""
_DECODER = json.JSONDecoder()


@frozen
class ExtractedJson:
    """`wrong`: why the text does not match the schema; None if it does."""

    text: str
    wrong: str | None


def extract_json(text: str, schema: bytes, *, nulls: bool = False) -> ExtractedJson:
    found = _found(text)
    if found is None:
        return ExtractedJson(text.strip(), "it is not JSON")
    source, value = found
    if nulls:
        source, value = _without_nulls(source, value, schema)
    return ExtractedJson(source, validator(schema)(value))


def _found(text: str) -> tuple[str, Any] | None:
    """The JSON as it occurs in the text, and its value."""
    stripped = text.strip()
    for source in (stripped, *(fenced.strip() for fenced in _FENCED.findall(text))):
        try:
            return source, msgspec.json.decode(source)
        except (msgspec.DecodeError, RecursionError):
            continue
    return _inside(stripped) or _repair(stripped)


def _inside(text: str) -> tuple[str, Any] | None:
    """The first object or list inside the text."""
    for number, begin in enumerate(_OPENING.finditer(text)):
        if number == TRIES:
            break
        try:
            value, end = _DECODER.raw_decode(text, begin.start())
        except (ValueError, RecursionError):
            continue
        if value:
            return text[begin.start() : end], value
    return None


def _repair(text: str) -> tuple[str, Any] | None:
    begin = text.find("{")
    value = repair_json_text(text[begin:].removesuffix("```")) if begin >= 0 else None
    return (msgspec.json.encode(value).decode(), value) if value is not None else None


def _without_nulls(source: str, value: Any, schema: bytes) -> tuple[str, Any]:
    root: Any = msgspec.json.decode(schema)
    kept = optional_nulls.drop_optional_nulls(value, root) if is_node(root) else value
    return (source, value) if kept == value else (msgspec.json.encode(kept).decode(), kept)
