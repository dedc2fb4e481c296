"""gateway/codecs/ndjson.py."""

import pytest

from gateway.codecs.lines import LineTooLong
from gateway.codecs.ndjson import NdjsonReader

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
