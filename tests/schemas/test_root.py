"""The end of a JSON value is found however its text is cut."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.schemas.root import Root

LEAVES = st.none() | st.booleans() | st.integers() | st.text(alphabet='a"\\{}[]é\n ')
VALUES = st.recursive(
    LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text('k"\\}', max_size=2), below)
)
ROOTS = st.lists(VALUES, max_size=3) | st.dictionaries(st.text('k"{', max_size=3), VALUES, max_size=3)


@given(value=ROOTS, cuts=st.lists(st.integers(1, 7), min_size=1))
def test_value_ends_where_it_ends(value: object, cuts: list[int]):
    said = json.dumps(value, ensure_ascii=False)
    text, root, seen, turn = f"{said} and }} more", Root(), 0, 0
    while True:
        piece = text[seen : seen + cuts[turn % len(cuts)]]
        turn += 1
        if (end := root.end(piece)) is not None:
            assert seen + end == len(said)
            return
        seen += len(piece)
        assert piece


@pytest.mark.parametrize("text", ['{"a": "}', '{"a": "\\"}', '["\\\\', "{"])
def test_value_that_is_not_over_has_no_end(text: str):
    assert Root().end(text) is None
