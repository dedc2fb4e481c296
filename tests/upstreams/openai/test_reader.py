"""gateway/upstreams/openai/reader.py. The client's side of it: goldens/answers."""

import json
import time
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.anthropic.response import events as e
from gateway.anthropic.response.accumulate import fold
from gateway.anthropic.response.writer import MessageWriter
from gateway.anthropic.tool_ids import ClientCallIds
from gateway.codecs.lines import LIMIT
from gateway.errors import Kind
from gateway.parts import (
    Finish,
    FinishReason,
    Notice,
    Part,
    ReasoningDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.openai.reader import ChatReader
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.response.reader import ResponseReader
from gateway.upstreams.upstream_request import ResponseOptions

FACTS = ModelInfo("up", "m", PRESETS["vllm"])
DONE = b"data: [DONE]\n\n"


def reader(*, prefill: str = "", **options: Any) -> ResponseReader:
    return ResponseReader(ChatReader(FACTS, ResponseOptions(**{"thinking": True, **options}), prefill))


def sse(*chunks: object) -> bytes:
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)


def delta(finish: str | None = None, **fields: object) -> dict:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def message(finish: str | None = "stop", **fields: object) -> bytes:
    return json.dumps({"choices": [{"index": 0, "message": fields, "finish_reason": finish}]}).encode()


def read(stream: bytes, **options: Any) -> list[Part]:
    reading = reader(**options)
    return [*reading.feed(stream), *reading.close()]


# ---------------------------------------------------------------- content


def test_each_chunk_of_text_is_a_part_of_its_own():
    stream = sse(delta(role="assistant", content=""), delta(content="a"), delta(content="b"), delta("stop"))
    assert read(stream + DONE) == [TextDelta("a"), TextDelta("b"), Finish()]


def test_parts_come_with_the_read_that_completes_them():
    reading = reader()
    stream = sse(delta(content="a"))
    assert reading.feed(stream[:-3]) == []
    assert reading.feed(stream[-3:]) == [TextDelta("a")]


@pytest.mark.parametrize("nothing", ["", None, []])
def test_empty_content_is_no_part(nothing):
    assert read(sse(delta(content=nothing), delta("stop"))) == [Finish()]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_is_read_from_both_fields(field):
    assert read(sse(delta(**{field: "hm"}), delta("stop"))) == [ReasoningDelta("hm", {"p": "vllm"}), Finish()]


def test_reasoning_said_twice_is_taken_once():
    details = [{"type": "reasoning.text", "text": "hm"}]
    chunk = delta(reasoning_content="hm", reasoning="hm", reasoning_details=details)
    assert read(sse(chunk, delta("stop"))) == [ReasoningDelta("hm", {"p": "vllm"}), Finish()]


def test_call_comes_after_the_text_that_was_held_back():
    stream = sse(
        delta(content="<thi"), delta(tool_calls=[{"index": 0, "id": "c", "function": {"name": "A"}}])
    )
    assert read(stream + DONE) == [TextDelta("<thi"), ToolCallDelta(0, "c", "A"), Finish()]


def test_late_pieces_after_the_finish_still_count():
    stream = sse(
        delta("stop", content="a"), delta(content="b"), {"choices": [], "usage": {"prompt_tokens": 3}}
    )
    assert read(stream + DONE) == [TextDelta("a"), TextDelta("b"), Usage(3, None, 0, 0), Finish()]


def test_message_repeated_at_the_end_is_not_read_twice():
    last = {"choices": [{"index": 0, "message": {"content": "ab"}, "finish_reason": "stop"}]}
    assert read(sse(delta(content="ab"), last) + DONE) == [TextDelta("ab"), Finish()]


def test_whole_message_in_one_event_is_read():
    assert read(b"data: " + message(content="ab") + b"\n\n") == [TextDelta("ab"), Finish()]


def test_echo_of_the_prefill_is_removed():
    reading = reader(prefill="Once")
    assert reading.feed(sse(delta(content="Once upon"))) == [TextDelta(" upon")]


# ---------------------------------------------------------------- the end


@pytest.mark.parametrize(
    ("finish", "expected"),
    [
        ("stop", FinishReason.STOP),
        ("eos", FinishReason.STOP),
        ("", FinishReason.STOP),
        ("something_new", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("max_tokens", FinishReason.LENGTH),
        ("tool_calls", FinishReason.TOOLS),
        ("function_call", FinishReason.TOOLS),
        ("content_filter", FinishReason.REFUSAL),
    ],
)
def test_finish_is_translated(finish, expected):
    assert read(sse(delta(finish, content="a"))) == [TextDelta("a"), Finish(expected)]


@pytest.mark.parametrize("end", [sse(delta("stop")), DONE, sse(delta("stop")) + DONE, b"data: [DONE]"])
def test_finish_reason_or_done_makes_an_answer_complete(end):
    assert read(sse(delta(content="a")) + end) == [TextDelta("a"), Finish()]


def test_done_ends_the_answer_before_the_bytes_do():
    reading = reader()
    assert reading.feed(sse(delta("stop", content="a")) + DONE + sse(delta(content="b"))) == [
        TextDelta("a"),
        Finish(),
    ]
    assert reading.ended
    assert reading.feed(sse(delta(content="c"))) == []
    assert reading.close() == []


def test_bytes_without_an_end_are_a_cut():
    cut = StreamError(Kind.UPSTREAM_CUT, "upstream closed the stream before finishing")
    assert read(sse(delta(content="a"))) == [TextDelta("a"), cut]


@pytest.mark.parametrize(
    "stream", [b"", b"\n", b": hello\n\n", sse(delta(role="assistant")), sse({"choices": []})]
)
def test_nothing_at_all_is_an_empty_answer(stream):
    assert read(stream) == [StreamError(Kind.UPSTREAM_CUT, "[up] upstream sent an empty answer")]


def test_server_without_end_marks_may_just_stop():
    info = ModelInfo("up", "m", evolve(PRESETS["vllm"], end_mark="none"))
    reading = ResponseReader(ChatReader(info, ResponseOptions()))
    assert [*reading.feed(sse(delta(content="a"))), *reading.close()] == [TextDelta("a"), Finish()]
    assert isinstance(ResponseReader(ChatReader(info, ResponseOptions())).close()[0], StreamError)


@pytest.mark.parametrize("finish", ["error", "abort", "network_error"])
def test_server_that_gave_up_without_a_word_has_failed(finish):
    assert read(sse(delta(finish)))[0] == StreamError(
        Kind.UPSTREAM_GARBAGE, f"[up] upstream sent no answer: it finished with {finish!r}"
    )


def test_server_that_gave_up_after_content_ends_with_a_notice():
    notice = Notice("repaired.stop_reason", "the upstream finished with 'error'")
    assert read(sse(delta(content="a"), delta("error"))) == [TextDelta("a"), notice, Finish()]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("stop_reason", "END", "END"),
        ("matched_stop", "END", "END"),
        ("stop_reason", "OTHER", None),
        ("stop_reason", 151645, None),
        ("matched_stop", 151645, None),
        ("matched_stop", [1, 2], None),
        ("stop_reason", None, None),
    ],
)
def test_matched_stop_sequence_is_one_of_the_requests(field, value, told):
    chunk = delta("stop", content="a")
    chunk["choices"][0][field] = value
    assert read(sse(chunk), stop_sequences=("END", "X"))[-1] == Finish(FinishReason.STOP, told)


# ---------------------------------------------------------------- usage


@pytest.mark.parametrize(
    "chunks",
    [
        [{**delta("stop", content="a"), "usage": {"prompt_tokens": 5, "completion_tokens": 1}}],
        [delta("stop", content="a"), {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 1}}],
        [{"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 1}}, delta("stop", content="a")],
        [{**delta("stop", content="a"), "x_groq": {"usage": {"prompt_tokens": 5, "completion_tokens": 1}}}],
    ],
)
def test_usage_is_found_anywhere_and_said_once(chunks):
    assert read(sse(*chunks) + DONE) == [TextDelta("a"), Usage(5, 1, 0, 0), Finish()]


def test_usage_is_told_though_the_answer_breaks():
    stream = sse({**delta(content="a"), "usage": {"prompt_tokens": 5}})
    assert read(stream)[1:2] == [Usage(5, None, 0, 0)]


# ---------------------------------------------------------------- what is broken

GARBAGE = [
    b"<!DOCTYPE html><html><head><title>Welcome</title></head></html>",
    b"Internal Server Error",
    b'{"choices": []}',
    b'{"choices": null}',
    b'{"id": "x"}',
    b"{}",
    b"[]",
    b'"text"',
    b"null",
    b'{"choices": [{"message": {"content": "a"',
    b'{"choices": [7]}',
    b'{"choices": ' + b"[" * 10_000,
    b"data: {broken}\n\n",
    b"data: hello\n\n",
]

ALMOST = [
    b'{"choices":[null]}',
    b'{"choices":[{"delta":{"tool_calls":[null]}}]}',
    b'{"choices":[{"delta":{"tool_calls":{}}}]}',
    b'{"choices":[{"delta":{"tool_calls":""}}]}',
    b'{"choices":[{"delta":{"reasoning":{"a":1}}}]}',
    b'{"choices":[{"delta":{},"stop_reason":1.5,"matched_stop":["x"]}]}',
    b'{"choices":[],"x_groq":"x"}',
]
"""What says nothing, and is read past with a notice."""
NOTHING = [
    b"null",
    b"42",
    b'{"message":"processing"}',
    b'{"detail":"still waiting"}',
    b'{"choices":[],"error":[]}',
    b'{"choices":[{"delta":{"reasoning_details":[null]}}]}',
]
ODD = [
    (b'"index":"0","delta":{"content":"b"}', "b"),
    (b'"index":0.0,"delta":{"content":"b"}', "b"),
    (b'"delta":{"content":5}', "5"),
    (b'"delta":{"content":["b","c"]}', "bc"),
    (b'"delta":{"content":["b",null,{"type":"text","text":"c"}]}', "bc"),
    (b'"delta":{"content":"b\xff"}', "b\ufffd"),
    (b'"delta":{"content":"b\\ud83d"}', "b"),
    (b'"delta":{"content":"b\\ude00c"}', "b\ufffdc"),
    (b'"delta":{"content":"b"},"finish_reason":5', "b"),
]


@pytest.mark.parametrize("body", GARBAGE)
@pytest.mark.parametrize("way", ["whole", "feed"])
def test_nonsense_is_a_bad_answer(body, way):
    parts = reader().whole(body) if way == "whole" else read(body)
    (fault,) = parts
    assert isinstance(fault, StreamError)
    assert fault.kind is Kind.UPSTREAM_GARBAGE
    assert fault.message.startswith("[up] upstream sent ")
    assert len(fault.message) < 300


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_empty_body_is_an_empty_answer(body):
    assert reader().whole(body) == [StreamError(Kind.UPSTREAM_CUT, "[up] upstream sent an empty answer")]


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        ({"error": {"message": "slow down", "code": 429}}, Kind.RATE_LIMITED, 429),
        ({"error": "slow down", "status": 429}, Kind.RATE_LIMITED, 429),
        ([{"error": {"message": "slow down", "code": 429}}], Kind.RATE_LIMITED, 429),
        ({"object": "error", "message": "slow down", "code": 429}, Kind.RATE_LIMITED, 429),
        (
            {"error": {"message": "slow down", "type": "rate_limit_error"}, "choices": []},
            Kind.RATE_LIMITED,
            429,
        ),
        ({"error": {"message": "slow down"}}, Kind.UPSTREAM_GARBAGE, 200),
    ],
)
@pytest.mark.parametrize("way", ["whole", "stream", "late"])
def test_error_inside_a_200_is_that_error(error, kind, status, way):
    body = json.dumps(error).encode()
    if way == "whole":
        parts = reader().whole(body)
    else:
        before = sse(delta(content="a")) if way == "late" else b""
        parts = read(before + b"event: error\ndata: " + body + b"\n\n" + DONE)
    assert parts[-1] == StreamError(kind, "[up] slow down", status)


@pytest.mark.parametrize("nothing", [None, "", {}, False])
def test_empty_error_is_none(nothing):
    assert read(sse({**delta("stop", content="a"), "error": nothing})) == [TextDelta("a"), Finish()]


@pytest.mark.parametrize("start", [b"data: ", b": ", b"<", b'{"choices": "'])
def test_endless_line_is_refused_and_not_kept(start):
    reading = reader()
    parts = reading.feed(start)
    for _ in range(LIMIT // 2**20 + 1):
        parts += reading.feed(b"x" * 2**20)
    assert [part.kind for part in parts if isinstance(part, StreamError)] == [Kind.UPSTREAM_GARBAGE]
    assert reading.ended


def test_endless_comments_cost_little():
    reading = reader()
    begun = time.process_time()
    for _ in range(1000):
        assert reading.feed(b": OPENROUTER PROCESSING\n\n" * 100) == []
    assert time.process_time() - begun < 2


# ---------------------------------------------------------------- streams and bodies say the same


def test_stream_in_answer_to_a_plain_request_is_read():
    assert reader().whole(sse(delta("stop", content="a")) + DONE) == [TextDelta("a"), Finish()]


def test_body_in_answer_to_a_streaming_request_is_read():
    assert read(message(content="a")) == [TextDelta("a"), Finish()]


def folded(parts: list[Part]) -> dict:
    minted = iter(range(1000))
    writer = MessageWriter("msg_x", "m", "req_x", 0, ClientCallIds(lambda: f"toolu_{next(minted)}"))
    events: list[e.Event] = [event for part in parts for event in writer.write(part)]
    return fold(events)


answers = st.fixed_dictionaries(
    {
        "reasoning": st.text(max_size=12),
        "content": st.text(max_size=20),
        "calls": st.lists(
            st.tuples(st.sampled_from(["", "c", "call_0"]), st.dictionaries(st.text(), st.integers()))
        ),
        "finish": st.sampled_from(["stop", "tool_calls", "content_filter"]),
        "usage": st.tuples(st.integers(1, 99), st.integers(0, 99)),
    }
)


def shards(draw: st.DrawFn, text: str) -> list[str]:
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@st.composite
def streams(draw: st.DrawFn, answer: dict) -> bytes:
    """One of the ways to stream `answer`."""
    chunks = [delta(reasoning_content=shard) for shard in shards(draw, answer["reasoning"])]
    chunks += [delta(content=shard) for shard in shards(draw, answer["content"])]
    for index, (id_, arguments) in enumerate(answer["calls"]):
        first, *rest = shards(draw, json.dumps(arguments))
        call = {"index": index, "id": id_, "function": {"name": "A", "arguments": first}}
        chunks.append(delta(tool_calls=[call]))
        chunks += [delta(tool_calls=[{"index": index, "function": {"arguments": shard}}]) for shard in rest]
    prompt, completion = answer["usage"]
    usage = {"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": completion}}
    ending = draw(st.permutations([delta(answer["finish"]), usage]))
    return sse(*chunks, *ending) + draw(st.sampled_from([DONE, b""]))


@settings(deadline=None)
@given(answer=answers, data=st.data())
def test_streamed_answer_folds_to_the_plain_one(answer: dict, data: st.DataObject):
    calls = [{"id": id_, "function": {"name": "A", "arguments": json.dumps(a)}} for id_, a in answer["calls"]]
    prompt, completion = answer["usage"]
    plain = json.loads(
        message(
            answer["finish"],
            reasoning_content=answer["reasoning"],
            content=answer["content"],
            tool_calls=calls,
        )
    )
    plain["usage"] = {"prompt_tokens": prompt, "completion_tokens": completion}
    stream = data.draw(streams(answer))
    assert folded(read(stream)) == folded(reader().whole(json.dumps(plain).encode()))


@settings(deadline=None)
@given(answer=answers, data=st.data())
def test_cutting_the_bytes_anywhere_changes_nothing(answer: dict, data: st.DataObject):
    stream = data.draw(streams(answer))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reading = reader()
    parts = [
        part
        for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for part in reading.feed(stream[a:b])
    ]
    assert [*parts, *reading.close()] == read(stream)


def around(middle: bytes) -> bytes:
    return sse(delta(content="a")) + b"data: " + middle + b"\n\n" + sse(delta("stop", content="z"))


def said_in(parts: list[Part]) -> str:
    return "".join(part.text for part in parts if isinstance(part, TextDelta))


@pytest.mark.parametrize("chunk", ALMOST)
def test_junk_beside_an_answer_costs_no_more_than_itself(chunk):
    parts = read(around(chunk))
    assert said_in(parts) == "az"
    assert isinstance(parts[-1], Finish)
    assert [part.name for part in parts if isinstance(part, Notice)] == ["repaired.answer"]


@pytest.mark.parametrize("chunk", NOTHING)
def test_chunk_that_says_nothing_is_read_past(chunk):
    parts = read(around(chunk))
    assert (said_in(parts), parts[-1]) == ("az", Finish())


@pytest.mark.parametrize(("choice", "text"), ODD)
def test_text_of_an_odd_form_is_read(choice, text):
    parts = read(around(b'{"choices":[{' + choice + b"}]}"))
    assert said_in(parts) == f"a{text}z"
    assert isinstance(parts[-1], Finish)


@pytest.mark.parametrize(
    "piece",
    [
        {"index": "0", "id": "c", "function": {"name": "f", "arguments": "{}"}},
        {"index": 0.0, "id": "c", "function": {"name": "f", "arguments": "{}"}},
    ],
)
def test_call_with_an_odd_index_is_a_call(piece):
    parts = read(sse({"choices": [{"delta": {"tool_calls": [None, piece]}}]}))
    assert [part for part in parts if isinstance(part, ToolCallDelta)] == [ToolCallDelta(0, "c", "f", "{}")]


def test_number_as_an_id_is_one():
    call = {"index": 0, "id": 17, "function": {"name": "f", "arguments": "{}"}}
    assert ToolCallDelta(0, "17", "f", "{}") in read(sse({"choices": [{"delta": {"tool_calls": [call]}}]}))


def test_plain_answer_with_a_byte_order_mark_is_read():
    body = b'\xef\xbb\xbf{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}'
    assert reader().whole(body) == [TextDelta("a"), Finish()]


@pytest.mark.parametrize("chunk", [b'{"choices":{}}', b'{"message":"processing"}', b"null"])
def test_stream_of_nothing_that_can_be_read_is_no_answer(chunk):
    assert isinstance(read(b"data: " + chunk + b"\n\n")[-1], StreamError)


@pytest.mark.parametrize(
    "chunk", [b'{"object":"error","message":"m","code":400}', b'{"message":"m","code":"rate_limit_exceeded"}']
)
def test_words_that_are_named_an_error_are_one(chunk):
    assert isinstance(read(around(chunk))[-1], StreamError)
