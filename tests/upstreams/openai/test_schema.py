"""Schemas for Chat Completions keep the rules of gateway/upstreams/openai/schema.py."""

import json

import pytest

from gateway.errors import RequestRefused
from gateway.upstreams.openai import schema


def lowered(sent: object) -> str:
    return bytes(schema.parameters(json.dumps(sent).encode())).decode()


@pytest.mark.parametrize("sent", [{}, None, True, [], "x"])
def test_what_is_no_schema_is_an_empty_object(sent: object):
    assert lowered(sent) == '{"type":"object","properties":{}}'


def test_no_schema_is_an_empty_object():
    assert bytes(schema.parameters(b"")) == b'{"type":"object","properties":{}}'


def test_identity_is_taken_out_and_the_rest_keeps_bytes_and_order():
    sent = b'{"$schema":"s","required":["b"],"type":"object","$id":"i","properties":{"b": {"maximum":1E5}}}'
    kept = b'{"required":["b"],"type":"object","properties":{"b": {"maximum":1E5}}}'
    assert bytes(schema.parameters(sent)) == kept


def test_missing_basics_are_added():
    assert lowered({"properties": {"a": {}}}) == '{"type":"object","properties":{"a": {}}}'
    assert lowered({"type": "object"}) == '{"properties":{},"type":"object"}'


CLOSED = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("sent", "strict"),
    [
        (CLOSED, True),
        ({**CLOSED, "required": []}, False),
        ({**CLOSED, "additionalProperties": True}, False),
        ({**CLOSED, "oneOf": []}, False),
        ({**CLOSED, "properties": {"a": {"type": "object", "properties": {}}}}, False),
        ({**CLOSED, "properties": {"a": {"type": "array", "items": CLOSED}}}, True),
        ({**CLOSED, "properties": {"a": {"anyOf": [{"type": "null"}, {"not": {}}]}}}, False),
        ({**CLOSED, "$defs": {"d": {"type": "object"}}}, False),
        ({**CLOSED, "required": "a", "properties": {"a": True}}, False),
    ],
)
def test_strict_needs_every_object_closed_and_every_property_required(sent: object, strict: bool):
    assert schema.strict(json.dumps(sent).encode()) is strict


def test_schema_nested_without_end_is_refused():
    deep = b'{"properties":{"a":' * 2000 + b"{}" + b"}}" * 2000
    with pytest.raises(RequestRefused, match="nested too deeply"):
        schema.parameters(deep)
    assert schema.strict(deep) is False
