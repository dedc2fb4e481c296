"""gateway/upstreams/ollama/reader.py. The client's side of it: goldens/answers."""

import json
from typing import Any

import pytest

from gateway.codecs.lines import LIMIT
from gateway.errors import Kind
from gateway.parts import (
    Finish,
    FinishReason,
    Part,
    ReasoningDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama.reader import NativeReader
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.response.reader import ResponseReader
from gateway.upstreams.upstream_request import ResponseOptions

FACTS = ModelInfo("up", "m", PRESETS["ollama"], context_window=4096)
STATE = {"p": "ollama"}


def reader(*, prefill: str = "", **options: Any) -> ResponseReader:
    return ResponseReader(NativeReader(FACTS, ResponseOptions(**{"thinking": True, **options}), prefill))


def line(**message: object) -> bytes:
    return (
        json.dumps({"model": "m", "message": {"role": "assistant", **message}, "done": False}).encode()
        + b"\n"
    )


def done(**counts: object) -> bytes:
    last = {
        "model": "m",
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": "stop",
    }
    return json.dumps({**last, **counts}).encode() + b"\n"


def read(stream: bytes, **options: Any) -> list[Part]:
    reading = reader(**options)
    return [*reading.feed(stream), *reading.close()]


def test_thinking_content_and_calls_come_in_this_order():
    call = {"id": "c1", "function": {"name": "A", "arguments": {"x": 1}}}
    assert read(line(content="b", thinking="a", tool_calls=[call]) + done()) == [
        ReasoningDelta("a", STATE),
        TextDelta("b"),
        ToolCallDelta(0, "c1", "A", '{"x": 1}', whole=True),
        Finish(),
    ]


def test_calls_with_one_index_are_never_merged():
    call = {"function": {"index": 0, "name": "A", "arguments": {}}}
    parts = read(line(tool_calls=[call, call]) + line(tool_calls=[call]) + done())
    assert parts[:-1] == [ToolCallDelta(key, "", "A", "{}", whole=True) for key in range(3)]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [({"a": "é"}, '{"a": "\\u00e9"}'), ('{"a":1}', '{"a":1}'), (None, ""), ([1], "[1]")],
)
def test_arguments_become_a_json_text(arguments, text):
    call = {"function": {"name": "A", "arguments": arguments}}
    assert read(line(tool_calls=[call]) + done())[0] == ToolCallDelta(0, "", "A", text, whole=True)


@pytest.mark.parametrize(
    ("counts", "parts"),
    [
        ({"prompt_eval_count": 5, "eval_count": 2}, [Usage(5, 2), Finish()]),
        ({"eval_count": 2}, [Usage(None, 2), Finish()]),
        ({"prompt_eval_count": 0}, [Finish()]),
        ({}, [Finish()]),
        ({"done_reason": "length"}, [Finish(FinishReason.LENGTH)]),
        ({"done_reason": ""}, [Finish()]),
        (
            {"done_reason": "length", "prompt_eval_count": 4000, "eval_count": 96},
            [Usage(4000, 96), Finish(FinishReason.WINDOW)],
        ),
    ],
)
def test_last_line_tells_the_counts_and_the_reason(counts, parts):
    assert read(line(content="a") + done(**counts)) == [TextDelta("a"), *parts]


def test_done_ends_the_answer_before_the_bytes_do():
    reading = reader()
    reading.feed(done())
    assert reading.ended
    assert reading.feed(line(content="a")) == []
    assert reading.close() == []


def test_bytes_without_done_are_a_cut():
    cut = StreamError(Kind.UPSTREAM_CUT, "upstream closed the stream before finishing")
    assert read(line(content="a")) == [TextDelta("a"), cut]
    assert read(line(content="a") + b'{"model":"m","mess') == [TextDelta("a"), cut]


@pytest.mark.parametrize("body", [b"", b"\n"])
def test_nothing_at_all_is_an_empty_answer(body):
    empty = [StreamError(Kind.UPSTREAM_CUT, "[up] upstream sent an empty answer")]
    assert read(body) == empty
    assert reader().whole(body) == empty


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"error": "llama runner process has terminated"}, Kind.UPSTREAM_GARBAGE),
        ({"error": "server busy, please try again", "status": 503}, Kind.UPSTREAM_OVERLOADED),
        (
            {"error": "request (9 tokens) exceeds the available context size (8 tokens)"},
            Kind.CONTEXT_OVERFLOW,
        ),
    ],
)
@pytest.mark.parametrize("before", [b"", line(content="a")])
def test_error_line_is_that_error(error, kind, before):
    fault = read(before + json.dumps(error).encode() + b"\n")[-1]
    assert isinstance(fault, StreamError)
    assert fault.kind is kind


@pytest.mark.parametrize(
    "body",
    [
        b"<html><title>Bad gateway</title></html>",
        b"plain words\n",
        b"{}\n",
        b'{"message": 7}\n',
        b"[1]\n",
        b'{"a":' * 10_000 + b"\n",
    ],
)
@pytest.mark.parametrize("way", ["whole", "feed"])
def test_nonsense_is_a_bad_answer(body, way):
    (fault,) = reader().whole(body) if way == "whole" else read(body)
    assert isinstance(fault, StreamError)
    assert fault.kind is Kind.UPSTREAM_GARBAGE


def test_endless_line_is_refused():
    reading = reader()
    parts: list[Part] = []
    for _ in range(LIMIT // 2**20 + 1):
        parts += reading.feed(b"x" * 2**20)
    assert [part.kind for part in parts if isinstance(part, StreamError)] == [Kind.UPSTREAM_GARBAGE]
    assert reading.ended


def test_whole_answer_may_be_spread_over_lines():
    body = json.dumps(json.loads(done(eval_count=2)) | {"message": {"content": "a"}}, indent=2).encode()
    assert reader().whole(body) == [TextDelta("a"), Usage(None, 2), Finish()]


def test_stream_in_answer_to_a_plain_request_is_read():
    assert reader().whole(line(content="a") + line(content="b") + done()) == [
        TextDelta("a"),
        TextDelta("b"),
        Finish(),
    ]


def test_think_tags_in_the_content_are_reasoning():
    stream = line(content="<think>") + line(content="a</think>b") + done()
    assert read(stream) == [ReasoningDelta("a", STATE), TextDelta("b"), Finish()]


def test_echo_of_the_prefill_is_removed():
    assert reader(prefill="Once").feed(line(content="Once upon")) == [TextDelta(" upon")]


@pytest.mark.parametrize(
    ("odd", "text"),
    [
        (b'{"message":{"content":["b","c"]},"done":false}', "bc"),
        (b'{"message":{"content":"b\xff"},"done":false}', "b\ufffd"),
        (b'{"message":{"content":"b","tool_calls":[null]},"done":false}', "b"),
        (b'{"done":false}', ""),
        (b'\xef\xbb\xbf{"message":{"content":"b"},"done":false}', "b"),
    ],
)
def test_line_of_an_odd_form_is_read(odd, text):
    parts = read(odd + b"\n" + line(content="z") + done())
    assert "".join(part.text for part in parts if isinstance(part, TextDelta)) == f"{text}z"
    assert parts[-1] == Finish()


@pytest.mark.parametrize("count", ["7", 7.0, -7])
def test_odd_counts_are_read(count):
    usage = Usage(None, 0 if count == -7 else 7)
    assert usage in read(line(content="a") + done(eval_count=count))


def test_lines_that_say_nothing_are_no_answer():
    assert isinstance(read(b'{"done": false}\n')[-1], StreamError)
