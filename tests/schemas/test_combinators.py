"""`allOf` and the alternatives at a root are merged into one schema."""

from typing import Any

import pytest

from gateway.schemas.combinators import merge_all_of, without_root_combinators

S, I = {"type": "string"}, {"type": "integer"}  # noqa: E741


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({}, {}),
        ({"allOf": []}, {}),
        ({"allOf": "x", "type": "object"}, {"type": "object"}),
        ({"allOf": [True, None]}, {}),
        ({"title": "own", "allOf": [{"title": "part", "minimum": 1}]}, {"title": "own", "minimum": 1}),
        ({"allOf": [{"minimum": 1}, {"minimum": 2}]}, {"minimum": 1}),
        (
            {"properties": {"a": S}, "allOf": [{"properties": {"a": I, "b": I}}]},
            {"properties": {"a": S, "b": I}},
        ),
        (
            {"required": ["a"], "allOf": [{"required": ["b", "a"]}, {"required": ["c"]}]},
            {"required": ["a", "b", "c"]},
        ),
        ({"allOf": [{"allOf": [{"allOf": [{"type": "string"}]}]}]}, {"type": "string"}),
    ],
)
def test_all_of_is_merged_and_the_first_value_wins(sent: dict[str, Any], kept: dict[str, Any]):
    assert merge_all_of(sent) == kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"type": "object", "properties": {"a": S}}, {"type": "object", "properties": {"a": S}}),
        (
            {
                "description": "D.",
                "properties": {"k": S},
                "required": ["k"],
                "anyOf": [
                    {"properties": {"a": S, "k": I}, "required": ["a", "s"]},
                    {"properties": {"b": S}, "required": ["s", "b"]},
                ],
            },
            {
                "description": 'D.\n\n{anyOf: [{"required":["a","s"]},{"required":["s","b"]}]}',
                "properties": {"k": S, "a": S, "b": S},
                "required": ["k", "s"],
            },
        ),
        (
            {"oneOf": [{"properties": {"a": S}}, True]},
            {"properties": {"a": S}, "description": '{oneOf: [{"properties":["a"]}]}'},
        ),
        ({"oneOf": [True]}, {"properties": {}, "description": "{oneOf: []}"}),
        ({"anyOf": []}, {}),
        ({"enum": [1], "not": {"type": "null"}}, {"description": '{enum: [1], not: {"type":"null"}}'}),
        (
            {"$ref": "#/$defs/A", "title": "own", "$defs": {"A": {"title": "A", "properties": {"a": S}}}},
            {"title": "own", "properties": {"a": S}, "$defs": {"A": {"title": "A", "properties": {"a": S}}}},
        ),
        (
            {
                "allOf": [{"$ref": "#/$defs/A"}, True],
                "$defs": {"A": {"required": ["a"]}},
            },
            {"required": ["a"], "$defs": {"A": {"required": ["a"]}}},
        ),
        (
            {"anyOf": [{"$ref": "#/$defs/A"}], "$defs": {"A": {"properties": {"a": S}, "required": ["a"]}}},
            {
                "properties": {"a": S},
                "required": ["a"],
                "$defs": {"A": {"properties": {"a": S}, "required": ["a"]}},
                "description": '{anyOf: [{"required":["a"]}]}',
            },
        ),
    ],
)
def test_root_has_all_properties_and_describes_its_alternatives(sent: dict[str, Any], kept: dict[str, Any]):
    assert without_root_combinators(sent) == kept
