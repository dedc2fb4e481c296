"""Arrays without `items` get some that allow anything."""

from typing import Any

import pytest

from gateway.schemas.array_items import add_missing_items

BARE = {"type": "array"}
FILLED = {"type": "array", "items": {}}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (BARE, FILLED),
        ({"type": ["array", "null"]}, {"type": ["array", "null"], "items": {}}),
        ({"type": "array", "items": BARE}, {"type": "array", "items": FILLED}),
        ({"type": "array", "items": [BARE]}, {"type": "array", "items": [FILLED]}),
        ({"type": "array", "prefixItems": [BARE]}, {"type": "array", "prefixItems": [FILLED], "items": {}}),
        ({"anyOf": [{"type": "null"}, BARE]}, {"anyOf": [{"type": "null"}, FILLED]}),
        ({"oneOf": [BARE]}, {"oneOf": [FILLED]}),
        ({"allOf": [BARE]}, {"allOf": [FILLED]}),
        ({"not": BARE}, {"not": FILLED}),
        ({"if": BARE, "then": BARE, "else": BARE}, {"if": FILLED, "then": FILLED, "else": FILLED}),
        ({"additionalProperties": BARE}, {"additionalProperties": FILLED}),
        ({"unevaluatedProperties": BARE}, {"unevaluatedProperties": FILLED}),
        ({"patternProperties": {"^x": BARE}}, {"patternProperties": {"^x": FILLED}}),
        ({"dependentSchemas": {"a": BARE}}, {"dependentSchemas": {"a": FILLED}}),
        ({"properties": {"items": BARE, "type": BARE}}, {"properties": {"items": FILLED, "type": FILLED}}),
        (
            {"properties": {"p": {"$ref": "#/$defs/L"}}, "$defs": {"L": BARE}},
            {"properties": {"p": {"$ref": "#/$defs/L"}}, "$defs": {"L": FILLED}},
        ),
    ],
)
def test_every_array_in_a_schema_gets_items(sent: dict[str, Any], kept: dict[str, Any]):
    assert add_missing_items(sent) == kept


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"type": "array", "items": {"type": "string"}},
        {"type": "array", "items": True},
        {"type": "string", "default": {"type": "array"}, "enum": [{"type": "array"}]},
        {"type": "object", "properties": {"type": {"const": "array"}, "items": {"type": "string"}}},
        {"$ref": "#/$defs/L", "type": "array"},
        {"const": "array"},
        {"anyOf": [True, None]},
    ],
)
def test_nothing_else_is_changed(sent: dict[str, Any]):
    assert add_missing_items(sent) == sent
