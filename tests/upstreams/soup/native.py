"""Ollama's `/api/chat` at random, line by line."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.upstreams.soup.ingredients import (
    Json,
    Told,
    ids,
    inputs,
    lines,
    mixed,
    rarely,
    said,
    texts,
)

odd_arguments = st.sampled_from([None, {}, {"x": 1}, '{"x":1}', "oops", [1], "", 7])
native_calls = st.builds(
    lambda id_, name, arguments, index: said(
        {"id": id_, "function": said({"index": index, "name": name, "arguments": arguments})}
    ),
    ids,
    st.sampled_from(["A", "B", "A", "B", "", None]),
    st.one_of(inputs, inputs, inputs, odd_arguments),
    st.sampled_from([None, 0, 1]),
)


def line(message: Json, **more: Any) -> Json:
    return {"model": "q", "message": {"role": "assistant", "content": "", **message}, "done": False, **more}


native_lines = st.one_of(
    st.builds(lambda text: line({"content": text}), texts),
    st.builds(lambda text: line({"thinking": text}), texts),
    st.builds(lambda text, thought: line({"content": text, "thinking": thought}), texts, texts),
    st.builds(lambda calls: line({"tool_calls": calls}), st.lists(native_calls, min_size=1, max_size=3)),
)
native_ends = st.builds(
    lambda reason, prompt, written: line(
        {}, **said({"done": True, "done_reason": reason, "prompt_eval_count": prompt, "eval_count": written})
    ),
    st.sampled_from(["stop", "stop", "length", "", None]),
    st.sampled_from([None, 0, 9]),
    st.sampled_from([None, 0, 4]),
)


@st.composite
def native(draw: st.DrawFn) -> bytes:
    threads = [draw(st.lists(native_lines, max_size=6))]
    if draw(rarely):
        threads.append([draw(st.sampled_from([{"error": "boom"}, {"error": "b", "status": 503}]))])
    if draw(rarely):
        threads.append([draw(native_ends)])
    ends = [] if draw(rarely) else [draw(native_ends)]
    return lines([*mixed(draw, threads), *ends])


@st.composite
def told_native(draw: st.DrawFn) -> Told:
    wanted = draw(st.lists(inputs, min_size=1, max_size=3))
    ids_ = draw(st.sampled_from([None, "", "same"]))
    calls = [
        line({"tool_calls": [said({"id": ids_, "function": {"name": f"T{place}", "arguments": given}})]})
        for place, given in enumerate(wanted)
    ]
    spoken = st.builds(
        lambda field, text: line({field: text}), st.sampled_from(["content", "thinking"]), texts
    )
    body = lines([*mixed(draw, [calls, draw(st.lists(spoken, max_size=3))]), line({}, done=True)])
    return Told(body, [(f"T{place}", given) for place, given in enumerate(wanted)])
