"""An answer of Responses, streamed and whole, as neutral parts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.lines import LIMIT
from gateway.errors import Kind
from gateway.parts import (
    Finish,
    FinishReason,
    Notice,
    Part,
    PassthroughBlock,
    ReasoningDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.response.reader import ResponseReader
from gateway.upstreams.responses.reader import ResponsesReader
from gateway.upstreams.upstream_request import ResponseOptions

INFO = ModelInfo("up", "gpt", PRESETS["responses"])
MESSAGE = {"type": "message", "id": "m", "content": [{"type": "output_text", "text": "Hi"}]}
REASONING = {
    "type": "reasoning",
    "id": "r",
    "summary": [{"type": "summary_text", "text": "Hm."}],
    "encrypted_content": "ENC",
}
CALL = {"type": "function_call", "id": "f", "call_id": "c", "name": "A", "arguments": '{"a":1}'}
CUT = StreamError(Kind.UPSTREAM_CUT, "upstream closed the stream before finishing")
EMPTY = StreamError(Kind.UPSTREAM_CUT, "[up] upstream sent an empty answer")


def reader(info: ModelInfo = INFO, **options: object) -> ResponseReader:
    return ResponseReader(ResponsesReader(info, ResponseOptions(**{"thinking": True, **options})))


def sse(*events: dict) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def response(*output: dict, status: str = "completed", **more: object) -> dict:
    return {"status": status, "output": list(output), **more}


def ended(status: str = "completed", **more: object) -> dict:
    """The last event; its response names no items."""
    return {"type": f"response.{status}", "response": response(status=status, **more)}


def said(text: str, index: int = 0) -> dict:
    return {"type": "response.output_text.delta", "output_index": index, "delta": text}


def item(step: str, index: int, of: dict) -> dict:
    return {"type": f"response.output_item.{step}", "output_index": index, "item": of}


def begun(of: dict) -> dict:
    """The item as `output_item.added` has it."""
    empty = {"content": [], "summary": [], "arguments": "", "encrypted_content": None}
    return {key: empty.get(key, value) for key, value in of.items()}


def read(data: bytes, **options: object) -> list[Part]:
    reading = reader(**options)
    return [*reading.feed(data), *reading.close()]


def whole(body: dict, **options: object) -> list[Part]:
    return reader(**options).whole(json.dumps(body).encode())


def pieces_of(index: int, of: dict) -> list[dict]:
    """The events between an item's start and its end."""
    place = {"output_index": index, "item_id": of["id"]}
    match of["type"]:
        case "message":
            return [said(letter, index) for letter in of["content"][0]["text"]]
        case "reasoning":
            kind = "response.reasoning_summary_text.delta"
            return [
                {"type": kind, **place, "summary_index": number, "delta": passage["text"]}
                for number, passage in enumerate(of["summary"])
            ]
        case _:
            kind, text = "response.function_call_arguments", of["arguments"]
            return [
                {"type": f"{kind}.delta", **place, "delta": text[:3]},
                {"type": f"{kind}.delta", **place, "delta": text[3:]},
                {"type": f"{kind}.done", **place, "arguments": text},
            ]


def streamed(*items: dict, **more: object) -> bytes:
    events = [
        event
        for index, of in enumerate(items)
        for event in (item("added", index, begun(of)), *pieces_of(index, of), item("done", index, of))
    ]
    return sse({"type": "response.created"}, *events, ended(**more))


def joined(parts: list[Part]) -> list[object]:
    """What the parts add up to: texts and arguments in one piece each."""
    found: list[object] = []
    text, thought, arguments = "", "", ""
    for part in parts:
        match part:
            case TextDelta(text=more):
                text += more
            case ReasoningDelta(text=more):
                thought += more
            case ToolCallDelta(arguments=more):
                arguments += more
            case other:
                found.append(other)
    return [text, thought, arguments, *found]


# ---------------------------------------------------------------- the same, streamed and whole

USAGE = {"input_tokens": 9, "output_tokens": 3}
ITEMS = st.lists(st.sampled_from([MESSAGE, REASONING, CALL]), min_size=1, max_size=3, unique_by=id)


@given(ITEMS)
def test_a_stream_and_a_whole_answer_say_the_same(items: list[dict]):
    assert joined(read(streamed(*items, usage=USAGE))) == joined(whole(response(*items, usage=USAGE)))


@given(ITEMS, st.data())
def test_cutting_the_bytes_anywhere_changes_nothing(items: list[dict], data: st.DataObject):
    stream = streamed(*items)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reading = reader()
    pieces = zip([0, *cuts], [*cuts, len(stream)], strict=True)
    parts = [part for a, b in pieces for part in reading.feed(stream[a:b])]
    assert [*parts, *reading.close()] == read(stream)


def test_parts_of_a_stream():
    usage = Usage(9, 3, 0, 0, cache_write_1h=0)
    assert read(streamed(REASONING, MESSAGE, CALL, usage=USAGE)) == [
        ReasoningDelta("Hm.", {"p": "responses", "id": "r"}),
        ReasoningDelta("", {"p": "responses", "id": "r", "enc": "ENC"}),
        TextDelta("H"),
        TextDelta("i"),
        ToolCallDelta(2, "c", "A"),
        ToolCallDelta(2, arguments='{"a'),
        ToolCallDelta(2, arguments='":1}'),
        ToolCallDelta(2, "c", "A", whole=True),
        usage,
        Finish(),
    ]


def test_the_form_of_the_body_decides_not_the_request():
    body = json.dumps(response(MESSAGE)).encode()
    assert read(body) == reader().whole(body) == [TextDelta("Hi"), Finish()]
    assert reader().whole(sse(said("Hi"), ended())) == [TextDelta("Hi"), Finish()]


def test_items_only_in_the_last_event_are_read():
    last = {"type": "response.completed", "response": response(MESSAGE)}
    assert read(sse({"type": "response.created"}, last)) == [TextDelta("Hi"), Finish()]
    assert read(sse(said("Hi"), last)) == [TextDelta("Hi"), Finish()]


def test_raw_reasoning_is_read():
    raw = {"type": "response.reasoning_text.delta", "output_index": 0, "content_index": 0, "delta": "Hm."}
    assert read(sse(raw, ended()))[0] == ReasoningDelta("Hm.", {"p": "responses"})


@pytest.mark.parametrize("event", [{"type": "response.of_the_future", "n": 1}, {"type": "response.queued"}])
def test_unknown_events_are_ignored(event: dict):
    assert read(sse(said("Hi"), event, ended())) == [TextDelta("Hi"), Finish()]


def test_unknown_items_are_dropped_with_a_notice():
    notice = Notice("dropped.output_item", "shell_call")
    assert whole(response({"type": "shell_call", "id": "s"}, MESSAGE)) == [notice, TextDelta("Hi"), Finish()]


def test_citations_are_dropped_with_one_notice():
    cited = {"type": "response.output_text.annotation.added", "output_index": 0}
    assert read(sse(said("Hi"), cited, cited, ended())) == [
        TextDelta("Hi"),
        Notice("dropped.annotations"),
        Finish(),
    ]


def test_searches_of_the_server_are_counted():
    search = {
        "type": "web_search_call",
        "id": "ws",
        "status": "completed",
        "action": {"type": "search", "query": "q", "sources": []},
    }
    *blocks, usage, end = whole(response(search, search | {"id": "ws_2"}, usage=USAGE))
    assert [type(block) for block in blocks] == [PassthroughBlock] * 4
    assert isinstance(usage, Usage)
    assert usage.server_tools == {"web_search_requests": 2, "web_fetch_requests": 0}
    assert end == Finish()


# ---------------------------------------------------------------- the end


def test_the_end_of_the_answer_is_before_the_end_of_the_bytes():
    reading = reader()
    assert reading.feed(sse(said("Hi"), ended(), said("more"))) == [TextDelta("Hi"), Finish()]
    assert reading.ended
    assert reading.feed(sse(said("more"))) == []
    assert reading.close() == []


@pytest.mark.parametrize("rest", [b"", b"data: [DONE]\n\n", b'data: {"type":"respo'])
def test_a_stream_without_its_last_event_is_cut(rest: bytes):
    assert read(sse(said("Hi")) + rest) == [TextDelta("Hi"), CUT]


@pytest.mark.parametrize("data", [b"", b" \n", b": hello\n\n", sse({"type": "response.created"})])
def test_nothing_at_all_is_an_empty_answer(data: bytes):
    assert read(data) == [EMPTY]


def test_a_last_event_without_a_blank_line_counts():
    assert read(sse(said("Hi"), ended()).rstrip()) == [TextDelta("Hi"), Finish()]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("max_output_tokens", FinishReason.LENGTH), ("content_filter", FinishReason.REFUSAL)],
)
def test_the_reason_of_an_incomplete_answer_is_translated(reason: str, finish: FinishReason):
    details = {"incomplete_details": {"reason": reason}}
    assert read(sse(said("Hi"), ended("incomplete", **details))) == [TextDelta("Hi"), Finish(finish)]
    assert whole(response(MESSAGE, status="incomplete", **details)) == [TextDelta("Hi"), Finish(finish)]


def test_a_full_window_is_told_from_a_limit():
    info = ModelInfo("up", "gpt", PRESETS["responses"], context_window=1000)
    last = ended(
        "incomplete",
        incomplete_details={"reason": "max_output_tokens"},
        usage={"input_tokens": 900, "output_tokens": 100},
    )
    reading = reader(info, max_tokens=500)
    assert reading.feed(sse(said("Hi"), last))[-1] == Finish(FinishReason.WINDOW)


def test_an_answer_that_is_incomplete_otherwise_ends_with_a_notice_or_is_none():
    last = ended("incomplete", incomplete_details={"reason": "odd"})
    assert read(sse(said("Hi"), last)) == [
        TextDelta("Hi"),
        Notice("repaired.stop_reason", "the upstream's answer is incomplete by 'odd'"),
        Finish(),
    ]
    assert read(sse(last)) == [
        StreamError(Kind.UPSTREAM_GARBAGE, "[up] upstream sent no answer: incomplete by 'odd'")
    ]


def test_a_refusal_is_one_unless_a_call_stands_beside_it():
    refusal = {"type": "response.refusal.delta", "output_index": 0, "delta": "I won't."}
    assert read(sse(refusal, ended())) == [TextDelta("I won't."), Finish(FinishReason.REFUSAL)]
    beside = read(sse(refusal, item("done", 0, MESSAGE), item("done", 1, CALL), ended()))
    assert beside[-1] == Finish()


# ---------------------------------------------------------------- errors


def failed(code: str | None, message: str) -> dict:
    return {
        "type": "response.failed",
        "response": {"status": "failed", "error": {"code": code, "message": message}},
    }


@pytest.mark.parametrize(
    ("code", "kind", "status"),
    [
        ("server_error", Kind.UPSTREAM_FAILED, 500),
        ("rate_limit_exceeded", Kind.RATE_LIMITED, 429),
        ("invalid_prompt", Kind.INVALID_REQUEST, 400),
        ("image_too_large", Kind.INVALID_REQUEST, 400),
        ("vector_store_timeout", Kind.UPSTREAM_FAILED, 500),
        ("code_of_the_future", Kind.UPSTREAM_FAILED, 500),
    ],
)
def test_the_code_of_a_failed_answer_decides_its_kind(code: str, kind: Kind, status: int):
    fault = StreamError(kind, "[up] no luck", status)
    error = {"code": code, "message": "no luck"}
    assert read(sse(said("Hi"), failed(code, "no luck"))) == [TextDelta("Hi"), fault]
    assert read(sse({"type": "error", **error})) == [fault]
    assert whole({"status": "failed", "error": error}) == [fault]


@pytest.mark.parametrize(
    "body", [{"error": {"message": "slow down", "code": 429}}, {"message": "slow down", "code": 429}]
)
def test_an_error_object_in_place_of_an_answer_is_that_error(body: dict):
    fault = StreamError(Kind.RATE_LIMITED, "[up] slow down", 429)
    assert whole(body) == [fault]
    assert read(sse(said("Hi"), body)) == [TextDelta("Hi"), fault]


def test_usage_is_told_though_the_answer_failed():
    body = {"status": "failed", "error": {"code": "server_error", "message": "m"}, "usage": USAGE}
    assert [type(part) for part in whole(body)] == [Usage, StreamError]


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_an_answer_that_failed_without_an_error_is_malformed(status: str):
    fault = StreamError(Kind.UPSTREAM_GARBAGE, f"[up] upstream sent an answer that has {status}")
    assert whole(response(status=status)) == [fault]
    assert read(sse(ended(status))) == [fault]


def test_a_call_that_the_limit_cut_is_the_answers_end():
    words = 'invalid tool call arguments for "f": unexpected end of JSON input'
    assert read(sse(said("Hi"), failed(None, words))) == [
        TextDelta("Hi"),
        Notice("dropped.tool_call", "max_tokens cut its arguments"),
        Finish(FinishReason.LENGTH),
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><html><title>Welcome</title></html>",
        b"Internal Server Error",
        b'{"id":"resp_1"}',
        b'{"status":"queued"}',
        b"[]",
        b'"text"',
        b'{"status":"completed","output":[',
        b"data: {broken}\n\n",
        b"data: hello\n\n",
        b'data: {"type":"response.completed","response":"x"}\n\n',
    ],
)
@pytest.mark.parametrize("way", ["whole", "feed"])
def test_anything_else_is_malformed(body: bytes, way: str):
    parts = reader().whole(body) if way == "whole" else read(body)
    (fault,) = parts
    assert isinstance(fault, StreamError)
    assert fault.kind is Kind.UPSTREAM_GARBAGE
    assert fault.message.startswith("[up] upstream sent ")


def test_an_endless_line_is_refused():
    reading = reader()
    parts = reading.feed(b"data: ")
    for _ in range(LIMIT // 2**20 + 1):
        parts += reading.feed(b"x" * 2**20)
    assert [part.kind for part in parts if isinstance(part, StreamError)] == [Kind.UPSTREAM_GARBAGE]
    assert reading.ended


# ---------------------------------------------------------------- what deviates


def test_an_event_of_an_odd_form_is_read_with_one_notice():
    odd = [{**said(text), "output_index": "0"} for text in ("H", "i")]
    notice = Notice("repaired.answer", "what the upstream sent was not quite of its protocol's form")
    assert read(sse(*odd, ended())) == [notice, TextDelta("H"), TextDelta("i"), Finish()]


@pytest.mark.parametrize("nothing", [b"null", b"42", b"true", b"[DONE]"])
def test_an_event_that_says_nothing_is_ignored(nothing: bytes):
    assert read(sse(said("Hi")) + b"data: " + nothing + b"\n\n" + sse(ended())) == [TextDelta("Hi"), Finish()]


@pytest.mark.parametrize("broken", [None, "x", 3, []])
def test_items_that_cannot_be_read_are_left_out(broken: object):
    assert read(sse(item("added", 0, broken), said("Hi"), item("done", 0, broken), ended())) == [
        TextDelta("Hi"),
        Finish(),
    ]
    assert whole({"status": "completed", "output": [broken, MESSAGE]}) == [TextDelta("Hi"), Finish()]


@pytest.mark.parametrize(
    ("data", "has_data"), [(b"", False), (b": hello\n\n", False), (b"\n", False), (sse(said("")), True)]
)
def test_comments_are_no_data(data: bytes, has_data: bool):
    reading = reader()
    reading.feed(data)
    assert reading.has_data is has_data
