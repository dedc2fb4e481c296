"""Nulls that stand for what was left out are taken out as gateway/schemas/optional_nulls.py says."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.schemas.optional_nulls import NullRemover, alternatives, drop_optional_nulls

CHOICES = 10
UNION: dict[str, Any] = {
    "type": "object",
    "properties": {"root": {"$ref": "#/$defs/Any"}},
    "$defs": {
        "Any": {"anyOf": [{"$ref": f"#/$defs/C{i}"} for i in range(CHOICES)]},
        **{
            f"C{i}": {
                "type": "object",
                "properties": {"inner": {"$ref": "#/$defs/Any"}, "note": {"type": "string"}},
            }
            for i in range(CHOICES)
        },
    },
}


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"note": None}
    for _ in range(depth):
        value = {"inner": value, "note": None}
    return value


def test_each_value_is_looked_at_once_whatever_the_number_of_its_schemas():
    depth = 50
    work = NullRemover(UNION)
    kept = work.dropped({"root": nested(depth)}, (UNION,))
    assert "None" not in str(kept)
    assert work.visits == depth + 2
    assert len(work.known) <= 4


def test_schemas_of_a_value_are_found_once_each():
    found = alternatives([UNION["$defs"]["Any"], {"$ref": "#/$defs/C1"}, True], UNION)
    assert len(found) == 1 + 1 + CHOICES * 2


def test_reference_to_itself_ends():
    root = {"$ref": "#", "properties": {"a": {"type": "string"}}}
    assert drop_optional_nulls({"a": None, "b": None}, root) == {"b": None}


def test_null_goes_if_one_alternative_does_not_ask_for_it():
    may = {"properties": {"a": {"type": ["string", "null"]}}}
    may_not = {"properties": {"a": {"type": "string"}}}
    assert drop_optional_nulls({"a": None}, {"anyOf": [may, may_not]}) == {}
    assert drop_optional_nulls({"a": None}, {"anyOf": [may]}) == {"a": None}
    assert drop_optional_nulls({"a": None}, {"anyOf": [may, {**may_not, "required": ["a"]}]}) == {"a": None}


@pytest.mark.parametrize(
    "takes", [True, {"enum": [None, 1]}, {"const": None}, {"type": "null"}, {"anyOf": [{"type": "null"}]}]
)
def test_null_that_was_asked_for_stays(takes: object):
    assert drop_optional_nulls({"a": None}, {"properties": {"a": takes}}) == {"a": None}


def test_lists_are_held_against_the_items_of_all_alternatives():
    one = {"items": {"properties": {"a": {"type": "string"}}}}
    two = {"items": {"properties": {"b": {"type": "string"}}}}
    assert drop_optional_nulls([{"a": None, "b": None, "c": None}], {"anyOf": [one, two]}) == [{"c": None}]


def test_value_nested_too_deeply_stays_as_it_is():
    deep: Any = None
    for _ in range(20_000):
        deep = [deep]
    assert drop_optional_nulls(deep, {"items": {"$ref": "#"}}) is deep
