"""gateway/codecs/lines.py."""

import time

import pytest

from gateway.codecs.lines import LineSplitter, LineTooLong

TEXT = b"one\r\ntwo\n\nthree\nlast"
LINES = [b"one\r", b"two", b"", b"three"]


def test_line_ends_with_lf_and_holds_none():
    lines = LineSplitter()
    assert lines.feed(TEXT) == LINES
    assert lines.close() == b"last"


def test_cutting_the_bytes_anywhere_changes_nothing():
    for at in range(len(TEXT)):
        lines = LineSplitter()
        assert lines.feed(TEXT[:at]) + lines.feed(TEXT[at:]) == LINES
        assert lines.close() == b"last"
    lines = LineSplitter()
    assert [line for i in range(len(TEXT)) for line in lines.feed(TEXT[i : i + 1])] == LINES


def test_line_that_outgrows_the_limit_is_refused():
    lines = LineSplitter(limit=10)
    assert lines.feed(b"0123456789") == []
    with pytest.raises(LineTooLong, match="more than 10 bytes"):
        lines.feed(b"0")


def test_limit_is_for_one_line_not_for_all():
    lines = LineSplitter(limit=10)
    for _ in range(100):
        lines.feed(b"012345\n01")
        assert lines.feed(b"\n")


def test_long_line_in_many_pieces_costs_its_length():
    lines = LineSplitter()
    begun = time.process_time()
    for _ in range(100_000):
        lines.feed(b"x" * 100)
    assert [len(line) for line in lines.feed(b"\n")] == [10_000_000]
    assert time.process_time() - begun < 2
