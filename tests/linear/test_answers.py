"""Whatever a server repeats, the cost of its answer grows as its size does: to read, and to write out."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.anthropic.response.accumulate import fold
from gateway.anthropic.response.events import Error, Event, Relayed, render
from gateway.anthropic.response.writer import MessageWriter
from gateway.anthropic.tool_ids import ClientCallIds
from gateway.upstreams.anthropic.reader import PassthroughReader
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama.reader import NativeReader
from gateway.upstreams.openai.reader import ChatReader
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.response.reader import ResponseReader
from gateway.upstreams.responses.reader import ResponsesReader
from gateway.upstreams.upstream_request import ResponseOptions


def beside(name: str):
    spec = importlib.util.spec_from_file_location(f"linear_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cost, answers = beside("cost"), beside("answers")
READERS = {
    "openai": ChatReader,
    "responses": ResponsesReader,
    "ollama": NativeReader,
    "anthropic": PassthroughReader,
}
PRESET = {"openai": "plain", "responses": "responses", "ollama": "ollama", "anthropic": "anthropic"}
FEW, DOUBLINGS = 1_000, 3
READ = 16 * 1024
"""Bytes that arrive at once."""
TRIES = 3
CASES = [(kind, name) for kind, shapes in answers.KINDS.items() for name in shapes]


def exchange(kind: str) -> Callable[[bytes], None]:
    """Reads an answer and writes it out, as a stream and whole; what is relayed only as a stream."""

    def run(body: bytes) -> None:
        reader = ResponseReader(
            READERS[kind](ModelInfo("up", "m", PRESETS[PRESET[kind]]), ResponseOptions(thinking=True))
        )
        minted = itertools.count()
        writer = MessageWriter("msg_x", "m", "req_x", 0, ClientCallIds(lambda: f"toolu_{next(minted)}"))
        reads = [reader.feed(body[at : at + READ]) for at in range(0, len(body), READ)]
        events: list[Event] = []
        for part in itertools.chain(*reads, reader.close()):
            told = writer.write(part)
            render(told)
            events += told
        assert writer.ended
        if not isinstance(events[-1], Error | Relayed):
            fold(events)

    return run


@pytest.mark.parametrize(("kind", "name"), CASES, ids=lambda one: one.replace(" ", "_"))
def test_the_cost_of_an_answer_is_linear_in_each_of_its_parts(kind: str, name: str):
    shape, run = answers.KINDS[kind][name], exchange(kind)
    few, many = shape(FEW), shape(FEW << DOUBLINGS)
    found = []
    for _ in range(TRIES):
        times = cost.seconds(run, many, 1) / cost.seconds(run, few)
        found.append((times / (1 << DOUBLINGS)) ** (1 / DOUBLINGS))
        if found[-1] <= cost.MOST:
            return
    pytest.fail(f"grows {min(found):.2f} times as fast as its size for each doubling")
