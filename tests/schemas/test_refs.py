"""References in a schema are replaced by what they refer to."""

import json
from typing import Any

import pytest

from gateway.schemas.refs import DEPTH, SIZE, inline_refs, resolve_ref

ROOT = {
    "$defs": {"D": {"type": "string"}, "a/b": {"type": "integer"}, "t~": {"type": "null"}, "no": True},
    "definitions": {"E": {"type": "number"}},
    "anyOf": [{"type": "array"}, {"items": {"type": "boolean"}}],
}


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("#", ROOT),
        ("#/$defs/D", {"type": "string"}),
        ("#/definitions/E", {"type": "number"}),
        ("#/$defs/a~1b", {"type": "integer"}),
        ("#/$defs/t~0", {"type": "null"}),
        ("#/anyOf/1/items", {"type": "boolean"}),
        ("#/anyOf/2", None),
        ("#/anyOf/x", None),
        ("#/$defs/no", None),
        ("#/$defs/no/deeper", None),
        ("#/$defs/missing", None),
        ("other.json#/$defs/D", None),
        (None, None),
        (7, None),
    ],
)
def test_reference_leads_to_a_schema_of_the_same_document(reference: Any, found: dict[str, Any] | None):
    assert resolve_ref(ROOT, reference) == found


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"$ref": "#/$defs/D"}, {"type": "string"}),
        ({"$ref": "#/$defs/D", "type": "integer"}, {"type": "integer"}),
        ({"$ref": "#/$defs/D", "description": "É"}, {"type": "string", "description": "É"}),
        ({"$ref": "#/$defs/missing", "title": "T"}, {"title": "T"}),
        ({"$ref": "https://other/schema"}, {}),
        ({"items": [True, {"$ref": "#/$defs/C"}]}, {"items": [True, {"items": {"type": "string"}}]}),
        ({"properties": {"$defs": {"$ref": "#/$defs/D"}}}, {"properties": {"$defs": {"type": "string"}}}),
    ],
)
def test_references_are_inlined_and_definitions_removed(sent: dict[str, Any], kept: dict[str, Any]):
    defs = {"D": {"type": "string"}, "C": {"items": {"$ref": "#/$defs/D"}}}
    assert inline_refs({**sent, "$defs": defs, "definitions": {}}) == kept


def test_schema_that_contains_itself_is_cut():
    tree = {"properties": {"next": {"$ref": "#/$defs/N"}}}
    text = json.dumps(inline_refs({"$ref": "#/$defs/N", "$defs": {"N": tree}}))
    assert text.count("next") == DEPTH
    assert text.endswith('{"type": "object"}' + "}}" * DEPTH)


def test_schemas_beyond_the_size_limit_allow_everything():
    whole = inline_refs({"anyOf": [{"type": "string"}] * (SIZE + 5)})
    assert whole["anyOf"][: SIZE - 1] == [{"type": "string"}] * (SIZE - 1)
    assert whole["anyOf"][SIZE - 1 :] == [{}] * 6


def test_references_that_multiply_stay_within_the_size_limit():
    defs = {
        f"D{i}": {"properties": {k: {"$ref": f"#/$defs/D{i + 1}"} for k in "abcdefgh"}} for i in range(20)
    }
    whole = inline_refs({"properties": {"p": {"$ref": "#/$defs/D0"}}, "$defs": defs})
    assert len(json.dumps(whole)) < 1_000_000
