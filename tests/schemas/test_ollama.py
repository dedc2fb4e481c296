"""Ollama's schemas have seven keywords, each with a value that its decoder takes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.schemas.ollama import ollama_schema

KEYS = (
    "type description required properties anyOf oneOf allOf items enum const $ref $defs format minimum "
    "additionalProperties x"
).split()
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["object", "string", "null", "#/$defs/x", "#"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=20,
)


def test_worked_example_of_the_specification():
    point = {"type": "object", "properties": {"x": {"type": "integer", "minimum": 1}}, "required": ["x"]}
    sent = {
        "type": "object",
        "$defs": {"P": point},
        "properties": {
            "p": {"$ref": "#/$defs/P"},
            "k": {"const": "v"},
            "u": {"oneOf": [{"type": "string"}, {"type": "null"}]},
            "any": True,
        },
        "required": ["p"],
        "additionalProperties": False,
    }
    assert ollama_schema(sent) == {
        "type": "object",
        "properties": {
            "p": {
                "type": "object",
                "properties": {"x": {"type": "integer", "description": "{minimum: 1}"}},
                "required": ["x"],
            },
            "k": {"type": "string", "enum": ["v"]},
            "u": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "any": {},
        },
        "required": ["p"],
    }


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({}, {}),
        ({"type": 3, "description": None, "required": ["a", 1], "enum": "x"}, {}),
        ({"properties": [], "anyOf": {}}, {}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"type": ["string", 1]}, {}),
        ({"type": "number", "const": 1}, {"type": "number", "enum": [1]}),
        ({"const": [1]}, {"type": "array", "enum": [[1]]}),
        ({"const": None}, {"type": "null", "enum": [None]}),
        ({"items": [{"type": "string"}, {}]}, {"items": {"type": "string"}}),
        ({"items": True}, {"items": {}}),
        ({"oneOf": [{"const": 1}], "anyOf": [{}]}, {"anyOf": [{"type": "integer", "enum": [1]}, {}]}),
        ({"anyOf": [{}], "oneOf": [{"type": "null"}]}, {"anyOf": [{}, {"type": "null"}]}),
        (
            {"type": "integer", "maximum": 9007199254740991, "exclusiveMinimum": 0, "title": "T"},
            {"type": "integer", "description": "{exclusiveMinimum: 0}"},
        ),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            {"type": "object", "description": '{additionalProperties: {"type":"string"}}'},
        ),
        ({"allOf": [{"type": "string"}, {"description": "Ö"}]}, {"type": "string", "description": "Ö"}),
    ],
)
def test_schema_has_only_what_the_decoder_takes(sent: dict[str, Any], kept: dict[str, Any]):
    assert ollama_schema(sent) == kept


@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING))
def test_every_schema_can_be_decoded(sent: dict[str, Any]):
    assert is_decodable(ollama_schema(sent))


def is_decodable(node: object) -> bool:
    """Whether Ollama's `ToolProperty` decodes the node and has a field for each key."""
    if not isinstance(node, dict):
        return False
    kind, required = node.get("type", ""), node.get("required", [])
    return (
        set(node) <= {"type", "description", "required", "properties", "anyOf", "enum", "items"}
        and (isinstance(kind, str) or all(isinstance(k, str) for k in kind))
        and isinstance(node.get("description", ""), str)
        and all(isinstance(name, str) for name in required)
        and isinstance(node.get("enum", []), list)
        and all(map(is_decodable, node.get("anyOf", [])))
        and all(map(is_decodable, node.get("properties", {}).values()))
    )
