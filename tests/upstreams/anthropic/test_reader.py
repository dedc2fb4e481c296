"""The answer of an upstream that speaks Messages itself: its events pass, and what is none is an error."""

import json

import pytest

from gateway.anthropic.response import events as e
from gateway.anthropic.response.writer import MessageWriter
from gateway.anthropic.tool_ids import ClientCallIds
from gateway.codecs.lines import LIMIT
from gateway.errors import Kind
from gateway.parts import Finish, FinishReason, Notice, Part, PassthroughEvent, StreamError, Usage
from gateway.upstreams.anthropic.reader import PassthroughReader
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.response.reader import ResponseReader
from gateway.upstreams.upstream_request import ResponseOptions

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


def sse(events: list[dict]) -> bytes:
    return "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events).encode()


CALL = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": {"b": 1}}}


def pretty(value: dict) -> bytes:
    return json.dumps(value, indent=2).encode()


def read(data: bytes, *, step: int | None = None, streams: bool = True) -> list[Part]:
    reader = ResponseReader(PassthroughReader(FACTS, ResponseOptions(), streams=streams))
    parts: list[Part] = []
    for at in range(0, len(data), step or len(data)):
        parts += reader.feed(data[at : at + (step or len(data))])
    return parts + reader.close()


def whole(body: bytes, *, streams: bool = True) -> list[Part]:
    return ResponseReader(PassthroughReader(FACTS, ResponseOptions(), streams=streams)).whole(body)


def writer() -> MessageWriter:
    return MessageWriter("msg_own", "asked-for", "req_1", 3, ClientCallIds(lambda: "toolu_new"))


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


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("invalid_request_error", Kind.INVALID_REQUEST),
        ("authentication_error", Kind.UPSTREAM_CREDENTIALS),
        ("permission_error", Kind.UPSTREAM_CREDENTIALS),
        ("billing_error", Kind.BILLING),
        ("not_found_error", Kind.NOT_FOUND),
        ("request_too_large", Kind.TOO_LARGE),
        ("rate_limit_error", Kind.RATE_LIMITED),
        ("timeout_error", Kind.UPSTREAM_TIMEOUT),
        ("overloaded_error", Kind.UPSTREAM_OVERLOADED),
        ("api_error", Kind.UPSTREAM_FAILED),
        ("error_of_the_future", Kind.UPSTREAM_FAILED),
    ],
)
def test_an_error_keeps_the_apis_words_in_a_stream_and_in_a_message(type_: str, kind: Kind):
    error = {"type": "error", "error": {"type": type_, "message": "see https://a.example/?key=1"}}
    fault = StreamError(kind, "see [url]")
    assert read(sse([START, error]))[-1] == fault
    assert whole(json.dumps(error).encode()) == [fault]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("prompt is too long: 9 tokens > 8 maximum", "prompt is too long: 9 tokens > 8 maximum"),
        (
            "the request exceeds the available context size (8192 tokens)",
            "prompt is too long: 8193 tokens > 8192 maximum",
        ),
    ],
)
def test_a_prompt_that_is_too_long_is_told_in_the_form_that_clients_compact_on(said: str, told: str):
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": said}}
    assert read(sse([error])) == [StreamError(Kind.CONTEXT_OVERFLOW, told)]


@pytest.mark.parametrize("error", [b'{"type":"error"}', b'{"type":"error","error":"no"}'])
def test_an_error_without_words_is_garbage(error: bytes):
    for parts in (read(b"data: " + error + b"\n\n"), whole(error)):
        assert parts == [StreamError(Kind.UPSTREAM_GARBAGE, "[p] upstream sent an error that cannot be read")]


CUT_CALL = {
    "type": "error",
    "error": {
        "type": "api_error",
        "message": 'invalid tool call arguments for "f": unexpected end of JSON input',
    },
}


@pytest.mark.parametrize("streams", [True, False])
def test_a_call_that_the_limit_cut_is_the_answers_end(streams: bool):
    limited = [Notice("dropped.tool_call", "max_tokens cut its arguments"), Finish(FinishReason.LENGTH)]
    assert whole(json.dumps(CUT_CALL).encode(), streams=streams) == limited
    assert whole(sse([CUT_CALL]), streams=streams) == limited


def test_a_call_that_the_limit_cut_closes_the_open_block_of_a_stream():
    _, *passed = read(sse([*STREAM[:4], CUT_CALL, *STREAM[4:]]))[3:]
    assert [(part.name, part.stop_reason) for part in passed if isinstance(part, PassthroughEvent)] == [
        ("content_block_stop", ""),
        ("message_delta", "max_tokens"),
        ("message_stop", ""),
    ]


@pytest.mark.parametrize("way", ["whole", "pieces"])
def test_a_stream_becomes_the_message_that_a_plain_request_asked_for(way: str):
    text = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}
    data = sse([*STREAM[:3], text, *STREAM[4:]])
    parts = whole(data, streams=False) if way == "whole" else read(data, step=5, streams=False)
    assert parts[:2] == [Usage(input=7), Usage(output=5)]
    (event,) = parts[2:]
    assert isinstance(event, PassthroughEvent)
    assert (event.name, event.stop_reason) == ("message", "end_turn")
    assert json.loads(event.data) == {
        "id": "msg_1",
        "model": "claude-real",
        "usage": {"input_tokens": 7, "output_tokens": 5},
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn",
    }


def test_a_streamed_call_with_bad_json_is_the_models_error_in_a_plain_answer():
    start = {"type": "content_block_start", "index": 0, "content_block": CALL}
    piece = {"type": "input_json_delta", "partial_json": "{not json"}
    delta = {"type": "content_block_delta", "index": 0, "delta": piece}
    assert whole(sse([START, start, delta, *STREAM[4:]]), streams=False)[-1] == StreamError(
        Kind.UPSTREAM_GARBAGE, "model produced invalid tool JSON"
    )


def test_nothing_follows_the_end():
    reader = ResponseReader(PassthroughReader(FACTS, ResponseOptions()))
    reader.feed(sse(STREAM))
    assert reader.ended
    assert reader.feed(sse(STREAM)) == []
    assert reader.close() == []


@pytest.mark.parametrize(
    ("data", "has_data"),
    [
        (b"", False),
        (b": hello\n\n", False),
        (sse([{"type": "ping"}]), False),
        (sse([START]), True),
        (b' {"type":', True),
    ],
)
def test_pings_and_comments_are_no_data(data: bytes, has_data: bool):
    reader = ResponseReader(PassthroughReader(FACTS, ResponseOptions()))
    reader.feed(data)
    assert reader.has_data is has_data


def test_an_endless_line_is_refused():
    reader = ResponseReader(PassthroughReader(FACTS, ResponseOptions()))
    parts = reader.feed(b"data: ")
    for _ in range(LIMIT // 2**20 + 1):
        parts += reader.feed(b"x" * 2**20)
    assert [part.kind for part in parts if isinstance(part, StreamError)] == [Kind.UPSTREAM_GARBAGE]
    assert reader.ended


@pytest.mark.parametrize("event", [b"{broken", b"[]", b'"text"', b"null", b'{"type":3}'])
def test_an_event_that_cannot_be_read_is_garbage(event: bytes):
    assert read(sse([START]) + b"data: " + event + b"\n\n")[-1] == StreamError(
        Kind.UPSTREAM_GARBAGE, "[p] upstream sent an event that cannot be read"
    )


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


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"])
def test_last_event_of_another_protocol_is_malformed_with_or_without_its_end(end: bytes):
    (fault,) = ResponseReader(PassthroughReader(FACTS, ResponseOptions())).whole(
        b'data: {"error":"boom"}' + end
    )
    assert fault.kind is Kind.UPSTREAM_GARBAGE
