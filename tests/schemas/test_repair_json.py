"""Arguments are mended as gateway/schemas/repair_json.py says."""

import json

import pytest

from gateway.schemas.repair_arguments import REPAIRABLE
from gateway.schemas.repair_json import ArgumentRepair, RepairedArguments

SCHEMA = {
    "type": "object",
    "properties": {
        "n": {"type": "integer"},
        "on": {"type": "boolean"},
        "list": {"type": "array", "items": {"type": "integer"}},
        "o": {"type": "object", "properties": {"s": {"type": "string"}}},
        "s": {"type": "string"},
    },
    "required": ["s"],
}


def mending(schema: object = SCHEMA, **how: bool) -> ArgumentRepair:
    return ArgumentRepair(json.dumps(schema).encode(), **how)


def repair(text: str, schema: object = SCHEMA) -> RepairedArguments | None:
    return mending(schema, repair=True).repair_arguments(text)


@pytest.mark.parametrize("text", ['{"s": "x", "n":1}', '{"s":"\\u00e9"}'])
def test_arguments_that_need_nothing_stay_byte_for_byte(text: str):
    assert repair(f" {text}\n") == RepairedArguments(text)
    assert mending(nulls=True).repair_arguments(text) == RepairedArguments(text)


@pytest.mark.parametrize("text", ["", "  ", "null"])
def test_no_arguments_are_an_empty_object(text: str):
    assert repair(text) == RepairedArguments("{}")


@pytest.mark.parametrize(
    ("text", "becomes", "how"),
    [
        ('{"s":"x",}', {"s": "x"}, "json"),
        ('{"s": "a\nb"}', {"s": "a\nb"}, "json"),
        ("{'s': 'x', 'on': True}", {"s": "x", "on": True}, "json"),
        ('```json\n{"s":"x"}\n```', {"s": "x"}, "json"),
        ('"{\\"s\\":\\"x\\"}"', {"s": "x"}, "string"),
        ('{"s":"x","n":"5"}', {"s": "x", "n": 5}, "types"),
        ('{"s":"x","on":"true"}', {"s": "x", "on": True}, "types"),
        ('{"s":"x","list":"[\\"1\\", 2]"}', {"s": "x", "list": [1, 2]}, "types"),
        ('{"s":"x","o":"{\\"s\\":\\"y\\"}"}', {"s": "x", "o": {"s": "y"}}, "types"),
    ],
)
def test_what_a_model_meant_is_found(text: str, becomes: dict, how: str):
    mended = repair(text)
    assert mended is not None
    assert json.loads(mended.arguments) == becomes
    assert mended.how == how


def test_value_is_wrapped_where_the_tool_has_one_property_of_its_type():
    one = {"type": "object", "properties": {"items": {"type": "array"}}}
    assert repair("[1]", one) == RepairedArguments('{"items":[1]}', "wrapped")
    assert repair("5", one) is None
    assert repair("[1]") == RepairedArguments('{"list":[1]}', "wrapped")
    assert repair("[1]", {"properties": {"a": {"type": "array"}, "b": {"type": "array"}}}) is None
    assert repair("5", {"properties": {"n": {"type": "number"}}}) == RepairedArguments('{"n":5}', "wrapped")


@pytest.mark.parametrize("text", ["I cannot", "{" * 3, '{"a":' + "1" * REPAIRABLE])
def test_what_cannot_be_read_is_none(text: str):
    assert repair(text) is None


def test_arguments_that_the_schema_still_refuses_are_passed_on():
    assert repair('{"s":"x","n":"five"}') == RepairedArguments('{"s":"x","n":"five"}')


def test_text_stays_text_where_the_schema_wants_text():
    assert repair('{"s":"5"}') == RepairedArguments('{"s":"5"}')


ONE_TEXT = {
    "type": "object",
    "properties": {"command": {"type": ["string", "null"]}, "n": {"type": "integer"}},
}
OPTIONAL_LIST = {"properties": {"l": {"anyOf": [{"type": "array"}, {"type": "null"}]}}}


@pytest.mark.parametrize(
    ("text", "schema", "becomes"),
    [
        ('{"s":"x","n":1.50,}', SCHEMA, RepairedArguments('{"s":"x","n":1.50}', "json")),
        (
            '{"s":"a\nb\tc", "list":[1,2 , ]}',
            SCHEMA,
            RepairedArguments('{"s":"a\\nb\\tc", "list":[1,2  ]}', "json"),
        ),
        ('```json\n{"s":"x"}\n```', SCHEMA, RepairedArguments('{"s":"x"}', "json")),
        ('"{\\"s\\":\\"x\\"}"', SCHEMA, RepairedArguments('{"s":"x"}', "string")),
        ('"{\\"s\\":\\"x\\",}"', SCHEMA, RepairedArguments('{"s":"x",}'.replace(",", ""), "string")),
        ('"ls"', ONE_TEXT, RepairedArguments('{"command":"ls"}', "wrapped")),
        ('"{ not JSON"', ONE_TEXT, RepairedArguments('{"command":"{ not JSON"}', "wrapped")),
        ("[1,]", OPTIONAL_LIST, RepairedArguments('{"l":[1]}', "json")),
    ],
)
def test_what_was_certainly_meant_is_found_without_being_asked_for(
    text: str, schema: dict, becomes: RepairedArguments
):
    assert mending(schema).repair_arguments(text) == becomes


@pytest.mark.parametrize(
    "text",
    [
        '{"x": nope',
        '{"s": "x"',
        '{"s": "x',
        '{"s": "x",',
        '{"list": [1, 2',
        "{'s': 'x'}",
        "{s: 1}",
        '{"s": NaN}',
        '{"s":"a\\\nb"}',
        '{"s":"x"}}',
        "true",
        '"{\\"s\\": \\"x"',
    ],
)
def test_what_would_have_to_be_guessed_is_none(text: str):
    assert mending({"type": "object", "properties": {}}).repair_arguments(text) is None


@pytest.mark.parametrize("text", ['{"s": "x"', '{"s": "x', '{"s": "x", "n"', '{"list": [1, 2', "{'s': 'it"])
def test_nothing_is_made_up_for_what_was_cut_off(text: str):
    assert repair(text) is None


def test_nulls_for_what_was_optional_are_deleted():
    schema = {
        "type": "object",
        "$defs": {"D": {"type": "object", "properties": {"x": {"type": "string"}}}},
        "properties": {
            "a": {"type": "string"},
            "n": {"type": "integer"},
            "may": {"type": ["string", "null"]},
            "d": {"$ref": "#/$defs/D"},
            "l": {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/D"}, {"type": "string"}]}},
        },
        "required": ["a"],
    }
    text = '{"a":null,"n":null,"may":null,"d":{"x":null},"l":[{"x":null},"s"],"other":null}'
    mended = mending(schema, nulls=True).repair_arguments(text)
    assert mended == RepairedArguments('{"a":null,"may":null,"d":{},"l":[{},"s"],"other":null}')


def test_remote_references_are_not_fetched():
    schema = {"type": "object", "properties": {"n": {"$ref": "http://127.0.0.1:1/x"}}}
    assert repair('{"n":"5"}', schema) == RepairedArguments('{"n":"5"}')
