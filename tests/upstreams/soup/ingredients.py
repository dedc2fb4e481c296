"""What servers may send, at random: streams of each kind as bytes, mostly sane and never quite.

A soup is made of threads (calls in pieces, texts, reasoning, figures, odd pieces) whose chunks are mixed
while each thread keeps its order. About one in ten holds an error object; the end may be missing.

`Told` is a soup whose calls can be told apart: what they are is known.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any, NamedTuple

from hypothesis import strategies as st

Json = dict[str, Any]
Chunks = list[Json]


class Told(NamedTuple):
    body: bytes
    calls: list[tuple[str, Json]]
    """Name and input of each call, in the order they began."""


texts = st.sampled_from(["a", "b c", "\n", " ", "", "é🎈", "<think>x</think>", "<thi", "nk>", "</think>"])
shards = st.sampled_from(["", "{", "}", "{}", '{"a":1}', '"x"', ":1", " ", "null", "[", "oops", '{"x":'])
ids = st.sampled_from([None, "", "c1", "c2", "call_0", "a:b"])
names = st.sampled_from([None, "", "A", "B"])
inputs = st.dictionaries(
    st.text("ab\n", max_size=2),
    st.none() | st.integers(0, 99) | st.text("x}é🎈", max_size=3) | st.lists(st.booleans(), max_size=2),
    max_size=3,
)
rarely = st.integers(0, 9).map(lambda number: number == 0)


def said(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


def cut(draw: st.DrawFn, text: str) -> list[str]:
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))
    return [text[a:b] for a, b in pairwise([0, *cuts, len(text)])]


def mixed(draw: st.DrawFn, threads: list[Chunks]) -> Chunks:
    """The chunks of all threads, each thread in its own order."""
    waiting, chunks = [list(thread) for thread in threads if thread], []
    while waiting:
        thread = draw(st.sampled_from(waiting))
        chunks.append(thread.pop(0))
        waiting = [thread for thread in waiting if thread]
    return chunks


def events(chunks: Chunks, *, last: str = "") -> bytes:
    return ("".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + last).encode()


def lines(chunks: Chunks) -> bytes:
    return "".join(json.dumps(chunk) + "\n" for chunk in chunks).encode()
