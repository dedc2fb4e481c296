"""gateway/schemas/repair_arguments.py."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.schemas.repair_arguments import (
    REPAIRABLE,
    is_cut_off,
    repair_json_text,
    tidy_json,
    without_fence,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(values)
def test_json_is_tidy(value: object):
    text = json.dumps(value)
    assert tidy_json(text) == text
    assert not is_cut_off(text)


@given(st.dictionaries(st.text(), values, min_size=1), st.data())
def test_json_without_its_end_is_cut_off_and_not_made_whole(value: dict, data: st.DataObject):
    text = json.dumps(value)
    part = text[: data.draw(st.integers(1, len(text) - 1))]
    assert is_cut_off(part)
    assert repair_json_text(part) is None


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ('{"a": 1 ,\n}', '{"a": 1 \n}'),
        ('[{"a":1,},]', '[{"a":1}]'),
        ('{"a": ",}"}', '{"a": ",}"}'),
        ('{"a": "x\r\n\x01"}', '{"a": "x\\r\\n\\u0001"}'),
        ('{"a": "\\"\n"}', '{"a": "\\"\\n"}'),
    ],
)
def test_commas_and_control_characters_are_put_right_where_they_are_wrong(text: str, tidy: str):
    assert tidy_json(text) == tidy


@pytest.mark.parametrize("text", ['"' + '\\"' * 100_000, "{" + '"a' * 100_000, "," + " " * 200_000 + "x"])
def test_long_texts_are_read_in_one_pass(text: str):
    assert is_cut_off(text) or tidy_json(text) == text


def test_pythons_quotes_are_read_as_such():
    assert not is_cut_off("{'a': '}{'}")
    assert is_cut_off("{'a': '}")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{a: 'x'}", {"a": "x"}),
        ("{'a': True, 'b': None}", {"a": True, "b": None}),
        ('{"a": 1 "b": 2}', {"a": 1, "b": 2}),
        ("```json\n{a: 1}\n```", {"a": 1}),
        ("[1 2]", [1, 2]),
    ],
)
def test_most_likely_value_is_found(text: str, value: object):
    assert repair_json_text(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "a: 1", "{", "{}", "[]", '""', "{a: " + "1" * REPAIRABLE + "}", "[" * 5_000 + "]" * 5_000],
    ids=["empty", "no JSON", "cut off", "object", "list", "text", "too long", "too deep"],
)
def test_text_without_a_likely_value_has_none(text: str):
    assert repair_json_text(text) is None


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ('```json\n{"a": 1}\n```', '{"a": 1}'),
        ("```\n{}```", "{}"),
        ('{"a": "```"}', '{"a": "```"}'),
        ("```json {}```", "```json {}```"),
    ],
)
def test_fence_around_the_text_is_ignored(text: str, inner: str):
    assert without_fence(text) == inner
