"""What a stream cut into pieces goes back in one."""

import json

import pytest
from msgspec import Raw

from gateway.anthropic.response.reasoning_details import merge_details


def whole(*lists: list[dict]) -> list[dict]:
    sent = [tuple(Raw(json.dumps(detail).encode()) for detail in details) for details in lists]
    return json.loads(merge_details(sent) or "[]")


def text(said: str | None = None, **more: object) -> dict:
    return {"type": "reasoning.text", **({} if said is None else {"text": said}), **more}


def test_nothing_is_nothing():
    assert merge_details([]) == b""


def test_pieces_of_a_text_are_appended_and_its_signature_kept():
    got = whole([text("a", index=0, signature=None)], [text("b", index=0)], [text(index=0, signature="S")])
    assert got == [text("ab", index=0, signature="S")]


def test_what_says_nothing_replaces_nothing():
    assert whole([text("a", signature="S")], [text(None, signature="", format=None)]) == [
        text("a", signature="S")
    ]


def test_summaries_grow_too():
    first, more = ({"type": "reasoning.summary", "summary": part, "index": 0} for part in ("a", "b"))
    assert whole([first], [more]) == [{**first, "summary": "ab"}]


def test_indices_and_types_are_apart():
    sealed = {"type": "reasoning.encrypted", "data": "x", "index": 0}
    got = whole([text("a", index=0)], [sealed], [text("b", index=1)], [text("c", index=0)])
    assert got == [text("ac", index=0), sealed, text("b", index=1)]


def test_without_an_index_only_the_last_grows():
    sealed = {"type": "reasoning.encrypted", "data": "x"}
    assert whole([text("a")], [text("b")], [sealed], [text("c")]) == [text("ab"), sealed, text("c")]


def test_details_of_one_list_are_apart():
    assert whole([text("a"), text("b")]) == [text("a"), text("b")]


@pytest.mark.parametrize("type_", ["reasoning.encrypted", "reasoning.new"])
def test_what_does_not_grow_stays_as_it_came(type_: str):
    piece = b'{"type":"%b","data":"\\u0078","n":1.50}' % type_.encode()
    assert merge_details([(Raw(piece),), (Raw(piece),)]) == b"[%b,%b]" % (piece, piece)
