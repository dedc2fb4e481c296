"""A message and the events it is streamed in say the same, whichever way they are turned."""

import json
from typing import Any

import pytest
from anthropic.lib.streaming._beta_messages import accumulate_event
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.parts import PassthroughEvent
from gateway.upstreams.anthropic.shape import InvalidToolInput, MessageAccumulator, to_events

texts = st.text(max_size=5)
filled = st.text(min_size=1, max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts, lambda e: st.lists(e, max_size=2)
)
inputs = st.dictionaries(texts, json_values, max_size=2)
cited = {"type": "char_location", "cited_text": "x", "document_index": 0}
blocks = st.one_of(
    st.builds(lambda t: {"type": "text", "text": t}, texts),
    st.builds(lambda t: {"type": "text", "text": t, "citations": [cited, cited]}, texts),
    st.builds(lambda t: {"type": "thinking", "thinking": t, "signature": "EqQB"}, texts),
    st.builds(lambda i: {"type": "tool_use", "id": "t", "name": "f", "input": i}, inputs),
    st.builds(lambda i: {"type": "server_tool_use", "id": "s", "name": "web_search", "input": i}, inputs),
    st.just({"type": "redacted_thinking", "data": "x"}),
    st.just({"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"url": "u"}]}),
    st.builds(lambda t: {"type": "compaction", "content": t, "encrypted_content": "E"}, filled),
    st.just({"type": "from_the_future", "n": 1.0}),
)
messages = st.builds(
    lambda content, stop, more: {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 5, "cache_creation": None},
        **more,
    },
    st.lists(blocks, max_size=4),
    st.sampled_from(["end_turn", "tool_use", "max_tokens", "later_reason"]),
    st.sampled_from([{}, {"container": {"id": "c"}}, {"context_management": {"applied_edits": []}}]),
)


def events_of(message: dict) -> list[PassthroughEvent]:
    return list(to_events(json.dumps(message).encode()))


def message_of(events: list[PassthroughEvent]) -> dict:
    folding = MessageAccumulator()
    for event in events:
        folding.add(event)
    return json.loads(folding.message(next(e.stop_reason for e in reversed(events) if e.stop_reason)))


@settings(deadline=None)
@given(messages)
def test_folding_what_was_unfolded_gives_the_same_message(message: dict):
    assert message_of(events_of(message)) == message


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@settings(deadline=None)
@given(messages)
def test_the_official_sdk_accumulates_the_same_message(message: dict):
    snapshot: Any = None
    for event in events_of(message):
        snapshot = accumulate_event(
            event=json.loads(event.data), current_snapshot=snapshot, request_headers={}, json_bufs={}
        )
    summed = snapshot.to_dict()
    for said, got in zip(message["content"], summed["content"], strict=True):
        assert {key: got[key] for key in said} == said
    assert (summed["stop_reason"], summed["usage"]["output_tokens"]) == (message["stop_reason"], 5)


def test_values_pass_byte_for_byte():
    body = (
        b'{"type":"message","content":[{"type":"tool_use","id":"t","name":"f","input":{"a" : 1.50}}],'
        b'"stop_reason":"tool_use","usage":{"input_tokens":1}}'
    )
    events = list(to_events(body))
    assert json.loads(events[2].data)["delta"]["partial_json"] == '{"a" : 1.50}'
    folding = MessageAccumulator()
    for event in events:
        folding.add(event)
    assert folding.message("tool_use") == body


CUT = [
    {"type": "message_start", "message": {"type": "message", "content": [], "usage": {}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "input": {}}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"a'}},
]


def test_input_that_was_cut_off_is_left_out_only_where_the_answer_was_cut_short():
    folding = MessageAccumulator()
    for event in CUT:
        folding.add(PassthroughEvent(event["type"], json.dumps(event).encode()))
    assert json.loads(folding.message("max_tokens"))["content"] == []
    with pytest.raises(InvalidToolInput):
        folding.message("tool_use")
