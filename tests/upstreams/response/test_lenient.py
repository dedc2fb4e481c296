"""gateway/upstreams/response/lenient.py: what the readers share."""

import msgspec
import pytest
from msgspec import Struct

from gateway.errors import Kind
from gateway.parts import StreamError, TextDelta
from gateway.upstreams.response.lenient import REPAIRED, LenientDecoder


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
