"""Building blocks for the JSON Schemas of Anthropic's own tools."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Raw

Schema = Mapping[str, object]

STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}
INTEGERS: Schema = {"type": "array", "items": INTEGER}
STRINGS: Schema = {"type": "array", "items": STRING}
POINT: Schema = {**INTEGERS, "description": "[x, y]"}
REGION: Schema = {**INTEGERS, "description": "[x0, y0, x1, y1]"}


def enum_schema(values: str) -> Schema:
    """`values` separated by spaces."""
    return {"type": "string", "enum": values.split()}


DIRECTION = enum_schema("up down left right")


def object_schema(properties: Mapping[str, Schema], required: str = "") -> Schema:
    """An object; `required` names properties, separated by spaces."""
    whole: dict[str, object] = {"type": "object", "properties": properties}
    return {**whole, "required": required.split()} if required else whole


def parameters_json(properties: Mapping[str, Schema], required: str = "") -> Raw:
    """The same as JSON, for a tool's parameters."""
    return Raw(msgspec.json.encode(object_schema(properties, required)))
