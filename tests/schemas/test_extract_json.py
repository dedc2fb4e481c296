"""JSON is found in a model's text as gateway/schemas/extract_json.py says."""

import pytest

from gateway.schemas.extract_json import ExtractedJson, extract_json

SCHEMA = b'{"type":"object","properties":{"n":{"type":"integer"},"o":{"type":"string"}},"required":["n"]}'


@pytest.mark.parametrize(
    "text",
    [
        '{"n":1}',
        ' \n{"n":1}\n',
        '```json\n{"n":1}\n```',
        '```\n{"n":1}```',
        'Here it is:\n\n```json\n{"n":1}\n```\nAnything else?',
        'The answer is {"n":1}.',
        'With [brackets] and {braces}: {"n":1}',
        "{'n': 1,}",
    ],
)
def test_json_is_taken_out_of_its_text(text: str):
    assert extract_json(text, SCHEMA) == ExtractedJson('{"n":1}', None)


def test_json_stays_byte_for_byte():
    assert extract_json('{ "n" : 1.0e0 }', SCHEMA).text == '{ "n" : 1.0e0 }'


@pytest.mark.parametrize(
    ("text", "wrong"), [('{"n":"x"}', 'n: "x" is not of type "integer"'), ("hi", "it is not JSON")]
)
def test_what_is_wrong_is_said(text: str, wrong: str):
    assert extract_json(text, SCHEMA) == ExtractedJson(text, wrong)


def test_nulls_for_what_was_optional_are_deleted():
    assert extract_json('{"n":1,"o":null}', SCHEMA, nulls=True) == ExtractedJson('{"n":1}', None)
    assert extract_json('{"n":1}', SCHEMA, nulls=True).text == '{"n":1}'


def test_schema_that_is_none_takes_everything():
    assert extract_json('{"n":1}', b'{"type":3}') == ExtractedJson('{"n":1}', None)
