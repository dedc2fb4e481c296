"""Chat Completions at random, as server-sent events."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from tests.upstreams.soup.ingredients import (
    Chunks,
    Json,
    Told,
    cut,
    events,
    ids,
    inputs,
    mixed,
    names,
    rarely,
    said,
    shards,
    texts,
)

figures = st.sampled_from([None, None, {"prompt_tokens": 5, "completion_tokens": 2}, {"prompt_tokens": None}])
odd_pieces = st.builds(
    lambda index, id_, name, arguments: said(
        {"index": index, "id": id_, "function": said({"name": name, "arguments": arguments})}
    ),
    st.sampled_from([None, 0, 0, 1, 2, 5]),
    ids,
    names,
    st.one_of(shards, shards, st.just({"k": 1})),
)
deltas = st.one_of(
    st.builds(lambda text: {"content": text}, texts),
    st.builds(lambda field, text: {field: text}, st.sampled_from(["reasoning_content", "reasoning"]), texts),
    st.builds(lambda text: {"refusal": text}, texts),
    st.sampled_from([{}, {"role": "assistant", "content": ""}, {"content": None}]),
)
odd_deltas = st.one_of(
    st.builds(lambda pieces: {"tool_calls": pieces}, st.lists(odd_pieces, max_size=3)),
    st.builds(lambda name, text: {"function_call": {"name": name, "arguments": text}}, names, shards),
)
finishes = st.sampled_from([None, "stop", "tool_calls", "tool_calls", "length", "content_filter", "error"])


def chunk(delta: Json, finish: str | None = None, usage: Json | None = None, index: int = 0) -> Json:
    return said(
        {"choices": [said({"index": index, "delta": delta, "finish_reason": finish})], "usage": usage}
    )


@st.composite
def chat_call(draw: st.DrawFn, place: int, given: Json, *, told: bool) -> Chunks:
    """One call in pieces: what tells it apart stands in the first piece, a later one, all, or nowhere."""
    shown = ["every"] if told else ["every", "first", "none", "zero"]
    indexed, named = draw(st.sampled_from(shown)), draw(st.sampled_from(["first", "every"]))
    known = draw(
        st.sampled_from(["first", "every", "late"] if told else ["first", "every", "late", "none", "empty"])
    )
    id_ = draw(st.sampled_from([f"c{place}", f"c{place}"] if told else [f"c{place}", "c0", "a:b"]))
    pieces = cut(draw, json.dumps(given))
    return [
        chunk({"tool_calls": [_piece(at, len(pieces), text, place, id_, (indexed, named, known))]})
        for at, text in enumerate(pieces)
    ]


def _piece(at: int, count: int, text: str, place: int, id_: str, shown: tuple[str, str, str]) -> Json:
    indexed, named, known = shown
    index = {"every": place, "first": None if at else place, "zero": 0}.get(indexed)
    name = None if named == "first" and at else f"T{place}"
    has_id = known == "every" or (known == "first" and not at) or (known == "late" and at == count - 1)
    shown_id = "" if known == "empty" else id_ if has_id else None
    return said({"index": index, "id": shown_id, "function": said({"name": name, "arguments": text})})


@st.composite
def chat(draw: st.DrawFn) -> bytes:
    calls = [draw(chat_call(place, draw(inputs), told=False)) for place in range(draw(st.integers(0, 3)))]
    spoken = st.builds(chunk, deltas, st.none(), figures, st.sampled_from([0, 0, 0, 1]))
    threads = [*calls, draw(st.lists(spoken, max_size=4))]
    if draw(rarely):
        threads.append([chunk(delta) for delta in draw(st.lists(odd_deltas, max_size=3))])
    if draw(rarely):
        threads.append([draw(st.sampled_from([{"error": {"message": "boom", "code": 429}}, {"error": "x"}]))])
    last = [chunk({}, finish) for finish in [draw(finishes)] if finish]
    usage = [{"choices": [], "usage": usage} for usage in [draw(figures)] if usage]
    done = draw(st.sampled_from(["", "data: [DONE]\n\n", "data: [DONE]\n\n"]))
    return events([*mixed(draw, threads), *draw(st.permutations([*last, *usage]))], last=done)


@st.composite
def told_chat(draw: st.DrawFn) -> Told:
    wanted = draw(st.lists(inputs, min_size=1, max_size=3))
    calls = [draw(chat_call(place, given, told=True)) for place, given in enumerate(wanted)]
    spoken = draw(st.lists(st.builds(chunk, deltas, st.none(), figures), max_size=3))
    opening = [first for first, *_ in calls]
    rest = mixed(draw, [*(rest for _, *rest in calls), spoken])
    body = events([*opening, *rest, chunk({}, "tool_calls")], last="data: [DONE]\n\n")
    return Told(body, [(f"T{place}", given) for place, given in enumerate(wanted)])
