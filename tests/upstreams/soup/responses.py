"""OpenAI's Responses at random, as server-sent events."""

from __future__ import annotations

import json
from typing import Any

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

reasons = ["max_output_tokens", "content_filter", "other"]
spoken_events = [
    "response.output_text.delta",
    "response.refusal.delta",
    "response.reasoning_summary_text.delta",
    "response.reasoning_text.delta",
]
ARGUED = "response.function_call_arguments"
places, item_ids = st.sampled_from([None, 0, 0, 1, 2]), st.sampled_from([None, "i0", "i1", "i2"])
odd_items = st.one_of(
    st.builds(
        lambda id_, kept: said({"type": "reasoning", "id": id_, "summary": [], "encrypted_content": kept}),
        item_ids,
        st.sampled_from([None, "ENC"]),
    ),
    st.builds(
        lambda id_, text: said(
            {"type": "message", "id": id_, "content": [{"type": "output_text", "text": text}]}
        ),
        item_ids,
        texts,
    ),
    st.builds(
        lambda id_, call, name, text: said(
            {"type": "function_call", "id": id_, "call_id": call, "name": name, "arguments": text}
        ),
        item_ids,
        ids,
        names,
        shards,
    ),
    st.just({"type": "web_search_call", "id": "w"}),
)


def event(kind: str, place: int | None, item_id: str | None, **more: Any) -> Json:
    return said({"type": kind, "output_index": place, "item_id": item_id, **more})


odd_events = st.one_of(
    st.builds(
        lambda kind, place, item: event(f"response.output_item.{kind}", place, None, item=item),
        st.sampled_from(["added", "done"]),
        places,
        odd_items,
    ),
    st.builds(
        lambda kind, place, id_, text: event(kind, place, id_, delta=text),
        st.sampled_from(spoken_events),
        places,
        item_ids,
        texts,
    ),
    st.builds(
        lambda said, place, id_, text: event(f"{ARGUED}.{said[0]}", place, id_, **{said[1]: text}),
        st.sampled_from([("delta", "delta"), ("done", "arguments")]),
        places,
        item_ids,
        shards,
    ),
    st.sampled_from(
        [
            {"type": "response.created", "response": {"id": "r"}},
            {"type": "response.in_progress"},
            {"type": "response.of_tomorrow", "output_index": 7},
            {"type": "response.reasoning_summary_part.added", "summary_index": 1, "output_index": 0},
        ]
    ),
)
spent = {"input_tokens": 5, "output_tokens": 2}
response_ends = st.one_of(
    st.sampled_from([None, {"status": "completed"}, {"status": "completed", "usage": spent}]),
    st.builds(
        lambda reason: {"status": "incomplete", "incomplete_details": {"reason": reason}},
        st.sampled_from(reasons),
    ),
    st.just({"status": "completed", "usage": spent}),
)
response_errors = st.sampled_from(
    [
        {"type": "response.failed", "response": {"error": {"code": "server_error", "message": "m"}}},
        {"type": "error", "code": "x", "message": "m"},
    ]
)


@st.composite
def item(draw: st.DrawFn, place: int, wanted: Json | None, *, told: bool) -> Chunks:
    """One item from its announcement to its end: a call where `wanted`, else a text or reasoning."""
    by = draw(st.sampled_from(["both", "index", "id"] if told else ["both", "index", "id", "nothing"]))
    index, id_ = (
        (None if by in ("id", "nothing") else place),
        (None if by in ("index", "nothing") else f"i{place}"),
    )
    if wanted is None:
        return [event(draw(st.sampled_from(spoken_events)), place, id_, delta=draw(texts)) for _ in range(2)]
    text = json.dumps(wanted)
    call = {"type": "function_call", "id": f"i{place}", "call_id": f"c{place}", "name": f"T{place}"}
    begun = event("response.output_item.added", place, None, item={**call, "arguments": ""})
    pieces = [event(f"{ARGUED}.delta", index, id_, delta=shard) for shard in cut(draw, text)]
    over = event("response.output_item.done", place, None, item={**call, "arguments": text})
    whole = event(f"{ARGUED}.done", index, id_, arguments=text)
    return [begun, *([] if draw(rarely) else pieces), whole, over]


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    wished = draw(st.lists(st.none() | inputs, max_size=4))
    threads = [draw(item(place, wanted, told=False)) for place, wanted in enumerate(wished)]
    if draw(rarely):
        threads.append(draw(st.lists(odd_events, max_size=5)))
    if draw(rarely):
        threads.append([draw(response_errors)])
    over = draw(response_ends)
    ends = [] if over is None else [{"type": f"response.{over['status']}", "response": over}]
    return events([*mixed(draw, threads), *ends])


@st.composite
def told_responses(draw: st.DrawFn) -> Told:
    wished = draw(st.lists(st.none() | inputs, min_size=1, max_size=4))
    items = [draw(item(place, wanted, told=True)) for place, wanted in enumerate(wished)]
    opening, rest = [first for first, *_ in items], [rest for _, *rest in items]
    done = {"type": "response.completed", "response": {"status": "completed"}}
    calls = [(f"T{place}", wanted) for place, wanted in enumerate(wished) if wanted is not None]
    return Told(events([*opening, *mixed(draw, rest), done]), calls)
