"""gateway/codecs/json_scanner.py."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.json_scanner import Brackets

VALUES = st.recursive(
    st.none() | st.integers() | st.text(alphabet='a"\\{}[]é'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet='"\\{'), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.text(), VALUES, max_size=3), st.integers(1, 5))
def test_object_is_closed_with_its_last_character_and_not_before(value, step):
    text, brackets = json.dumps(value, ensure_ascii=False), Brackets()
    for at in range(0, len(text), step):
        assert not brackets.closed
        brackets.feed(text[at : at + step])
    assert brackets.closed


@pytest.mark.parametrize("text", ["", " ", "5", '"{}"', "{", "[1", '{"a":"}', "}"])
def test_everything_else_is_open(text):
    brackets = Brackets()
    brackets.feed(text)
    assert not brackets.closed
