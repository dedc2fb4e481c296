"""Schemas as each kind of server is sent them keep the rules of gateway/schemas."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from gateway.errors import RequestRefused
from gateway.schemas.lowering import (
    Level,
    answer_schema,
    is_constrained,
    named_tool_parameters,
    strict_schema,
    tool_parameters,
)

LEVELS: list[Level] = ["loose", "unclosed", "gemini", "ollama", "grammar"]
DEEP = b'{"properties":{"a":' * 2000 + b"{}" + b"}}" * 2000

keys = (
    "type description required properties anyOf oneOf allOf items enum const $ref $defs format minimum "
    "additionalProperties x"
).split()
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["object", "string", "null", "#/$defs/x", "#"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(keys), inner),
    max_leaves=20,
)


def lowered(sent: object, level: Level = "loose", *, bare: bool = False) -> dict:
    return json.loads(bytes(tool_parameters(json.dumps(sent).encode(), level, bare=bare)))


def property_of(sent: object, level: Level, **more: object) -> dict:
    """What becomes of a property's schema."""
    return lowered({"type": "object", "properties": {"p": sent}, **more}, level)["properties"]["p"]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("sent", [{}, None, True, [], "x"])
def test_what_is_no_schema_is_an_empty_object(sent: object, level: Level):
    assert lowered(sent, level) == {"type": "object", "properties": {}}


def test_no_schema_is_an_empty_object():
    assert bytes(tool_parameters(b"")) == b'{"type":"object","properties":{}}'


@pytest.mark.parametrize("level", LEVELS)
@given(anything)
def test_root_is_always_an_object_with_properties(level: Level, sent: object):
    root = lowered(sent, level)
    assert root["type"] == "object"
    assert isinstance(root["properties"], dict)
    assert isinstance(root.get("required", []), list)


@pytest.mark.parametrize("level", LEVELS)
def test_mark_for_a_prompt_cache_is_taken_out_everywhere(level: Level):
    mark = {"cache_control": {"type": "ephemeral"}}
    inner = {"type": "object", "properties": {"cache_control": {"type": "string", **mark}}, **mark}
    sent = {"type": "object", "properties": {"l": {"type": "array", "items": inner, **mark}}, **mark}
    root = lowered(sent, level)
    assert list(root["properties"]["l"]["items"]["properties"]) == ["cache_control"]
    assert json.dumps(root).count("cache_control") == 1
    encoded = json.dumps(sent).encode()
    assert bytes(answer_schema(encoded, level)).count(b"cache_control") == 1
    found = strict_schema(encoded)
    assert found is not None
    assert bytes(found.schema).count(b"cache_control") == 2  # in `required` too


@pytest.mark.parametrize("level", LEVELS)
def test_schema_nested_without_end_is_refused(level: Level):
    with pytest.raises(RequestRefused, match="nested too deeply"):
        tool_parameters(DEEP, level)
    with pytest.raises(RequestRefused, match="nested too deeply"):
        answer_schema(DEEP, level)
    assert strict_schema(DEEP) is None


class TestLoose:
    def test_identity_is_taken_out_and_the_rest_keeps_bytes_and_order(self):
        sent = (
            b'{"$schema":"s","required":["b"],"type":"object","$id":"i","properties":{"b": {"maximum":1E5}}}'
        )
        kept = b'{"required":["b"],"type":"object","properties":{"b": {"maximum":1E5}}}'
        assert bytes(tool_parameters(sent)) == kept

    def test_missing_basics_are_added(self):
        assert (
            bytes(tool_parameters(b'{"properties":{"a": {}}}')) == b'{"type":"object","properties":{"a": {}}}'
        )
        assert bytes(tool_parameters(b'{"type":"object"}')) == b'{"properties":{},"type":"object"}'

    @pytest.mark.parametrize(
        "sent",
        [
            {"type": ["object", "null"]},
            {"type": ["object"]},
            {"type": "string"},
            {"type": None},
            {"properties": None},
            {"properties": []},
            {"required": None},
            {"required": True},
        ],
    )
    def test_root_of_a_wrong_kind_becomes_one_that_is_right(self, sent: dict):
        assert lowered(sent) == {"type": "object", "properties": {}}

    def test_null_is_no_schema_but_a_value(self):
        inner = {"items": None, "required": None, "default": None, "anyOf": [None, {"type": "null"}]}
        root = lowered({"type": "object", "properties": {"a": None, "b": inner}})
        assert root["properties"] == {"a": {}, "b": {"default": None, "anyOf": [{}, {"type": "null"}]}}

    def test_alternatives_at_the_root_become_properties_and_words(self):
        one = {"properties": {"a": {"type": "string"}, "k": {}}, "required": ["a", "k"]}
        two = {"properties": {"b": {"type": "string"}, "k": {}}, "required": ["b", "k"]}
        root = lowered({"type": "object", "description": "D.", "anyOf": [one, two]})
        assert list(root["properties"]) == ["a", "k", "b"]
        assert root["required"] == ["k"]
        assert root["description"] == 'D.\n\n{anyOf: [{"required":["a","k"]},{"required":["b","k"]}]}'
        assert "anyOf" not in root

    def test_all_of_at_the_root_is_merged(self):
        parts = [{"$ref": "#/$defs/A"}, {"properties": {"b": {}}, "required": ["b"]}]
        defs = {"A": {"type": "object", "properties": {"a": {}}, "required": ["a"]}}
        root = lowered({"allOf": parts, "$defs": defs})
        assert list(root["properties"]) == ["a", "b"]
        assert root["required"] == ["a", "b"]
        assert "allOf" not in root

    def test_root_that_is_a_reference_is_followed(self):
        root = lowered({"$ref": "#/$defs/A", "$defs": {"A": {"type": "object", "properties": {"a": {}}}}})
        assert root["properties"] == {"a": {}}
        assert "$ref" not in root


class TestGrammar:
    @pytest.mark.parametrize("level", LEVELS)
    def test_bare_schema_has_no_constraints_but_says_them(self, level: Level):
        sent = {"type": "object", "properties": {"p": {"type": "string", "pattern": "^a", "minLength": 2}}}
        kept = lowered(sent, level, bare=True)["properties"]["p"]
        assert kept == {"type": "string", "description": "{pattern: ^a, minLength: 2}"}


CLOSED = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


BARE = {"type": "array"}
FILLED = {"type": "array", "items": {}}


class TestItems:
    """`items=True`: for servers that refuse an array without them."""

    @pytest.mark.parametrize(
        "sent",
        [
            {"type": "array", "items": {"type": "string"}},
            {"type": "array", "items": True},
            {"type": "string", "default": {"type": "array"}, "enum": [{"type": "array"}]},
            {"type": "object", "properties": {"type": {"const": "array"}, "items": {"type": "string"}}},
            {"$ref": "#/$defs/L", "type": "array"},
            {"const": "array"},
        ],
    )
    def test_nothing_else_is_touched(self, sent: dict):
        encoded = b'{"type":"object","properties": {"p": %s}}' % json.dumps(sent).encode()
        assert bytes(tool_parameters(encoded, items=True)) == bytes(tool_parameters(encoded))

    def test_it_is_done_after_what_the_level_makes_of_the_schema(self):
        sent = {"type": ["array", "string", "null"], "items": {"type": "integer"}}
        encoded = json.dumps(
            {"type": "object", "properties": {"p": sent, "q": {"$ref": "#/properties/r"}, "r": BARE}}
        )
        root = json.loads(bytes(tool_parameters(encoded.encode(), "gemini", items=True)))["properties"]
        array, string = {"type": "array", "items": {"type": "integer"}}, {"type": "string"}
        assert root["p"] == {"anyOf": [array, string], "nullable": True}
        assert root["q"] == root["r"] == FILLED
        assert property_of({"type": "array", "items": True}, "gemini") == FILLED

    @given(anything)
    def test_no_array_is_left_without(self, sent: object):
        once = bytes(tool_parameters(json.dumps(sent).encode(), items=True))
        assert bytes(tool_parameters(once, items=True)) == once


class TestStrict:
    def test_optional_properties_may_be_null_instead(self):
        sent = {"type": "object", "properties": {"a": {"type": "string"}, "n": {"type": "integer"}}}
        found = strict_schema(json.dumps({**sent, "required": ["a"]}).encode())
        assert found is not None
        assert found.optional
        assert not found.as_sent
        assert json.loads(bytes(found.schema)) == {
            "type": "object",
            "properties": {"a": {"type": "string"}, "n": {"type": ["integer", "null"]}},
            "required": ["a", "n"],
            "additionalProperties": False,
        }

    def test_schema_that_is_strict_stays(self):
        found = strict_schema(json.dumps(CLOSED).encode())
        assert found is not None
        assert found.as_sent
        assert not found.optional
        assert json.loads(bytes(found.schema)) == CLOSED


@pytest.mark.parametrize("level", LEVELS)
def test_schema_of_an_answer_keeps_its_root(level: Level):
    sent = {"$schema": "s", "anyOf": [CLOSED, {"type": "array", "items": CLOSED}]}
    kept = json.loads(bytes(answer_schema(json.dumps(sent).encode(), level)))
    assert "$schema" not in kept
    assert len(kept["anyOf"]) == 2


def test_named_tool_gets_the_parameters_of_its_latest_schema():
    one = Raw(b'{"type":"object","properties":{"a":{"format":"uri"}}}')
    two = Raw(b'{"type":"object","properties":{"b":{"format":"uri"}}}')
    for schema in (one, one, two, one):
        for level in LEVELS:
            assert named_tool_parameters("T", schema, level) == tool_parameters(bytes(schema), level)


@pytest.mark.parametrize(
    ("schema", "constrained"),
    [
        (b'{"properties":{"a":{"pattern":"^a"}}}', True),
        (b'{"properties":{"pattern":{"type":"string"}}}', False),
        (b"{}", False),
        (b"", False),
        (b"true", False),
        (b"{", False),
        (DEEP, False),
    ],
)
def test_schema_is_constrained_if_bare_would_remove_anything(schema: bytes, constrained: bool):
    assert is_constrained(schema) is constrained
