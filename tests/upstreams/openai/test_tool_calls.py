"""gateway/upstreams/openai/tool_calls.py."""

import json

import msgspec
import pytest

from gateway.anthropic.response.accumulate import fold
from gateway.anthropic.response.answer_terms import AnswerTerms
from gateway.anthropic.response.writer import MessageWriter
from gateway.anthropic.tool_ids import ClientCallIds
from gateway.codecs.buffer_limit import LIMIT
from gateway.errors import UpstreamFailed
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.openai import response_wire as o
from gateway.upstreams.openai.reader import ChatReader
from gateway.upstreams.openai.tool_calls import ToolCallAssembler
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.response.reader import ResponseReader
from gateway.upstreams.upstream_request import ResponseOptions


def read(*pieces: dict, whole: bool = False) -> list[tuple[int, str, str, str, bool]]:
    """(key, id, name, arguments, whole) of each piece."""
    calls = ToolCallAssembler()
    decoded = msgspec.json.decode(json.dumps(pieces).encode(), type=list[o.ToolCallPiece])
    parts = [part for piece in decoded for part in calls.parts(piece, whole=whole)]
    return [(part.key, part.id, part.name, part.arguments, part.whole) for part in [*parts, *calls.rest()]]


def piece(
    index: int | None = None, id_: str | None = None, name: str | None = None, arguments: object = None
) -> dict:
    return {"index": index, "id": id_, "function": {"name": name, "arguments": arguments}}


def keys(*pieces: dict) -> list[int]:
    return [part[0] for part in read(*pieces)]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([piece(0, "a", "A", ""), piece(0, None, None, "{}")], [0, 0]),
        ([piece(0, "a", "A", "{"), piece(1, "b", "B", "{"), piece(0, None, None, "}")], [0, 1, 0]),
        ([piece(0, "a", "A", "{}"), piece(0, "b", "A", "{}")], [0, 1]),
        ([piece(0, "a", "A", "{}"), piece(0, "b", None, "{}")], [0, 0]),
        ([piece(0, "a", "A", "{"), piece(0, "a", "A", "}")], [0, 0]),
        ([piece(0, None, "A", "{"), piece(0, "a", "A", "}")], [0, 0]),
        ([piece(0, None, "A", '{"k"'), piece(0, None, "A", ":1}")], [0, 0]),
        ([piece(0, None, "A", "{}"), piece(0, None, "A", "{}")], [0, 1]),
        ([piece(0, None, "A", '{"a":{}'), piece(0, None, "A", "}")], [0, 0]),
        ([piece(0, None, "A", "{}"), piece(0, None, "A", "")], [0, 0]),
        ([piece(0, None, "A", "{}"), piece(0, None, "B", "")], [0, 1]),
        ([piece(None, "a", "A", "{"), piece(None, None, None, "}")], [0, 0]),
        ([piece(None, "a", "A", "{"), piece(None, "a", None, "}")], [0, 0]),
        ([piece(None, "a", "A", "{}"), piece(None, "b", "B", "{}")], [0, 1]),
        ([piece(None, "a", "A", "{}"), piece(None, "b", None, "{}")], [0, 1]),
        ([piece(None, None, "A", "{}"), piece(None, None, "A", "{}")], [0, 1]),
        ([piece(7, "a", "A", "{}"), piece(3, "b", "B", "{}")], [0, 1]),
        ([piece(0, "a", "A", "{}"), piece(0, "b", "B", "{"), piece(0, None, None, "}")], [0, 1, 1]),
    ],
)
def test_pieces_find_their_call(pieces, expected):
    assert keys(*pieces) == expected


@pytest.mark.parametrize(
    ("arguments", "text", "whole"),
    [
        ('{"a"', '{"a"', False),
        ({"a": [1, "é"]}, '{"a": [1, "\\u00e9"]}', True),
        (None, "", False),
        ("", "", False),
    ],
)
def test_arguments_are_a_json_text_however_they_come(arguments, text, whole):
    assert read(piece(0, "a", "A", arguments)) == [(0, "a", "A", text, whole)]


def test_whole_calls_are_never_merged():
    assert [part[0] for part in read(piece(0, "a", "A"), piece(0, "a", "A"), piece(), whole=True)] == [
        0,
        1,
        2,
    ]


def test_piece_without_a_function_is_a_piece():
    assert read({"index": 0, "id": "a"}, piece(0, None, "A", "{}")) == [
        (0, "a", "", "", False),
        (0, "", "A", "{}", False),
    ]


def test_pieces_wait_for_the_name_of_their_call():
    assert read(piece(0, "a", None, '{"k"'), piece(0, None, "", ":1"), piece(0, None, "A", "}")) == [
        (0, "a", "", '{"k"', False),
        (0, "", "", ":1", False),
        (0, "", "A", "}", False),
    ]
    calls = ToolCallAssembler()
    assert calls.parts(o.ToolCallPiece(0, "a")) == []
    assert (calls.has_output, calls.named) == (False, False)
    assert len(calls.parts(o.ToolCallPiece(0, None, o.FunctionPiece("A")))) == 2
    assert (calls.has_output, calls.named, calls.rest()) == (True, True, [])


def test_too_much_without_a_name_is_a_bad_answer():
    calls = ToolCallAssembler()
    bare = msgspec.json.decode(json.dumps(piece(0, None, None, "x" * (LIMIT // 2))), type=o.ToolCallPiece)
    calls.parts(bare)
    with pytest.raises(UpstreamFailed, match="too large"):
        calls.parts(bare)


OLDER = {"name": "look", "arguments": '{"n":1}'}
EMPTY = [
    {"index": 0, "function": {}},
    {"index": 0},
    {},
    {"index": 0, "id": "call_1", "type": "function", "function": {"name": "", "arguments": ""}},
    {"index": 0, "function": {"name": None, "arguments": None}},
    {"index": 0, "id": "call_1", "function": {"name": "", "arguments": '{"n":1}'}},
]
STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "function_call"}]}


def answers(*fields: dict) -> list[bytes]:
    """The same as a plain answer and as streams: in one delta, in one for each of `fields`, in a message."""
    together = {key: value for one in fields for key, value in one.items()}

    def stream(key: str, *deltas: dict) -> bytes:
        chunks = [{"choices": [{"index": 0, key: delta}]} for delta in deltas] + [STOP]
        return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)

    whole = {"choices": [{"index": 0, "message": together, "finish_reason": "stop"}]}
    return [
        json.dumps(whole).encode(),
        stream("delta", together),
        stream("delta", *fields),
        stream("delta", *reversed(fields)),
        stream("message", together),
    ]


def called(body: bytes, **options: bool) -> list[tuple[str, str, object]]:
    """(id, name, input) of each call that a client would see."""
    reader = ResponseReader(ChatReader(ModelInfo("up", "m", PRESETS["plain"]), ResponseOptions()))
    writer = MessageWriter("msg_x", "m", "req_x", 0, ClientCallIds(lambda: "minted"))
    writer.begin(AnswerTerms(**options))
    folded = fold([event for part in reader.whole(body) for event in writer.write(part)])
    assert folded["stop_reason"] == "tool_use"
    return [(block["id"], block["name"], block["input"]) for block in folded["content"]]


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("empty", EMPTY)
def test_older_call_beside_an_entry_without_a_name_is_the_call(empty: dict, single: bool):
    for body in answers({"function_call": OLDER}, {"tool_calls": [empty]}):
        assert called(body, single_tool=single) == [("minted", "look", {"n": 1})], body
    begun, rest = {"name": "look", "arguments": '{"n"'}, {"arguments": ":1}"}
    for first in ({"function_call": begun}, {"function_call": begun, "tool_calls": [empty]}):
        chunks = [{"choices": [{"delta": one}]} for one in (first, {"function_call": rest})] + [STOP]
        body = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)
        assert called(body, single_tool=single) == [("minted", "look", {"n": 1})], body


@pytest.mark.parametrize("single", [True, False])
def test_call_in_both_fields_is_one(single: bool):
    newer = {"index": 0, "id": "call_1", "function": OLDER}
    for body in answers({"function_call": OLDER}, {"tool_calls": [newer]}):
        assert called(body, single_tool=single) == [("call_1", "look", {"n": 1})], body


@pytest.mark.parametrize("empty", EMPTY[:-1])
def test_entry_without_a_name_takes_no_call_from_the_newer_field(empty: dict):
    newer = {"index": 1, "id": "call_1", "function": OLDER}
    for body in answers({"tool_calls": [empty, newer]}):
        assert called(body, single_tool=True) == [("call_1", "look", {"n": 1})], body


def test_id_that_comes_before_the_name_is_kept():
    pieces = [{"index": 0, "id": "call_1"}, {"index": 0, "function": OLDER}]
    _, _, stream, *_ = answers(*({"tool_calls": [piece]} for piece in pieces))
    assert called(stream) == [("call_1", "look", {"n": 1})]


def test_call_that_never_gets_a_name_is_noted():
    reader = ResponseReader(ChatReader(ModelInfo("up", "m", PRESETS["plain"]), ResponseOptions()))
    plain, *_ = answers({"content": "So"}, {"tool_calls": [EMPTY[-1]]})
    writer = MessageWriter("msg_x", "m", "req_x", 0, ClientCallIds(lambda: "minted"))
    for part in reader.whole(plain):
        writer.write(part)
    assert "dropped.tool_call" in [notice.name for notice in writer.notices]
