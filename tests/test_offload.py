"""Which requests are worked on in a thread, and that they are."""

from __future__ import annotations

import json
import threading

import pytest

from benchmarks import bodies
from gateway.offload import is_heavy, run

USER = {"role": "user", "content": "hi"}


def body(**more: object) -> bytes:
    return json.dumps({"model": "m", "max_tokens": 9, "messages": [USER], **more}).encode()


def tools(schema: object) -> bytes:
    return body(tools=[{"name": "t", "input_schema": {"type": "object", "properties": schema}}])


@pytest.mark.parametrize(
    "ordinary",
    [bodies.small(), bodies.big(), body(messages=[{"role": "user", "content": "\u4f60\u597d" * 5_000}])],
    ids=["small", "a session of 268 kB", "Chinese, escaped"],
)
def test_ordinary_requests_are_worked_on_at_once(ordinary: bytes):
    assert not is_heavy(ordinary)


@pytest.mark.parametrize(
    "heavy",
    [
        body(messages=[USER] * 3_000),
        body(messages=[{"role": "user", "content": "x" * (3 << 20)}]),
        tools({f"p{i}": {"type": "string"} for i in range(3_000)}),
        tools({"a": {"enum": [f"v{i}" for i in range(20_000)]}}),
        tools({"a": {"enum": list(range(20_000))}}),
        body(messages=[{"role": "user", "content": "\ud83d " * 2_000}]),
    ],
    ids=["messages", "bytes", "properties", "values", "numbers", "halves of characters"],
)
def test_what_would_hold_the_loop_is_heavy(heavy: bytes):
    assert is_heavy(heavy)


async def test_heavy_work_is_done_in_a_thread():
    here = threading.get_ident()
    assert await run(False, threading.get_ident) == here
    assert await run(True, threading.get_ident) != here
