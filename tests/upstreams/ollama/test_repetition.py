"""gateway/upstreams/ollama/repetition.py, and what the reader makes of it."""

from __future__ import annotations

import json

import pytest

from gateway.parts import Finish, Notice, Part, ReasoningDelta, StreamError, TextDelta, Usage
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama.reader import NativeReader
from gateway.upstreams.ollama.repetition import TOKENS, Repetition
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.response.reader import ResponseReader
from gateway.upstreams.upstream_request import ResponseOptions

FACTS = ModelInfo("up", "m", PRESETS["ollama"], context_window=4096)


def lines(*pieces: str, key: str = "content") -> bytes:
    said = [{"message": {"role": "assistant", "content": "", key: piece}, "done": False} for piece in pieces]
    return b"".join(json.dumps(one).encode() + b"\n" for one in said)


def read(body: bytes, *, framed: bool = True) -> list[Part]:
    reader = ResponseReader(NativeReader(FACTS, ResponseOptions(thinking=True)))
    return [*reader.feed(body), *reader.close(framed=framed)]


def ends(parts: list[Part]) -> bool:
    assert isinstance(parts[-1], Finish | StreamError)
    return isinstance(parts[-1], Finish)


def test_stream_that_ends_in_equal_tokens_is_over():
    parts = read(lines("So", *[" no"] * TOKENS))
    assert parts[:2] == [TextDelta("So"), TextDelta(" no")]
    assert parts[-3:-1] == [
        Usage(output=TOKENS + 1),
        Notice("repaired.stop_reason", "the upstream stopped a model that repeated one token"),
    ]
    assert ends(parts)


@pytest.mark.parametrize(
    ("body", "over"),
    [
        (lines(*[" no"] * (TOKENS - 1)), False),
        (lines(*[" no"] * TOKENS, "x"), False),
        (lines(*[" no"] * TOKENS), True),
        (lines(*[" no", "no\n"] * (TOKENS // 2)), True),
        (lines(*["\n", "  "] * (TOKENS // 2)), True),
        (lines(*["a"] * 15, "b", *["a"] * 29), False),
        (lines(*[f"{i}" for i in range(100)]), False),
        (lines("x"), False),
        (b"", False),
    ],
)
def test_only_the_last_tokens_count(body: bytes, over: bool):
    assert ends(read(body)) is over
    assert not ends(read(body, framed=False)), "the end of a connection tells nothing"


def test_tokens_of_reasoning_count_as_well():
    parts = read(lines(*["hm"] * TOKENS, key="thinking"))
    assert all(isinstance(part, ReasoningDelta) for part in parts[:TOKENS])
    assert ends(parts)


def test_call_between_the_tokens_is_no_repetition():
    call = {"message": {"tool_calls": [{"function": {"name": "A", "arguments": {}}}]}, "done": False}
    body = lines(*["a"] * 20) + json.dumps(call).encode() + b"\n" + lines(*["a"] * 20)
    assert not ends(read(body))


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("So no no" + " no" * 40, True),
        ("So " + "ha" * 31, True),
        ("So" + " no\n no  no" * 12, True),
        ("Hello world." + "\n" * 40, True),
        ("Hello world." + " \n" * 40, True),
        ("\n" * 40, True),
        ("\n" * 40 + "Hello world.", False),
        ("Hello world." + "\n" * 29, False),
        ("So no no", False),
        ("A whole answer, cut in the middle of its", False),
        ("", False),
    ],
)
def test_plain_answer_that_is_not_done(text: str, over: bool):
    body = json.dumps({"message": {"role": "assistant", "content": text}, "done": False}).encode()
    parts = read(body)
    assert ends(parts) is over
    assert not any(isinstance(part, Usage) for part in parts)
    assert not ends(read(body, framed=False))


def test_long_answer_is_looked_at_once():
    repetition = Repetition()
    repetition.add("x y " * 1_000_000)
    assert repetition.endless


@pytest.mark.parametrize("last", [" no", "x"])
def test_stream_that_is_cut_inside_a_line_is_cut(last: str):
    body, torn = lines(*[" no"] * TOKENS), lines(last)
    assert ends(read(body))
    assert ends(read(body + torn[:-1])) is (last == " no"), "only the end of the line is missing"
    for at in range(1, len(torn) - 1):
        assert not ends(read(body + torn[:at])), torn[:at]
