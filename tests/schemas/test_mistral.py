"""Mistral's schemas: no object is closed, and no schema has an identity."""

from typing import Any

import pytest

from gateway.schemas.mistral import mistral_schema


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({}, {}),
        ({"type": "object", "additionalProperties": False}, {"type": "object"}),
        ({"$schema": "s", "$id": "i", "type": "string"}, {"type": "string"}),
        ({"additionalProperties": True}, {"additionalProperties": True}),
        (
            {"additionalProperties": {"$id": "i", "type": "string"}},
            {"additionalProperties": {"type": "string"}},
        ),
        ({"items": [{"$id": "i"}, True]}, {"items": [{}, True]}),
        (
            {"$defs": {"D": {"additionalProperties": False}}, "anyOf": [{"$ref": "#/$defs/D"}]},
            {"$defs": {"D": {}}, "anyOf": [{"$ref": "#/$defs/D"}]},
        ),
    ],
)
def test_objects_are_open_and_identities_removed_at_every_depth(sent: dict[str, Any], kept: dict[str, Any]):
    assert mistral_schema(sent) == kept


def test_properties_and_values_named_like_the_keywords_stay():
    sent = {
        "properties": {"$id": {"type": "string"}, "additionalProperties": {"type": "boolean"}},
        "default": {"$id": "i", "additionalProperties": False},
    }
    assert mistral_schema(sent) == sent


def test_argument_is_not_changed():
    sent = {"$id": "i", "additionalProperties": False, "properties": {"a": {"$id": "j"}}}
    mistral_schema(sent)
    assert sent == {"$id": "i", "additionalProperties": False, "properties": {"a": {"$id": "j"}}}
