"""The form that an answer is to have is read alike under both its names."""

import json

import pytest

from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.request.output_format import requested_format
from gateway.errors import RequestRefused

SCHEMA = {"type": "json_schema", "schema": {"type": "object"}}


def form(**fields: object):
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], **fields}
    return requested_format(decode_request(json.dumps(body).encode()))


def test_both_names_mean_the_same():
    newer, older = form(output_config={"format": SCHEMA}), form(output_format=SCHEMA)
    assert newer
    assert older
    assert (newer.path, older.path) == ("output_config.format", "output_format")
    assert bytes(newer.schema) == bytes(older.schema) == b'{"type": "object"}'


@pytest.mark.parametrize("fields", [{}, {"output_config": {"format": None}}, {"output_config": {}}])
def test_none_may_be_asked_for(fields: dict):
    assert form(**fields) is None


def test_other_types_are_only_named():
    other = form(output_format={"type": "yaml", "schema": 3})
    assert other
    assert (other.type, bytes(other.schema)) == ("yaml", b"")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"type": "json_schema"}, ".schema: field required"),
        ({"type": "json_schema", "schema": None}, ".schema: Expected `object`, got `null`"),
        ({"type": "json_schema", "schema": "{}"}, ".schema: Expected `object`, got `str`"),
        ({"type": 3}, ".type: Expected `str`, got `int`"),
        ({}, ".type: field required"),
        ([], ": Expected `object`, got `array`"),
    ],
)
@pytest.mark.parametrize("path", ["output_config.format", "output_format"])
def test_what_cannot_be_read_is_refused_with_its_path(sent: object, said: str, path: str):
    fields = {"output_config": {"format": sent}} if "." in path else {"output_format": sent}
    with pytest.raises(RequestRefused) as refused:
        form(**fields)
    assert refused.value.message == path + said
