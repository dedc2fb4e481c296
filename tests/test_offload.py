"""Which requests are prepared in a thread."""

from __future__ import annotations

import json

import pytest

from benchmarks.bodies import big, small
from gateway.offload import is_heavy


def asked(**more) -> dict:
    return {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], **more}


def tool(**schema) -> dict:
    return asked(tools=[{"name": "t", "input_schema": {"type": "object", **schema}}])


def said(text: str) -> dict:
    return asked(messages=[{"role": "user", "content": text}])


CODE = "def f(a, b, c):\n    return g(a, b[c])\n"
HEAVY = {
    "properties of one object": tool(properties={f"p{i}": True for i in range(60_000)}),
    "an enum of numbers": tool(properties={"a": {"enum": list(range(200_000))}}),
    "an enum of texts": tool(properties={"a": {"enum": [str(i) for i in range(200_000)]}}),
    "required": tool(required=[str(i) for i in range(20_000)]),
    "metadata": asked(metadata={str(i): i for i in range(20_000)}),
    "stop sequences": asked(stop_sequences=[str(i) for i in range(20_000)]),
    "messages": asked(messages=[{"role": "user", "content": "a"}] * 3_000),
    "lists": asked(messages=[{"role": "user", "content": []}] * 2_000),
    "lone surrogates": said("\ud83d " * 200_000),
    "second halves": said("\udc00" * 20_000),
    "one lone surrogate": said("x" * 100_000 + "\ud800"),
    "a long text": said("x" * 3_000_000),
}
LIGHT = {
    "a question": asked(),
    "a text of a megabyte": said("x" * 1_000_000),
    "code": said(CODE * 2_000),
    "prose": said("Well, it is, after all, a text like any other. " * 3_000),
    "a short one with surrogates": said("\ud83d " * 1_000),
    "Korean in escapes": said("\ud55c\uad6d" * 20_000),
    "a large file": said("0123456789abcdef" * 100_000),
}


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["compact", "spaced"])
@pytest.mark.parametrize("name", HEAVY)
def test_what_would_hold_the_event_loop_is_heavy(name: str, separators: tuple[str, str]):
    assert is_heavy(json.dumps(HEAVY[name], separators=separators).encode())


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["compact", "spaced"])
@pytest.mark.parametrize("name", LIGHT)
def test_what_is_quickly_prepared_is_not(name: str, separators: tuple[str, str]):
    assert not is_heavy(json.dumps(LIGHT[name], separators=separators).encode())


@pytest.mark.parametrize("spelling", ["\\ud83d", "\\uD83D", "\\uDc00", "\\udFFF"])
def test_escapes_of_surrogates_are_found_in_any_case(spelling: str):
    assert is_heavy(b'{"a":"' + b"x" * 100_000 + spelling.encode() + b'"}')


def test_ordinary_requests_of_coding_agents_are_not_heavy():
    assert not is_heavy(small())
    assert not is_heavy(big())
    assert not is_heavy(big(size=500_000))
