"""gateway/codecs/ndjson.py."""

import json

import pytest

from gateway.codecs.lines import LineTooLong
from gateway.codecs.ndjson import NdjsonBody, NdjsonReader

STREAM = b'{"a":1}\n\r\n  \n{"a":2}\r\n{"a":3}'
PAYLOADS = [b'{"a":1}', b'{"a":2}', b'{"a":3}']


def test_each_line_that_is_not_blank_is_a_payload_wherever_the_bytes_are_cut():
    for at in range(len(STREAM) + 1):
        reader = NdjsonReader()
        assert reader.feed(STREAM[:at]) + reader.feed(STREAM[at:]) + reader.close() == PAYLOADS


def test_end_of_the_bytes_completes_the_last_line_once():
    reader = NdjsonReader()
    reader.feed(b'{"a":1}')
    assert reader.close() == [b'{"a":1}']
    assert reader.close() == []


def test_line_without_end_is_refused():
    with pytest.raises(LineTooLong):
        NdjsonReader(limit=100).feed(b"x" * 101)


SPREAD = b'{\n  "a": 1,\n\n  "b": "x"\n}\n'


def test_object_that_is_spread_over_lines_is_one_payload_wherever_the_bytes_are_cut():
    for at in range(len(SPREAD) + 1):
        body = NdjsonBody()
        assert body.feed(SPREAD[:at]) + body.feed(SPREAD[at:]) == []
        assert body.has_data
        assert body.plain
        assert [json.loads(payload) for payload in body.close()] == [{"a": 1, "b": "x"}]


@pytest.mark.parametrize(
    "first",
    [
        b'{"a":1}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'{"a":' + b"9" * 5_000 + b"}",
        b"<html>",
        b"[",
        b"null",
    ],
)
def test_other_first_lines_begin_a_stream(first: bytes):
    body = NdjsonBody()
    assert body.feed(first + b'\n{"a":') == [first]
    assert not body.plain
    assert body.close() == [b'{"a":']


def test_only_the_first_line_decides():
    body = NdjsonBody()
    assert body.feed(b'{"a":1}\n{"b":\n') == [b'{"a":1}', b'{"b":']
    assert not body.plain


def test_white_space_is_no_data():
    body = NdjsonBody()
    body.feed(b" \n\r\n")
    assert not body.has_data
    body.feed(b"{")
    assert body.has_data


def test_spread_object_is_bounded():
    body = NdjsonBody(NdjsonReader(limit=100))
    body.feed(b"{\n")
    with pytest.raises(LineTooLong):
        body.feed(b'"a",\n' * 30)
