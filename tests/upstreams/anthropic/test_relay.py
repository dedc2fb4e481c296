"""An upstream that speaks Messages itself: what goes to it, and how its answer passes."""

import json

import pytest

from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.response import events as e
from gateway.anthropic.response.writer import MessageWriter
from gateway.anthropic.signatures import sign
from gateway.anthropic.tool_ids import ClientCallIds
from gateway.errors import Kind
from gateway.inbound import Inbound
from gateway.parts import Part, PassthroughEvent, StreamError, Usage
from gateway.upstreams.anthropic.reader import PassthroughReader
from gateway.upstreams.anthropic.request import forwarded, to_messages_request
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.response.reader import ResponseReader
from gateway.upstreams.upstream_request import ResponseOptions, UpstreamRequest

FACTS = ModelInfo("p", "claude-real", PRESETS["anthropic"])
START = {
    "type": "message_start",
    "message": {"id": "msg_1", "model": "claude-real", "usage": {"input_tokens": 7}},
}
STREAM = [
    START,
    {"type": "ping"},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "from_the_future", "x": 1.50}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}},
    {"type": "message_stop"},
]


def built(body: str) -> UpstreamRequest:
    raw = body.encode()
    return to_messages_request(Inbound("req_1", raw, {}, decode_request(raw)), FACTS)


def sse(events: list[dict]) -> bytes:
    return "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events).encode()


CALL = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": {"b": 1}}}


def pretty(value: dict) -> bytes:
    return json.dumps(value, indent=2).encode()


def read(data: bytes, *, step: int | None = None) -> list[Part]:
    reader = ResponseReader(PassthroughReader(FACTS, ResponseOptions()))
    parts: list[Part] = []
    for at in range(0, len(data), step or len(data)):
        parts += reader.feed(data[at : at + (step or len(data))])
    return parts + reader.close()


def writer() -> MessageWriter:
    return MessageWriter("msg_own", "asked-for", "req_1", 3, ClientCallIds(lambda: "toolu_new"))


def test_only_the_model_name_changes():
    sent = (
        '{"model":"alias","future":{"a" : 1.0},'
        '"system":[{"type":"text","text":"x-anthropic-billing-header: \\u00e9"}],'
        '"messages":[{"role":"user","content":"hi"}],"max_tokens":0}'
    )
    assert built(sent).body.decode() == sent.replace('"alias"', '"claude-real"')


def test_thinking_signed_for_other_providers_is_taken_out_and_noted():
    ours, theirs = (
        {"type": "thinking", "thinking": "a", "signature": sign({"p": "vllm"})},
        {
            "type": "thinking",
            "thinking": "b",
            "signature": "EqQBCkYIAR",
        },
    )
    said = {"type": "text", "text": "ok"}
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [ours, theirs, said]},
        {"role": "user", "content": "go on"},
        {"role": "assistant", "content": [ours]},
        {"role": "user", "content": "again"},
    ]
    done = built(json.dumps({"model": "m", "messages": messages}))
    kept = json.loads(done.body)["messages"]
    assert [one["content"] for one in kept] == ["hi", [theirs, said], "go on", "again"]
    assert [notice.name for notice in done.notices] == ["dropped.thinking"]


def searched(id_: str, sealed: str) -> list[dict]:
    hit = {"type": "web_search_result", "url": "https://a.example", "title": "A", "page_age": None}
    return [
        {"type": "server_tool_use", "id": id_, "name": "web_search", "input": {"query": "a"}},
        {
            "type": "web_search_tool_result",
            "tool_use_id": id_,
            "content": [{**hit, "encrypted_content": sealed}],
        },
    ]


def test_what_another_provider_found_on_the_web_becomes_text():
    theirs, said = searched("srvtoolu_1", "EqQBCkYIAR"), {"type": "text", "text": "ok"}
    content = [*searched("srvtoolu_ws_1", "gw1:"), said, *theirs]
    lonely = searched("srvtoolu_ws_2", "gw1:")[1]
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": content},
        {"role": "user", "content": "go on"},
        {"role": "assistant", "content": [lonely]},
        {"role": "user", "content": "again"},
    ]
    _, first, _, second, _ = json.loads(built(json.dumps({"model": "m", "messages": messages})).body)[
        "messages"
    ]
    found = {"type": "text", "text": "Found on the web:\n1. A — https://a.example"}
    assert first["content"] == [found, said, *theirs]
    assert second["content"] == [found]


def test_empty_text_of_the_assistant_is_taken_out_and_the_rest_stays_as_it_came():
    sent = (
        '{"model":"claude-real","messages":[{"role":"user","content":[{"type":"text","text":""}]},'
        '{"role":"assistant","content":[{"type":"text","text":""},{"n" : 1.0,"type":"text","text":"a"}]},'
        '{"role":"user","content" : "b"},{"role":"assistant","content":[{"type":"text","text":""}]},'
        '{"role":"assistant","content":""},{"role":"user","content":"c"}]}'
    )
    kept = (
        '{"model":"claude-real","messages":[{"role":"user","content":[{"type":"text","text":""}]},'
        '{"role":"assistant","content":[{"n" : 1.0,"type":"text","text":"a"}]},'
        '{"role":"user","content" : "b"},{"role":"user","content":"c"}]}'
    )
    done = built(sent)
    assert done.body.decode() == kept
    assert done.notices == ()


def compaction(**more: object) -> dict:
    return {"type": "compaction", "content": "S", "signature": sign({"p": "vllm"}), **more}


@pytest.mark.parametrize("role", ["user", "assistant"])
def test_a_summary_signed_here_becomes_text_in_the_place_of_what_it_stands_for(role: str):
    said = {"type": "text", "text": "on"}
    messages = [
        {"role": "user", "content": "old"},
        {"role": role, "content": [compaction(encrypted_content=None, tool_changes=[]), said]},
        {"role": "user", "content": "new"},
    ]
    kept = json.loads(built(json.dumps({"model": "m", "messages": messages})).body)["messages"]
    summary = "<conversation-summary>\nS\n</conversation-summary>"
    assert [(one["role"], one["content"]) for one in kept] == [
        ("user", summary),
        (role, [said]),
        ("user", "new"),
    ]


def test_tool_changes_of_a_summary_become_a_message_and_a_failed_one_stands_for_nothing():
    change = {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "T"}}
    messages = [
        {"role": "user", "content": [compaction(tool_changes=[change])]},
        {"role": "assistant", "content": [compaction(content=None)]},
        {"role": "user", "content": "new"},
    ]
    kept = json.loads(built(json.dumps({"model": "m", "messages": messages})).body)["messages"]
    assert [one["role"] for one in kept] == ["user", "system", "user"]
    assert kept[1]["content"] == [change]


def test_what_anthropic_signed_stays():
    messages = [
        {"role": "assistant", "content": [compaction(signature="EqQB"), {"type": "new", "signature": 1}]},
        {"role": "user", "content": [{"type": "text", "text": "what is gw1: for?", "data": {}}]},
    ]
    assert json.loads(built(json.dumps({"model": "m", "messages": messages})).body)["messages"] == messages


def test_headers_of_the_api_go_along_and_credentials_only_where_allowed():
    headers = {
        "anthropic-beta": "a,b",
        "anthropic-version": "2026-10-21",
        "x-claude-code-session-id": "s",
        "user-agent": "claude-cli",
        "x-api-key": "client",
        "host": "gateway",
        "cookie": "c",
    }
    kept = forwarded(headers, credentials=False)
    assert set(kept) == {"anthropic-beta", "anthropic-version", "x-claude-code-session-id", "user-agent"}
    assert forwarded(headers, credentials=True)["x-api-key"] == "client"
    assert forwarded({}, credentials=False) == {"anthropic-version": "2023-06-01"}


def test_events_pass_as_they_are_but_for_pings_and_the_models_name():
    writing, events = writer(), list[e.Event]()
    for part in read(sse(STREAM)):
        events += writing.write(part)
    out = e.render(events).decode()
    assert json.dumps(STREAM[3]) in out
    assert "ping" not in out
    assert '"model":"asked-for"' in out
    assert writing.ended
    assert (writing.stop_reason, writing.usage.input, writing.usage.output) == ("end_turn", 7, 5)


@pytest.mark.parametrize("step", [1, 7, 64])
def test_splitting_the_bytes_changes_nothing(step):
    assert read(sse(STREAM), step=step) == read(sse(STREAM))


def test_a_missing_message_stop_is_supplied_only_after_a_stop_reason():
    assert read(sse(STREAM[:-1]))[-1] == PassthroughEvent("message_stop", b'{"type":"message_stop"}')
    cut = read(sse(STREAM[:4]))[-1]
    assert isinstance(cut, StreamError)
    assert cut.kind is Kind.UPSTREAM_CUT


def test_an_error_event_is_a_fault_in_the_apis_words():
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    assert read(sse([START, error]))[-1] == StreamError(Kind.UPSTREAM_OVERLOADED, "Overloaded")


def test_blocks_move_up_where_an_empty_one_kept_the_client_awake():
    writing = writer()
    writing.empty_delta()
    events = [event for part in read(sse(STREAM)) for event in writing.write(part)]
    names = [event.name if isinstance(event, e.Relayed) else type(event).__name__ for event in events]
    assert names[:2] == ["ContentBlockStop", "content_block_start"]
    assert json.loads(events[1].data)["index"] == 1
    assert writing.empty_delta() == []


def test_a_plain_answer_is_passed_whole():
    body = (
        b'{"type":"message","id":"msg_1","model":"x","content":[{"type":"new","n":1.0}],'
        b'"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}'
    )
    usage, whole = ResponseReader(PassthroughReader(FACTS, ResponseOptions(), streams=False)).whole(body)
    assert isinstance(usage, Usage)
    (event,) = writer().write(whole)
    assert event.data == body.replace(b'"x"', b'"asked-for"')


@pytest.mark.parametrize("body", [b"<html>nginx</html>", b"", b'{"object":"list"}', b"[1]"])
def test_anything_else_is_garbage(body):
    (fault,) = ResponseReader(PassthroughReader(FACTS, ResponseOptions())).whole(body)
    assert isinstance(fault, StreamError)
    assert fault.kind is Kind.UPSTREAM_GARBAGE


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize(
    "broken",
    [
        {"content": [{"type": "text"}]},
        {"content": None},
        {"stop_reason": 3},
        {"content": [{"type": "thinking"}]},
        {"content": [[]]},
    ],
)
def test_a_message_that_is_none_never_becomes_half_a_stream(broken: dict, streams: bool):
    message = {"type": "message", "content": [], "stop_reason": "end_turn", **broken}
    parts = ResponseReader(PassthroughReader(FACTS, ResponseOptions(), streams=streams)).whole(
        json.dumps(message).encode()
    )
    assert streams is False or [type(part) for part in parts] == [StreamError]


BAD_BYTES = [
    (b'{"type":"message_delta","delta":{"stop_reason":"end\xff"},"usage":{}}', "\ufffd"),
    (b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\xff"}}', "\ufffd"),
    (b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\ud83d"}}', "\\ud83d"),
]


@pytest.mark.parametrize(("event", "holds"), BAD_BYTES)
def test_what_is_no_utf8_does_not_end_an_answer(event, holds):
    stream = sse([*STREAM[:4]]) + b"data: " + event + b"\n\n" + sse(STREAM[4:])
    parts = read(stream)
    assert not [part for part in parts if isinstance(part, StreamError)]
    assert [part for part in parts if isinstance(part, PassthroughEvent) and holds in part.data.decode()]


@pytest.mark.parametrize("way", ["whole", "feed"])
def test_bytes_that_are_no_utf8_are_no_crash_in_a_plain_answer(way):
    body = b'{"type":"message","content":[{"type":"text","text":"\xff"}],"stop_reason":"end_turn"}'
    reader = ResponseReader(PassthroughReader(FACTS, ResponseOptions(), streams=way == "feed"))
    assert any(
        isinstance(part, PassthroughEvent) and "\ufffd" in part.data.decode() for part in reader.whole(body)
    )
    error = b'{"type":"error","error":{"type":"api_error","message":"\xff"}}'
    (fault,) = ResponseReader(PassthroughReader(FACTS, ResponseOptions())).whole(error)
    assert isinstance(fault, StreamError)


@pytest.mark.parametrize(
    "events",
    [
        [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}}],
        [{"type": "content_block_start", "index": 0}],
        [{"type": "message_delta", "usage": {}}],
    ],
)
def test_events_that_make_no_message_are_garbage(events: list[dict]):
    reader = ResponseReader(PassthroughReader(FACTS, ResponseOptions(), streams=False))
    fault = reader.whole(sse([START, *events, {"type": "message_stop"}]))[-1]
    assert isinstance(fault, StreamError)
    assert fault.kind is Kind.UPSTREAM_GARBAGE


@pytest.mark.parametrize(
    "of", [sse, lambda events: b"data: " + pretty(events[0]).replace(b"\n", b"\ndata: ")]
)
def test_data_of_several_lines_becomes_one(of):
    parts = read(of([START]) + b"\n\n" + sse(STREAM[1:]))
    assert all(b"\n" not in part.data for part in parts if isinstance(part, PassthroughEvent))
    assert next(json.loads(part.data) for part in parts if isinstance(part, PassthroughEvent)) == START


def test_a_pretty_message_becomes_events_of_one_line():
    body = pretty({"type": "message", "stop_reason": "end_turn", "usage": {"a": 1}, "content": [CALL]})
    parts = ResponseReader(PassthroughReader(FACTS, ResponseOptions())).whole(body)
    assert all(b"\n" not in part.data for part in parts if isinstance(part, PassthroughEvent))
