"""gateway/anthropic/response/accumulate.py."""

from collections.abc import Callable

import pytest

from gateway.anthropic.response import events as e
from gateway.anthropic.response.accumulate import fold
from gateway.anthropic.response.writer import MessageWriter
from gateway.errors import Kind, UpstreamFailed
from gateway.parts import (
    Finish,
    FinishReason,
    Part,
    PassthroughBlock,
    ReasoningDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
    Usage,
)

NewWriter = Callable[..., MessageWriter]


def folded(writer: MessageWriter, *parts: Part) -> dict:
    return fold([event for part in parts for event in writer.write(part)])


def test_message_has_every_key_and_its_blocks_whole(new_writer: NewWriter):
    parts = (
        ReasoningDelta("hm", {"p": "v"}),
        TextDelta("a"),
        TextDelta("b"),
        ToolCallDelta(0, "c1", "A", '{"x"'),
        ToolCallDelta(0, arguments=":1}"),
    )
    assert folded(
        new_writer(), *parts, Usage(input=5, output=6, cache_read=7), Finish(FinishReason.TOOLS)
    ) == {
        "id": "msg_x",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "gw1:eyJwIjoidiJ9"},
            {"type": "text", "text": "ab"},
            {"type": "tool_use", "id": "c1", "name": "A", "input": {"x": 1}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "stop_details": None,
        "container": None,
        "usage": {
            "input_tokens": 5,
            "output_tokens": 6,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 7,
            "cache_creation": None,
            "output_tokens_details": None,
            "server_tool_use": None,
            "service_tier": "standard",
            "speed": None,
            "inference_geo": None,
            "iterations": None,
        },
    }


def test_call_without_arguments_has_an_empty_object(new_writer: NewWriter):
    message = folded(new_writer(), ToolCallDelta(0, "c1", "A"), Finish(FinishReason.TOOLS))
    assert message["content"] == [{"type": "tool_use", "id": "c1", "name": "A", "input": {}}]


def test_call_that_was_cut_off_is_left_out(new_writer: NewWriter):
    parts = (
        TextDelta("a"),
        ToolCallDelta(0, "c1", "A", '{"k":1}'),
        ToolCallDelta(1, "c2", "B", '{"k"'),
        Finish(FinishReason.LENGTH),
    )
    message = folded(new_writer(), *parts)
    assert [block["type"] for block in message["content"]] == ["text", "tool_use"]
    assert message["stop_reason"] == "max_tokens"


def test_answer_of_nothing_has_an_empty_list(new_writer: NewWriter):
    assert folded(new_writer(), Finish())["content"] == []


def test_whole_blocks_come_out_as_they_went_in(new_writer: NewWriter):
    blocks = [
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"url": "u"}]},
        {"type": "text", "text": "b", "citations": [{"type": "c"}]},
    ]
    assert folded(new_writer(), *(PassthroughBlock(block) for block in blocks), Finish())["content"] == blocks


def test_text_without_citations_has_no_such_key(new_writer: NewWriter):
    parts = (
        ReasoningDelta("hm", {"p": "v"}),
        TextDelta("a"),
        ToolCallDelta(0, "c1", "A", "{}"),
        PassthroughBlock({"type": "x"}),
        TextDelta("b"),
        Finish(),
    )
    texts = [block for block in folded(new_writer(), *parts)["content"] if block["type"] == "text"]
    assert texts == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]


def test_refusal_is_told_with_its_details(new_writer: NewWriter):
    message = folded(new_writer(), TextDelta("no"), Finish(FinishReason.REFUSAL))
    assert message["stop_details"] == {"type": "refusal", "category": None, "explanation": None}


def test_pings_say_nothing(new_writer: NewWriter):
    writer = new_writer()
    events = [e.Ping(), *writer.write(TextDelta("a")), e.Ping(), *writer.write(Finish())]
    assert [block["text"] for block in fold(events)["content"]] == ["a"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Kind.UPSTREAM_CUT, 502),
        (Kind.RATE_LIMITED, 429),
        (Kind.UPSTREAM_OVERLOADED, 529),
        (Kind.CONTEXT_OVERFLOW, 400),
        (Kind.UPSTREAM_TIMEOUT, 504),
    ],
)
def test_error_is_raised_with_its_words(new_writer: NewWriter, kind: Kind, status: int):
    with pytest.raises(UpstreamFailed, match="gone") as raised:
        folded(new_writer(), TextDelta("a"), StreamError(kind, "gone"))
    assert raised.value.answer.status == status


def test_invalid_arguments_are_a_bad_answer(new_writer: NewWriter):
    with pytest.raises(UpstreamFailed, match="invalid tool JSON") as raised:
        folded(new_writer(), ToolCallDelta(0, "c1", "A", '{"x"'), Finish(FinishReason.TOOLS))
    assert raised.value.answer.status == 502


def test_events_without_an_end_are_no_message(new_writer: NewWriter):
    with pytest.raises(UpstreamFailed, match="no end"):
        folded(new_writer(), TextDelta("a"))


def test_long_answer_costs_its_length(new_writer: NewWriter):
    writer = new_writer()
    events = [event for _ in range(100_000) for event in writer.write(TextDelta("0123456789"))]
    message = fold([*events, *writer.write(Finish())])
    assert len(message["content"][0]["text"]) == 1_000_000
