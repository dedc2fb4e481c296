"""gateway/upstreams/openai/calls.py."""

import json

import msgspec
import pytest

from gateway.upstreams.openai import answer as o
from gateway.upstreams.openai.calls import CallPieces


def read(*pieces: dict, whole: bool = False) -> list[tuple[int, str, str, str, bool]]:
    """(key, id, name, arguments, whole) of each piece."""
    calls = CallPieces()
    decoded = msgspec.json.decode(json.dumps(pieces).encode(), type=list[o.ToolCallPiece])
    parts = [calls.part(piece, whole=whole) for piece in decoded]
    return [(part.key, part.id, part.name, part.arguments, part.whole) for part in parts]


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
