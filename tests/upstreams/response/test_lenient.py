"""Answers that deviate from their protocol are read as far as that is safe."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, Struct

from gateway.errors import Kind
from gateway.parts import StreamError, TextDelta
from gateway.upstreams.response.lenient import (
    REPAIRED,
    LenientDecoder,
    decode_lenient,
    is_nothing,
    lenient,
    text_value,
)


class Said(Struct):
    text: str = ""


def look() -> LenientDecoder[Said]:
    return LenientDecoder(msgspec.json.Decoder(Said))


@pytest.mark.parametrize(
    ("pieces", "texts"),
    [
        ([r"a\ud83d", r"\ude00b"], ["a", "\U0001f600b"]),
        ([r"a\ud83d", r"\ude00\ud83d", r"\ude01"], ["a", "\U0001f600", "\U0001f601"]),
        ([r"a\ud83d", "b", r"\ude00"], ["a", "b", "\ufffd"]),
        ([r"a\ud83db"], ["a\ufffdb"]),
        ([r"\"\ude00"], ['"\ufffd']),
    ],
    ids=["two halves", "one after the other", "something between", "inside a text", "behind a quote"],
)
def test_halves_of_a_character_find_each_other(pieces, texts):
    second = look()
    found = [second.at(b'{"text":"%s"}' % piece.encode()) for piece in pieces]
    assert [said and said.text for said in found] == texts


def test_it_is_remarked_once_and_not_of_what_failed():
    second, fault = look(), StreamError(Kind.UPSTREAM_GARBAGE, "no")
    assert second.remarked([fault]) == [fault]
    assert second.remarked([TextDelta("a")]) == [REPAIRED, TextDelta("a")]
    assert second.remarked([TextDelta("b")]) == [TextDelta("b")]


class Inner(Struct):
    n: int = 0


class Answer(Struct):
    """A field of each form that the wire types use."""

    text: str = ""
    maybe: str | None = "unset"
    number: int = 0
    flag: bool = False
    raw: Raw = Raw(b"unset")
    inner: Inner | None = None
    items: list[Inner] = []
    texts: list[str] = []
    stop: str | int | None = None
    table: dict[str, int] = {}
    renamed: str = msgspec.field(default="", name="type")


ANSWER = msgspec.json.Decoder(Answer)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ('"text": 5', Answer(text="5")),
        ('"text": 1.5', Answer(text="1.5")),
        ('"text": true', Answer()),
        ('"text": null', Answer()),
        ('"text": {"a": 1}', Answer()),
        ('"text": ["a", "b"]', Answer(text="ab")),
        ('"text": ["a", null, {"type": "text", "text": "b"}, {"c": 1}, 2]', Answer(text="ab2")),
        ('"text": ["a", ["b", ["c"]]]', Answer(text="abc")),
        ('"maybe": null', Answer(maybe=None)),
        ('"maybe": 5', Answer(maybe="5")),
        ('"maybe": {}', Answer()),
        ('"number": "7"', Answer(number=7)),
        ('"number": " 7 "', Answer(number=7)),
        ('"number": 7.0', Answer(number=7)),
        ('"number": 7.5', Answer()),
        ('"number": "seven"', Answer()),
        ('"number": true', Answer()),
        ('"number": []', Answer()),
        ('"flag": true', Answer(flag=True)),
        ('"flag": 1', Answer()),
        ('"raw": {"a": [1]}', Answer(raw=Raw(b'{"a": [1]}'))),
        ('"inner": {"n": "3", "more": 1}', Answer(inner=Inner(3))),
        ('"inner": [1]', Answer()),
        ('"items": [null, {"n": 1}, {"n": "2"}, 5, {"n": []}]', Answer(items=[Inner(1), Inner(2), Inner()])),
        ('"items": {"n": 1}', Answer(items=[Inner(1)])),
        ('"items": {}', Answer()),
        ('"items": "x"', Answer()),
        ('"texts": ["a", null, 1, {}]', Answer(texts=["a", "1"])),
        ('"stop": "END"', Answer(stop="END")),
        ('"stop": 5', Answer(stop=5)),
        ('"stop": 5.0', Answer(stop=5)),
        ('"stop": ["EN", "D"]', Answer(stop="END")),
        ('"stop": {}', Answer()),
        ('"table": {"a": 1}', Answer()),
        ('"type": 3', Answer(renamed="3")),
        ('"renamed": "x"', Answer()),
        ('"text": "b\\ude00c"', Answer(text="b\ufffdc")),
        ('"text": NaN', Answer()),
    ],
)
def test_value_of_a_wrong_form_is_converted_or_left_out(sent: str, read: Answer):
    assert lenient(ANSWER, f'{{"flag": "no", {sent}}}'.encode()) == read
    assert decode_lenient(ANSWER, f'{{"flag": "no", {sent}}}'.encode()) == read


def test_an_answer_of_the_right_form_is_decoded_strictly():
    body = b'{"text": "a", "number": 1, "raw": [1.50], "items": [{"n": 2}], "table": {"a": 1}}'
    strict = Answer(text="a", number=1, raw=Raw(b"[1.50]"), items=[Inner(2)], table={"a": 1})
    assert decode_lenient(ANSWER, body) == ANSWER.decode(body) == strict


@pytest.mark.parametrize(
    "body", [b'{"text": "b\xff"}', b'\xef\xbb\xbf{"text": "b\xff"}'], ids=["bytes", "mark"]
)
def test_bytes_that_are_no_utf8_are_replaced(body: bytes):
    assert lenient(ANSWER, body) == Answer(text="b\ufffd")


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'[{"text": "a"}]', b'"a"', b"5", b'{"text": "a"', b"<html>", b"[" * 100_000],
    ids=str,
)
def test_what_is_no_object_stays_unreadable(body: bytes):
    assert lenient(ANSWER, body) is None
    assert decode_lenient(ANSWER, body) is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("text", "maybe", "number", "flag", "raw", "inner", "items", "texts", "stop", "table", "type")


@given(st.dictionaries(st.sampled_from(KEYS), values))
def test_every_object_can_be_read(sent: dict):
    assert isinstance(lenient(ANSWER, json.dumps(sent).encode()), Answer)


@pytest.mark.parametrize(
    ("payload", "nothing"),
    [
        (b"null", True),
        (b"42", True),
        (b"1.5", True),
        (b"true", True),
        (b"false", True),
        (b'""', False),
        (b"{}", False),
        (b"[]", False),
        (b"", False),
        (b"nothing", False),
    ],
)
def test_nulls_numbers_and_truths_have_no_content(payload: bytes, nothing: bool):
    assert is_nothing(payload) is nothing


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", ""),
        (b"null", ""),
        (b'"a\\n\\u00e9"', "a\né"),
        (b'"a\\ud83d"', "a\ufffd"),
        (b'"a\\ud83d\\ude00"', "a\U0001f600"),
        (b'{"a": 1}', '{"a": 1}'),
        (b"5", "5"),
        (b'"a\xff"', "a\ufffd"),
        (b'{"a":', '{"a":'),
    ],
)
def test_text_of_a_value_is_its_own_or_its_json(raw: bytes, text: str):
    assert text_value(raw) == text
    assert text_value(Raw(raw)) == text
