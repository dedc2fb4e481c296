"""OpenAI's strict schemas: every object closed, every property required."""

from typing import Any

import pytest

from gateway.schemas.strict import LETTERS, NESTING, PROPERTIES, VALUES, StrictSchema, make_strict

CLOSED = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


def nested(levels: int) -> dict[str, Any]:
    node: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        node = {"type": "object", "properties": {"p": node}, "required": ["p"], "additionalProperties": False}
    return node


@pytest.mark.parametrize("sent", [CLOSED, {**CLOSED, "description": "Ü"}, nested(NESTING)])
def test_strict_schema_stays(sent: dict[str, Any]):
    assert make_strict(sent) == StrictSchema(sent, optional=False)


def test_root_without_keywords_is_a_closed_object():
    closed = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    assert make_strict({}) == StrictSchema(closed)


@pytest.mark.parametrize(
    ("optional", "becomes"),
    [
        ({"type": "integer"}, {"type": ["integer", "null"]}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"enum": ["x"]}, {"anyOf": [{"enum": ["x"]}, {"type": "null"}]}),
        ({"type": "string", "enum": ["x"]}, {"anyOf": [{"type": "string", "enum": ["x"]}, {"type": "null"}]}),
        ({"$ref": "#/$defs/d"}, {"anyOf": [{"$ref": "#/$defs/d"}, {"type": "null"}]}),
        (
            {"oneOf": [{"type": "string"}, {"const": 1}]},
            {"anyOf": [{"type": "string"}, {"enum": [1]}, {"type": "null"}]},
        ),
    ],
)
def test_optional_property_may_be_null(optional: dict[str, Any], becomes: dict[str, Any]):
    sent = {**CLOSED, "properties": {"a": optional}, "required": [], "$defs": {"d": CLOSED}}
    kept = {**CLOSED, "properties": {"a": becomes}, "required": ["a"], "$defs": {"d": CLOSED}}
    assert make_strict(sent) == StrictSchema(kept, optional=True)


def test_objects_inside_are_closed_and_annotations_removed():
    inner = {"properties": {"x": {"type": "string", "title": "T", "default": "d"}}, "required": ["x"]}
    sent = {
        "$schema": "s",
        "properties": {"l": {"type": "array", "items": {"allOf": [{"type": "object"}, inner]}}},
        "required": ["l"],
    }
    closed = {
        "type": "object",
        "properties": {"x": {"type": "string"}},
        "required": ["x"],
        "additionalProperties": False,
    }
    assert make_strict(sent) == StrictSchema(
        {
            "type": "object",
            "properties": {"l": {"type": "array", "items": closed}},
            "required": ["l"],
            "additionalProperties": False,
        }
    )


@pytest.mark.parametrize(
    "sent",
    [
        True,
        None,
        {"type": "array", "items": CLOSED},
        {"type": ["object", "null"], "properties": {}},
        {"$ref": "#/$defs/d", "$defs": {"d": CLOSED}},
        {**CLOSED, "additionalProperties": True},
        {**CLOSED, "additionalProperties": {"type": "string"}},
        {**CLOSED, "anyOf": [CLOSED]},
        {**CLOSED, "patternProperties": {"x": {}}},
        {**CLOSED, "properties": {"a": {"type": "object"}}},
        {**CLOSED, "properties": {"a": True}},
        {**CLOSED, "properties": {"a": {}}},
        {**CLOSED, "properties": {"a": {"description": "Anything."}}},
        {**CLOSED, "properties": {"a": {"type": "array"}}},
        {**CLOSED, "properties": {"a": {"type": "array", "items": True}}},
        {**CLOSED, "properties": {"a": {"type": "array", "items": {}}}},
        {**CLOSED, "properties": {"a": {"not": {}}}},
    ],
)
def test_schema_without_a_strict_form(sent: Any):
    assert make_strict(sent) is None


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        (nested(NESTING), nested(NESTING + 1)),
        (
            {"properties": {f"p{i}": {"type": "string"} for i in range(PROPERTIES)}},
            {"properties": {f"p{i}": {"type": "string"} for i in range(PROPERTIES + 1)}},
        ),
        (
            {"properties": {"a": {"enum": list(range(VALUES))}}},
            {"properties": {"a": {"enum": list(range(VALUES + 1))}}},
        ),
        (
            {"properties": {"a": {"enum": ["é" * (LETTERS - 1)]}}},
            {"properties": {"a": {"enum": ["é" * LETTERS]}}},
        ),
    ],
    ids=["nesting", "properties", "values", "letters"],
)
def test_limits_of_openai(within: dict[str, Any], beyond: dict[str, Any]):
    assert make_strict(within) is not None
    assert make_strict(beyond) is None
