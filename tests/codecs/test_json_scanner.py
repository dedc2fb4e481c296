"""gateway/codecs/json_scanner.py."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.json_scanner import JsonScanner

VALUES = st.recursive(
    st.none() | st.integers() | st.text(alphabet='a"\\{}[]é'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet='"\\{'), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.text(), VALUES, max_size=3), st.integers(1, 5))
def test_object_is_closed_with_its_last_character_and_not_before(value, step):
    text, scanner = json.dumps(value, ensure_ascii=False), JsonScanner()
    for at in range(0, len(text), step):
        assert not scanner.closed
        scanner.feed(text[at : at + step])
    assert scanner.closed


@pytest.mark.parametrize("text", ["", " ", "5", '"{}"', "{", "[1", '{"a":"}', "}"])
def test_everything_else_is_open(text):
    scanner = JsonScanner()
    scanner.feed(text)
    assert not scanner.closed


LEAVES = st.none() | st.booleans() | st.integers() | st.text(alphabet='a"\\{}[]é\n ')
NESTED = st.recursive(
    LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text('k"\\}', max_size=2), below)
)
ROOTS = st.lists(NESTED, max_size=3) | st.dictionaries(st.text('k"{', max_size=3), NESTED, max_size=3)


@given(value=ROOTS, cuts=st.lists(st.integers(1, 7), min_size=1))
def test_value_ends_where_it_ends(value: object, cuts: list[int]):
    said = json.dumps(value, ensure_ascii=False)
    text, root, seen, turn = f"{said} and }} more", JsonScanner(), 0, 0
    while True:
        piece = text[seen : seen + cuts[turn % len(cuts)]]
        turn += 1
        if (end := root.feed(piece)) is not None:
            assert seen + end == len(said)
            return
        seen += len(piece)
        assert piece


@pytest.mark.parametrize("text", ['{"a": "}', '{"a": "\\"}', '["\\\\', "{"])
def test_value_that_is_not_over_has_no_end(text: str):
    assert JsonScanner().feed(text) is None
