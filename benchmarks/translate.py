"""The translation alone, without network: what it costs as a multiple of the standard library's json.loads.

    python -m benchmarks.translate

A request is the 268 KB body of `bodies.big`: bytes -> Inbound -> the upstream's bytes. A chunk is one text
chunk of a stream as `upstream.py` sends it: bytes -> parts -> events -> bytes. Both stand beside json.loads
of the same bytes, which does far less. The two take turns, and the best of several runs counts, in this
process's CPU time.
"""

import argparse
import json
import math
import timeit
from collections.abc import Callable
from itertools import count
from time import process_time

from attrs import frozen

from benchmarks import bodies
from benchmarks.upstream import DIALECTS, TEXTS
from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.response import events
from gateway.anthropic.response.writer import MessageWriter
from gateway.anthropic.tool_ids import ClientCallIds
from gateway.inbound import Inbound
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama.reader import NativeReader
from gateway.upstreams.ollama.request import to_native_request as to_ollama
from gateway.upstreams.openai.reader import ChatReader
from gateway.upstreams.openai.request import to_chat_request as to_openai
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.response.reader import ResponseReader
from gateway.upstreams.upstream_request import ResponseOptions

ROUNDS = 25


@frozen
class Figure:
    """Microseconds for a piece of our work, and for json.loads of the same bytes."""

    about: str
    ours: float
    json: float

    def row(self) -> str:
        return f"| {self.about} | {self.ours:.1f} | {self.json:.1f} | {self.ours / self.json:.2f} |"


def microseconds(*works: Callable[[], object], each: float = 0.03) -> list[float]:
    """The best of several runs of each, which take turns of `each` seconds: a busy machine slows them all."""
    timers = [timeit.Timer(work, timer=process_time) for work in works]
    numbers = [max(1, int(each / max(1e-7, min(timer.repeat(3, 1))))) for timer in timers]
    best = [math.inf] * len(works)
    for _ in range(ROUNDS):
        for i, (timer, number) in enumerate(zip(timers, numbers, strict=True)):
            best[i] = min(best[i], timer.timeit(number) / number * 1e6)
    return best


def info(preset: str) -> ModelInfo:
    return ModelInfo("bench", "bench", PRESETS[preset], context_window=131_072)


def request(about: str, preset: str, translate: Callable[..., object]) -> Figure:
    body = bodies.big()
    known = info(preset)

    def work() -> object:
        return translate(Inbound("req_bench", body, {}, decode_request(body)), known)

    return Figure(about, *microseconds(work, lambda: json.loads(body)))


def payloads(path: bytes) -> list[bytes]:
    """The text chunks of the fake upstream, as one read each brings them."""
    dialect = DIALECTS[path]
    return [dialect.before + text.encode() + dialect.after for text in TEXTS]


def chunk(about: str, path: bytes, payloads_of: ChatReader | NativeReader, at_once: int) -> Figure:
    """`at_once` chunks in one read; the figure is for one of them."""
    reader, numbers = ResponseReader(payloads_of), count()
    writer = MessageWriter("msg_1", "bench", "req_bench", 25, ClientCallIds(lambda: f"toolu_{next(numbers)}"))
    read = b"".join((payloads(path) * at_once)[:at_once])

    def work() -> bytes:
        return events.render(event for part in reader.feed(read) for event in writer.write(part))

    if b"text_delta" not in work():
        raise RuntimeError(f"{about}: no text came through")
    document = payloads(path)[0].removeprefix(b"data: ").strip()
    ours, theirs = microseconds(work, lambda: json.loads(document))
    return Figure(about, ours / at_once, theirs)


def figures() -> list[Figure]:
    options = ResponseOptions()
    openai, ollama = b"/chat/completions", b"/api/chat"
    return [
        request("request of 268 KB to OpenAI's dialect", "plain", to_openai),
        request("request of 268 KB to Ollama's dialect", "ollama", to_ollama),
        chunk("text chunk of OpenAI's, one per read", openai, ChatReader(info("plain"), options), 1),
        chunk("text chunk of OpenAI's, ten per read", openai, ChatReader(info("plain"), options), 10),
        chunk("text chunk of Ollama's, one per read", ollama, NativeReader(info("ollama"), options), 1),
        chunk("text chunk of Ollama's, ten per read", ollama, NativeReader(info("ollama"), options), 10),
    ]


def main() -> None:
    argparse.ArgumentParser(
        prog="python -m benchmarks.translate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    print("| what | µs | json.loads µs | as a multiple |\n| --- | --- | --- | --- |")
    for figure in figures():
        print(figure.row())


if __name__ == "__main__":
    main()
