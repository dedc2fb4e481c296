"""`extra_body` is a merge patch (RFC 7386), and what it does not name keeps its bytes."""

import json

import pytest

from gateway.upstreams.request.extra_body import merge_extra_body


@pytest.mark.parametrize(
    ("body", "patch", "result"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": [2]}, {"a": [2]}),
        (
            {"a": {"x": 1, "y": 2}},
            {"a": {"y": 3, "z": {"deep": True}}},
            {"a": {"x": 1, "y": 3, "z": {"deep": True}}},
        ),
        ({"a": 1}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({"a": 1, "b": 2}, {"a": None, "c": None}, {"b": 2}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": None}}, {"a": {"y": 2}}),
        ({}, {"a": {"x": None, "y": 1}}, {"a": {"y": 1}}),
    ],
)
def test_objects_are_merged_and_null_takes_out(body, patch, result) -> None:
    assert json.loads(merge_extra_body(json.dumps(body).encode(), patch)) == result


def test_what_is_not_named_keeps_its_bytes() -> None:
    messages = b'[ {"role":"user", "content":"\\u00e9 1.50e3"} ]'
    assert messages in merge_extra_body(b'{"model":"m","messages":' + messages + b"}", {"seed": 1})
