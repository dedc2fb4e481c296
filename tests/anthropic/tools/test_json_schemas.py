"""Building blocks for the schemas of Anthropic's own tools."""

import json

import pytest

from gateway.anthropic.tools.json_schemas import (
    DIRECTION,
    INTEGER,
    POINT,
    STRING,
    enum_schema,
    object_schema,
    parameters_json,
)


@pytest.mark.parametrize(
    ("values", "enum"), [("a", ["a"]), ("up down", ["up", "down"]), ("  ä\nb ", ["ä", "b"]), ("", [])]
)
def test_enum_lists_its_values(values: str, enum: list[str]):
    assert enum_schema(values) == {"type": "string", "enum": enum}


def test_object_names_its_required_properties_only_if_there_are_any():
    assert object_schema({}) == {"type": "object", "properties": {}}
    assert object_schema({"a": STRING, "b": INTEGER}, "b a") == {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
        "required": ["b", "a"],
    }


def test_parameters_are_the_same_object_as_json():
    properties = {"to": POINT, "way": DIRECTION}
    assert json.loads(bytes(parameters_json(properties, "to"))) == {
        "type": "object",
        "properties": {
            "to": {"type": "array", "items": {"type": "integer"}, "description": "[x, y]"},
            "way": {"type": "string", "enum": ["up", "down", "left", "right"]},
        },
        "required": ["to"],
    }
