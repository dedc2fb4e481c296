"""Values are validated against a JSON Schema; an unusable schema allows everything."""

from typing import Any

import pytest

from gateway.schemas.validation import WORDS, validator

SCHEMA = b"""{"type": "object", "properties": {"l": {"type": "array", "items": {"type": "integer"}}},
 "required": ["l"], "additionalProperties": false}"""


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({"l": [1, 2]}, None),
        ({"l": [1, "é"]}, 'l.1: "é" is not of type "integer"'),
        ({}, '"l" is a required property'),
        ([], '[] is not of type "object"'),
    ],
)
def test_error_states_position_and_cause(value: Any, error: str | None):
    assert validator(SCHEMA)(value) == error


def test_error_is_limited_in_length():
    error = validator(b'{"type":"integer"}')("x" * 2 * WORDS)
    assert error is not None
    assert len(error) == WORDS


@pytest.mark.parametrize(
    "schema",
    [
        b"",
        b"{",
        b'{"type": 3}',
        b'{"pattern": "("}',
        b'{"$ref": "https://example.com/schema.json"}',
        b'{"not":' * 20_000 + b"{}" + b"}" * 20_000,
    ],
    ids=["empty", "truncated", "wrong_type", "bad_pattern", "remote_reference", "deep"],
)
def test_unusable_schema_allows_every_value(schema: bytes):
    check = validator(schema)
    assert [check(value) for value in (None, 1, "x", [], {"a": 1})] == [None] * 5
