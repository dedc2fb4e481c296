"""gateway/anthropic/response/events.py."""

import json

import pytest

from gateway.anthropic.response import events as e
from gateway.errors import Kind

USAGE = e.Usage(input_tokens=3)
EVENTS = [
    e.MessageStart(e.Message(id="msg_1", model="m", usage=USAGE)),
    e.ContentBlockStart(0, e.TextBlock()),
    e.ContentBlockStart(1, e.ThinkingBlock()),
    e.ContentBlockStart(2, e.ToolUseBlock("toolu_1", "Bash")),
    e.ContentBlockStart(3, {"type": "compaction", "content": None}),
    e.ContentBlockDelta(0, e.TextDelta('"\n\\ é 日 🎉')),
    e.ContentBlockDelta(1, e.ThinkingDelta("hm")),
    e.ContentBlockDelta(1, e.SignatureDelta("gw1:x")),
    e.ContentBlockDelta(2, e.InputJsonDelta('{"a"')),
    e.ContentBlockStop(0),
    e.MessageDelta(e.Stop("end_turn"), USAGE),
    e.MessageStop(),
    e.Ping(),
    e.error(Kind.RATE_LIMITED, "slow down", "req_1"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_event_is_its_name_and_one_line_of_json_with_the_same_type(event):
    lines = e.render([event]).decode().split("\n")
    name, data = lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))
    assert lines[2:] == ["", ""]
    assert data["type"] == name


def test_events_follow_each_other():
    assert e.render(EVENTS) == b"".join(e.render([event]) for event in EVENTS)


def test_message_has_every_key_from_the_start():
    message = json.loads(e.render(EVENTS[:1]).split(b"data: ")[1])["message"]
    assert message == {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "container": None,
        "usage": {
            "input_tokens": 3,
            "output_tokens": 0,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "cache_creation": None,
            "output_tokens_details": None,
            "server_tool_use": None,
            "service_tier": "standard",
            "speed": None,
            "inference_geo": None,
            "iterations": None,
        },
    }


def test_error_has_one_shape_as_body_and_as_event():
    body = e.error_body(Kind.UPSTREAM_OVERLOADED, "busy", "req_1")
    assert body == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "busy"},
        "request_id": "req_1",
    }
    event = e.render([e.error(Kind.UPSTREAM_OVERLOADED, "busy", "req_1")])
    assert json.loads(event.split(b"data: ")[1]) == body


def test_error_names_details_where_there_are_any():
    body = e.error_body(Kind.INVALID_REQUEST, "no", "req_1", {"error_code": "thread_unsupported_request"})
    assert body["error"]["details"] == {"error_code": "thread_unsupported_request"}


def test_comment_keeps_to_its_line():
    assert e.comment("a\nb\r\nevent: error") == b": a b event: error\n\n"
