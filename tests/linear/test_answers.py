"""Whatever a server repeats in an answer, the cost of reading and writing it grows as its size does."""

from __future__ import annotations

import gc
import itertools
import json
import time
from collections.abc import Callable

import pytest

from gateway.anthropic import ids
from gateway.anthropic.writer import MessageWriter
from gateway.upstreams.built import ReplyWish
from gateway.upstreams.facts import ModelFacts
from gateway.upstreams.ollama.reader import NativeReader
from gateway.upstreams.openai.reader import ChatReader
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.responses.reader import ResponsesReader

MOST = 1.35
"""How much faster than linear a cost may grow for each doubling."""
SMALL, DOUBLINGS = 1_000, 4
TRIES = 3
READERS = {"chat": ChatReader, "native": NativeReader, "responses": ResponsesReader}


def events(*payloads: object) -> bytes:
    return b"".join(b"data: %s\n\n" % json.dumps(data).encode() for data in payloads)


def lines(*payloads: object) -> bytes:
    return b"".join(json.dumps(data).encode() + b"\n" for data in payloads)


def chat(delta: object) -> object:
    return {"choices": [{"index": 0, "delta": delta}]}


def native(**message: object) -> object:
    return {"message": {"role": "assistant", "content": "", **message}, "done": False}


def added(i: int) -> object:
    item = {"type": "function_call", "id": f"fc_{i}", "call_id": f"c{i}", "name": "f", "arguments": ""}
    return {"type": "response.output_item.added", "output_index": i, "item": item}


def done(i: int) -> object:
    item = {"type": "function_call", "id": f"fc_{i}", "call_id": f"c{i}", "name": "f", "arguments": "{}"}
    return {"type": "response.output_item.done", "output_index": i, "item": item}


def argued(i: int) -> object:
    return {"type": "response.function_call_arguments.delta", "item_id": f"fc_{i}", "delta": "{}"}


def call(i: int) -> object:
    return {"index": i, "id": f"c{i}", "function": {"name": "f", "arguments": "{}"}}


ANSWERS: dict[str, tuple[str, Callable[[int], list[bytes]]]] = {
    "chat: texts": ("chat", lambda n: [events(chat({"content": "word "}))] * n),
    "chat: reasoning": ("chat", lambda n: [events(chat({"reasoning_content": "hm "}))] * n),
    "chat: calls": ("chat", lambda n: [events(chat({"tool_calls": [call(i)]})) for i in range(n)]),
    "chat: calls of one chunk": (
        "chat",
        lambda n: [events(chat({"tool_calls": [call(i) for i in range(n)]}))],
    ),
    "chat: fragments of one call": (
        "chat",
        lambda n: (
            [events(chat({"tool_calls": [{**call(0), "function": {"name": "f", "arguments": '{"a":"'}}]}))]
            + [events(chat({"tool_calls": [{"index": 0, "function": {"arguments": "x"}}]}))] * n
        ),
    ),
    "chat: fragments of two calls in turn": (
        "chat",
        lambda n: [
            events(
                chat(
                    {
                        "tool_calls": [
                            {"index": i % 2, "id": f"c{i % 2}", "function": {"name": "f", "arguments": "1"}}
                        ]
                    }
                )
            )
            for i in range(n)
        ],
    ),
    "chat: one line in many reads": ("chat", lambda n: [b"x"] * n),
    "native: texts": ("native", lambda n: [lines(native(content=f"word {i} ")) for i in range(n)]),
    "native: thinking": ("native", lambda n: [lines(native(thinking=f"hm {i} ")) for i in range(n)]),
    "native: calls": (
        "native",
        lambda n: [
            lines(native(tool_calls=[{"function": {"name": "f", "arguments": {"a": i}}}])) for i in range(n)
        ],
    ),
    "responses: texts": (
        "responses",
        lambda n: [events({"type": "response.output_text.delta", "output_index": 0, "delta": "word "})] * n,
    ),
    "responses: calls in turn": ("responses", lambda n: [events(added(i), done(i)) for i in range(n)]),
    "responses: calls at once": (
        "responses",
        lambda n: [*(events(added(i)) for i in range(n)), *(events(done(i)) for i in range(n))],
    ),
    "responses: calls by their ids": (
        "responses",
        lambda n: [*(events(added(i)) for i in range(n)), *(events(argued(i)) for i in range(n))],
    ),
    "responses: calls backwards": (
        "responses",
        lambda n: [
            *(events(added(i)) for i in reversed(range(n))),
            *(events(done(i)) for i in reversed(range(n))),
        ],
    ),
}


def seconds(protocol: str, chunks: list[bytes]) -> float:
    preset = {"chat": "openai", "native": "ollama", "responses": "responses"}[protocol]
    reader = READERS[protocol](ModelFacts("up", "m", PRESETS[preset]), ReplyWish(thinking=True), "")
    numbers = itertools.count()
    outgoing = ids.Outgoing(lambda: f"toolu_{next(numbers)}", {})
    writer = MessageWriter("msg_1", "m", "req_1", 1, outgoing)
    gc.disable()
    begun = time.process_time()
    for chunk in chunks:
        for part in reader.feed(chunk):
            writer.write(part)
    spent = time.process_time() - begun
    gc.enable()
    return spent


@pytest.mark.parametrize("name", ANSWERS)
def test_the_cost_of_an_answer_is_linear_in_its_events(name: str):
    protocol, answer = ANSWERS[name]
    found = []
    for _ in range(TRIES):
        small = min(seconds(protocol, answer(SMALL)) for _ in range(2))
        large = seconds(protocol, answer(SMALL << DOUBLINGS))
        found.append((large / small / (1 << DOUBLINGS)) ** (1 / DOUBLINGS))
        if found[-1] <= MOST:
            return
    pytest.fail(f"grows {min(found):.2f} times as fast as its events for each doubling")
