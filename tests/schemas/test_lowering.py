"""Schemas as each kind of server is sent them keep the rules of gateway/schemas."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RequestRefused
from gateway.schemas.lowering import Level, answer_schema, strict_schema, tool_parameters

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


class TestOllama:
    def test_worked_example_of_the_specification(self):
        sent = {
            "type": "object",
            "$defs": {
                "P": {
                    "type": "object",
                    "properties": {"x": {"type": "integer", "minimum": 1}},
                    "required": ["x"],
                }
            },
            "properties": {
                "p": {"$ref": "#/$defs/P"},
                "k": {"const": "v"},
                "u": {"oneOf": [{"type": "string"}, {"type": "null"}]},
                "any": True,
            },
            "required": ["p"],
            "additionalProperties": False,
        }
        assert lowered(sent, "ollama") == {
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

    def test_what_is_of_the_wrong_kind_is_taken_out(self):
        sent = {"type": 3, "description": None, "required": ["a", 1], "enum": "x"}
        assert property_of(sent, "ollama") == {}

    def test_bounds_that_say_nothing_are_not_repeated(self):
        sent = {"type": "integer", "maximum": 9007199254740991, "exclusiveMinimum": 0, "title": "T"}
        assert property_of(sent, "ollama") == {"type": "integer", "description": "{exclusiveMinimum: 0}"}

    def test_map_of_values_is_described(self):
        sent = {"type": "object", "additionalProperties": {"type": "string"}}
        assert property_of(sent, "ollama")["description"] == '{additionalProperties: {"type":"string"}}'

    @given(anything)
    def test_everything_that_is_left_can_be_decoded(self, sent: object):
        assert readable(lowered(sent, "ollama"))


def readable(node: object) -> bool:
    """Whether Ollama's `ToolProperty` decodes `node`, and knows all of it."""
    if not isinstance(node, dict):
        return False
    kind, required = node.get("type", ""), node.get("required", [])
    return (
        set(node) <= {"type", "description", "required", "properties", "anyOf", "enum", "items"}
        and (isinstance(kind, str) or all(isinstance(k, str) for k in kind))
        and isinstance(node.get("description", ""), str)
        and all(isinstance(name, str) for name in required)
        and isinstance(node.get("enum", []), list)
        and all(map(readable, node.get("anyOf", [])))
        and all(map(readable, node.get("properties", {}).values()))
    )


@pytest.mark.parametrize("level", ["ollama", "gemini"])
def test_schema_that_contains_itself_is_cut(level: Level):
    tree = {"type": "object", "properties": {"next": {"$ref": "#/$defs/N"}}}
    text = json.dumps(property_of({"$ref": "#/$defs/N"}, level, **{"$defs": {"N": tree}}))
    assert text.count("next") == 3
    assert "$ref" not in text


@pytest.mark.parametrize("level", ["ollama", "gemini"])
def test_references_that_multiply_end_in_schemas_that_allow_all(level: Level):
    defs = {
        f"D{i}": {"properties": {k: {"$ref": f"#/$defs/D{i + 1}"} for k in "abcdefgh"}} for i in range(20)
    }
    sent = {"properties": {"p": {"$ref": "#/$defs/D0"}}, "$defs": defs}
    assert len(tool_parameters(json.dumps(sent).encode(), level)) < 1_000_000


class TestGemini:
    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            ({"const": "v"}, {"enum": ["v"], "type": "string"}),
            ({"enum": [1, 2, None]}, {"enum": ["1", "2"], "nullable": True, "type": "string"}),
            ({"enum": [{}]}, {"description": "{enum: [{}]}"}),
            ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
            ({"type": ["string", "integer"]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
            ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string", "nullable": True}),
            ({"type": "object"}, {"type": "object", "properties": {}}),
            ({"type": "object", "required": ["gone"]}, {"type": "object", "properties": {}}),
            ({"type": "string", "format": "uri"}, {"type": "string", "description": "{format: uri}"}),
            ({"type": "string", "format": "date-time"}, {"type": "string", "format": "date-time"}),
            ({"type": "integer", "exclusiveMinimum": 1, "default": 2}, None),
            ({"items": [{"type": "string"}]}, {"items": {"type": "string"}}),
        ],
    )
    def test_only_what_the_subset_knows_is_left(self, sent: dict, kept: dict | None):
        kept = kept or {"type": "integer", "description": "{exclusiveMinimum: 1, default: 2}"}
        assert property_of(sent, "gemini") == kept


class TestGrammar:
    def test_only_what_no_grammar_holds_is_described(self):
        sent = {"type": "string", "maxLength": 20_000, "minLength": 1, "pattern": "(?=x)", "format": "uri"}
        kept = {"type": "string", "minLength": 1}
        said = "{maxLength: 20000, pattern: (?=x), format: uri}"
        assert property_of(sent, "grammar") == {**kept, "description": said}

    def test_rest_stays(self):
        sent = {"oneOf": [{"const": 1}, {"type": "string", "pattern": "^a+$", "format": "date"}]}
        assert property_of(sent, "grammar") == sent

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
        ("sent", "kept"),
        [
            (BARE, FILLED),
            ({"type": ["array", "null"]}, {"type": ["array", "null"], "items": {}}),
            ({"type": "array", "items": BARE}, {"type": "array", "items": FILLED}),
            ({"type": "array", "items": None}, FILLED),
            (
                {"type": "array", "prefixItems": [BARE]},
                {"type": "array", "prefixItems": [FILLED], "items": {}},
            ),
            ({"anyOf": [{"type": "null"}, BARE]}, {"anyOf": [{"type": "null"}, FILLED]}),
            ({"oneOf": [BARE]}, {"oneOf": [FILLED]}),
            ({"allOf": [BARE]}, {"allOf": [FILLED]}),
            ({"not": BARE}, {"not": FILLED}),
            ({"if": BARE, "then": BARE, "else": BARE}, {"if": FILLED, "then": FILLED, "else": FILLED}),
            (
                {"type": "object", "additionalProperties": BARE},
                {"type": "object", "additionalProperties": FILLED},
            ),
            (
                {"type": "object", "unevaluatedProperties": BARE},
                {"type": "object", "unevaluatedProperties": FILLED},
            ),
            ({"patternProperties": {"^x": BARE}}, {"patternProperties": {"^x": FILLED}}),
            ({"dependentSchemas": {"a": BARE}}, {"dependentSchemas": {"a": FILLED}}),
            (
                {"properties": {"items": BARE, "type": BARE}},
                {"properties": {"items": FILLED, "type": FILLED}},
            ),
        ],
    )
    def test_every_array_gets_some(self, sent: dict, kept: dict):
        encoded = json.dumps({"type": "object", "properties": {"p": sent}}).encode()
        assert json.loads(bytes(tool_parameters(encoded, items=True)))["properties"]["p"] == kept
        assert json.loads(bytes(answer_schema(encoded, items=True)))["properties"]["p"] == kept

    def test_definitions_are_schemas_too(self):
        sent = {"type": "object", "properties": {"p": {"$ref": "#/$defs/L"}}, "$defs": {"L": BARE}}
        root = json.loads(bytes(tool_parameters(json.dumps(sent).encode(), items=True)))
        assert root["$defs"] == {"L": FILLED}

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

    @pytest.mark.parametrize(
        ("optional", "becomes"),
        [
            ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
            ({"enum": ["x"]}, {"anyOf": [{"enum": ["x"]}, {"type": "null"}]}),
            ({"$ref": "#/$defs/d"}, {"anyOf": [{"$ref": "#/$defs/d"}, {"type": "null"}]}),
            (
                {"oneOf": [{"type": "string"}, {"const": 1}]},
                {"anyOf": [{"type": "string"}, {"enum": [1]}, {"type": "null"}]},
            ),
        ],
    )
    def test_every_kind_of_property_can_be_null(self, optional: dict, becomes: dict):
        sent = {**CLOSED, "properties": {"a": optional}, "required": [], "$defs": {"d": CLOSED}}
        found = strict_schema(json.dumps(sent).encode())
        assert found is not None
        assert json.loads(bytes(found.schema))["properties"] == {"a": becomes}

    def test_objects_inside_are_closed_too(self):
        sent = {"properties": {"l": {"type": "array", "items": {"properties": {"x": {"type": "string"}}}}}}
        found = strict_schema(json.dumps(sent).encode())
        assert found is not None
        inner = json.loads(bytes(found.schema))["properties"]["l"]["items"]
        assert inner["additionalProperties"] is False
        assert inner["required"] == ["x"]

    @pytest.mark.parametrize(
        "sent",
        [
            {**CLOSED, "additionalProperties": True},
            {**CLOSED, "additionalProperties": {"type": "string"}},
            {**CLOSED, "anyOf": [CLOSED]},
            {**CLOSED, "properties": {"a": {"type": "object"}}},
            {**CLOSED, "properties": {"a": True}},
            {**CLOSED, "properties": {"a": {}}},
            {**CLOSED, "properties": {"a": {"description": "Anything."}}},
            {**CLOSED, "properties": {"a": {"type": "array"}}},
            {**CLOSED, "properties": {"a": {"type": "array", "items": True}}},
            {**CLOSED, "properties": {"a": {"type": "array", "items": False}}},
            {**CLOSED, "properties": {"a": {"type": "array", "items": {}}}},
            {**CLOSED, "properties": {"a": {"not": {}}}},
            {**CLOSED, "patternProperties": {"x": {}}},
            {**CLOSED, "properties": {"a": {"enum": list(range(1001))}}},
            {**CLOSED, "properties": {f"p{i}": {"type": "string"} for i in range(5001)}},
            {"type": "array", "items": CLOSED},
            True,
        ],
    )
    def test_what_cannot_be_said_has_no_strict_form(self, sent: object):
        assert strict_schema(json.dumps(sent).encode()) is None


@pytest.mark.parametrize("level", LEVELS)
def test_schema_of_an_answer_keeps_its_root(level: Level):
    sent = {"$schema": "s", "anyOf": [CLOSED, {"type": "array", "items": CLOSED}]}
    kept = json.loads(bytes(answer_schema(json.dumps(sent).encode(), level)))
    assert "$schema" not in kept
    assert len(kept["anyOf"]) == 2


def test_unclosed_schemas_are_closed_nowhere():
    below = {
        "type": "object",
        "additionalProperties": False,
        "$id": "y",
        "properties": {"$id": {"type": "string"}},
    }
    sent = {"$schema": "x", "properties": {"a": {"items": below}}, "additionalProperties": {"$id": "z"}}
    items = {"type": "object", "properties": {"$id": {"type": "string"}}}
    assert lowered(sent, "unclosed") == {
        "type": "object",
        "properties": {"a": {"items": items}},
        "additionalProperties": {},
    }
