"""Operations on JSON Schemas as plain values."""

from typing import Any

import pytest

from gateway.schemas.schema import (
    describe,
    is_idle,
    map_subschemas,
    schema_list,
    strings,
    subschemas,
    type_of,
    types,
    without,
    without_invalid_keywords,
)


@pytest.mark.parametrize(
    ("value", "as_list", "as_map", "texts"),
    [
        (["a", 1, {"b": 2}, None], ["a", 1, {"b": 2}, None], {}, ["a"]),
        ({"a": 1}, [], {"a": 1}, []),
        ("ab", [], {}, []),
        (None, [], {}, []),
        (True, [], {}, []),
    ],
)
def test_value_of_another_type_has_no_schemas(value: Any, as_list: list, as_map: dict, texts: list[str]):
    assert schema_list(value) == as_list
    assert subschemas(value) == as_map
    assert strings(value) == texts


def test_every_schema_directly_below_is_changed_and_nothing_else():
    sent = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": True},
        "$defs": {"D": {"x": 1}},
        "anyOf": [{"y": 1}, False],
        "items": [{"z": 1}],
        "not": {"n": 1},
        "additionalProperties": False,
        "default": {"type": "string"},
        "enum": [{"type": "string"}],
        "required": ["a"],
    }
    assert map_subschemas(sent, lambda below: ["changed", below]) == {
        "type": "object",
        "properties": {"a": ["changed", {"type": "string"}], "b": ["changed", True]},
        "$defs": {"D": ["changed", {"x": 1}]},
        "anyOf": [["changed", {"y": 1}], ["changed", False]],
        "items": [["changed", {"z": 1}]],
        "not": ["changed", {"n": 1}],
        "additionalProperties": False,
        "default": {"type": "string"},
        "enum": [{"type": "string"}],
        "required": ["a"],
    }


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (None, {}),
        (True, True),
        ("x", "x"),
        ({"properties": [], "type": "object"}, {"type": "object"}),
        ({"anyOf": {}, "required": "a"}, {}),
        ({"type": 3}, {}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"items": None, "not": None, "default": None}, {"default": None}),
        ({"cache_control": {"type": "ephemeral"}, "type": "string"}, {"type": "string"}),
        (
            {"properties": {"cache_control": {"cache_control": {}, "type": "string"}, "n": None}},
            {"properties": {"cache_control": {"type": "string"}, "n": {}}},
        ),
    ],
)
def test_invalid_keywords_and_cache_marks_are_removed(sent: Any, kept: Any):
    assert without_invalid_keywords(sent) == kept


@pytest.mark.parametrize(
    ("node", "names"),
    [
        ({"type": "string"}, ["string"]),
        ({"type": ["string", "null", 1]}, ["string", "null"]),
        ({"type": None}, []),
        ({}, []),
    ],
)
def test_types_of_a_node(node: dict[str, Any], names: list[str]):
    assert types(node) == names


@pytest.mark.parametrize(
    ("node", "keys", "kept"),
    [
        ({"minimum": 1}, ["minimum"], {"description": "{minimum: 1}"}),
        (
            {"description": "D.", "minLength": 2, "pattern": "^ä"},
            ["pattern", "minLength"],
            {"description": "D.\n\n{minLength: 2, pattern: ^ä}"},
        ),
        ({"description": "", "x": {"a": [None]}}, ["x"], {"description": '{x: {"a":[null]}}'}),
        ({"description": 5, "x": True}, ["x"], {"description": "{x: true}"}),
        ({"description": "D."}, ["minimum"], {"description": "D."}),
    ],
)
def test_removed_keys_are_appended_to_the_description(
    node: dict[str, Any], keys: list[str], kept: dict[str, Any]
):
    assert without(node, keys) == kept


def test_node_without_facts_is_returned_unchanged():
    node = {"type": "string"}
    assert describe(node, {}) is node


@pytest.mark.parametrize(
    ("key", "value", "idle"),
    [
        ("additionalProperties", False, True),
        ("additionalProperties", {}, True),
        ("additionalProperties", {"type": "string"}, False),
        ("maximum", 2**53 - 1, True),
        ("minimum", -(2**53), True),
        ("maximum", 2**53 - 2, False),
        ("maximum", "9", False),
        ("exclusiveMaximum", 2**53, False),
        ("title", "T", True),
        ("$schema", "s", True),
        ("pattern", "^a", False),
    ],
)
def test_keys_without_meaning_for_a_model(key: str, value: Any, idle: bool):
    assert is_idle(key, value) is idle


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (True, "boolean"),
        ("", "string"),
        (0, "integer"),
        (0.5, "number"),
        (None, "null"),
        ([], "array"),
        ({}, "object"),
        (b"", None),
    ],
)
def test_type_name_of_a_value(value: Any, name: str | None):
    assert type_of(value) == name
