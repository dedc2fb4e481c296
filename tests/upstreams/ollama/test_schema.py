"""Schemas for Ollama hold nothing its decoder refuses."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RequestRefused
from gateway.upstreams.ollama import schema

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "description", "required", "properties", "anyOf", "items", "enum", "x"]),
            inner,
        )
    ),
    max_leaves=20,
)


def lowered(sent: object) -> dict:
    return json.loads(bytes(schema.parameters(json.dumps(sent).encode())))


@pytest.mark.parametrize("sent", [{}, None, True, [], {"type": ["object", "null"]}, {"properties": []}])
def test_root_is_always_an_object(sent: object):
    assert lowered(sent) == {"type": "object", "properties": {}}


def test_boolean_schema_allows_everything():
    assert lowered({"properties": {"any": True, "none": False}})["properties"] == {"any": {}, "none": {}}


def test_what_is_of_the_wrong_kind_is_taken_out():
    sent = {"type": 3, "description": None, "required": ["a", 1], "enum": "x", "title": "kept"}
    assert lowered({"properties": {"p": sent}})["properties"]["p"] == {"title": "kept"}


def test_identity_is_taken_out():
    assert lowered({"$schema": "s", "$id": "i"}) == {"type": "object", "properties": {}}


def readable(node: object) -> bool:
    """Whether Ollama's `ToolProperty` decodes `node`."""
    if not isinstance(node, dict):
        return False
    kind, required = node.get("type", ""), node.get("required", [])
    return (
        (isinstance(kind, str) or all(isinstance(k, str) for k in kind))
        and isinstance(node.get("description", ""), str)
        and all(isinstance(name, str) for name in required)
        and isinstance(node.get("enum", []), list)
        and all(map(readable, node.get("anyOf", [])))
        and all(map(readable, node.get("properties", {}).values()))
    )


@given(anything)
def test_everything_that_is_left_can_be_decoded(sent: object):
    assert readable(lowered(sent))


def test_schema_nested_without_end_is_refused():
    deep = b'{"properties":{"a":' * 2000 + b"{}" + b"}}" * 2000
    with pytest.raises(RequestRefused, match="nested too deeply"):
        schema.parameters(deep)
