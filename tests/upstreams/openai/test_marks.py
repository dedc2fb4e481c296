"""Prompt-cache marks on Chat Completions messages."""

from typing import Any

import msgspec
import pytest
from attrs import evolve
from msgspec import Raw, structs

from gateway.anthropic import wire as a
from gateway.anthropic.conversation import turns as t
from gateway.anthropic.conversation.content_parts import ImagePart
from gateway.anthropic.request.attachments import NO_ATTACHMENTS
from gateway.anthropic.request.cache_control import SystemCut
from gateway.anthropic.request.decoding import decode_request
from gateway.inbound import Inbound
from gateway.settings.quirks import PLAIN
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.openai.marks import MarkWriter
from gateway.upstreams.openai.messages import chat_messages
from gateway.upstreams.request.plan import make_plan
from gateway.upstreams.upstream_request import NO_ADAPTATIONS

BODY = b'{"model":"m","messages":[{"role":"user","content":"x"}]}'
INBOUND = Inbound("r", BODY, {}, decode_request(BODY))
PLAN = make_plan(INBOUND, ModelInfo("p", "m", PLAIN), NO_ADAPTATIONS, NO_ATTACHMENTS, "full")
SHORT, LONG = a.CacheControl("ephemeral"), a.CacheControl("ephemeral", "1h")
MARK = {"cache_control": {"type": "ephemeral"}}


def sent(*turns: t.Turn, markers: str = "cache_control", **fields: Any) -> list[dict]:
    planned = structs.replace(PLAN, **{"system": "", "turns": list(turns), **fields})
    return msgspec.to_builtins(chat_messages(planned, PLAIN, MarkWriter(markers)))


def text(said: str, mark: dict | None = None) -> dict:
    return {"type": "text", "text": said, **(mark or {})}


@pytest.mark.parametrize(
    ("markers", "mark", "field"),
    [
        ("cache_control", SHORT, {"cache_control": {"type": "ephemeral"}}),
        ("cache_control", LONG, {"cache_control": {"type": "ephemeral", "ttl": "1h"}}),
        ("breakpoint", SHORT, {"prompt_cache_breakpoint": {"ttl": "30m", "mode": "explicit"}}),
        ("breakpoint", LONG, {"prompt_cache_breakpoint": {"ttl": "12h", "mode": "explicit"}}),
    ],
)
def test_mark_has_the_servers_form(markers: str, mark: a.CacheControl, field: dict):
    turns = (t.UserTurn(pieces=["x"], marks={0: mark}), t.AssistantTurn("y", end_mark=mark))
    assert sent(*turns, markers=markers) == [
        {"role": "user", "content": [text("x", field)]},
        {"role": "assistant", "content": [text("y", field)]},
    ]


def test_system_prompt_is_split_where_its_blocks_end():
    cuts = (SystemCut(1), SystemCut(4, SHORT))
    assert sent(system="a\n\nbé", cuts=cuts) == [
        {"role": "system", "content": [text("a"), text("\n\nb", MARK), text("é")]}
    ]


def test_contents_are_lists_even_without_marks():
    turns = (
        t.UserTurn(pieces=["a", "b"]),
        t.SystemTurn("s"),
        t.AssistantTurn(calls=[t.ToolCall("c", "T", Raw(b"{}"))]),
    )
    call = {"id": "c", "function": {"name": "T", "arguments": "{}"}, "type": "function"}
    assert sent(*turns) == [
        {"role": "user", "content": [text("a"), text("\n\nb")]},
        {"role": "system", "content": [text("s")]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]


def test_marks_of_results_and_of_pieces_behind_their_images():
    image = ImagePart(url="u")
    turn = t.UserTurn(
        results=[t.ToolResult("c1", "T", [image]), t.ToolResult("c2", "T", ["y"])],
        results_mark=LONG,
        pieces=["x", "z"],
        marks={0: SHORT},
    )
    assert sent(turn) == [
        {"role": "tool", "content": [text("[image 1 attached below]")], "tool_call_id": "c1"},
        {
            "role": "tool",
            "content": [text("y", {"cache_control": {"type": "ephemeral", "ttl": "1h"}})],
            "tool_call_id": "c2",
        },
        {
            "role": "user",
            "content": [
                text("[image 1]"),
                {"type": "image_url", "image_url": {"url": "u"}},
                text("x", MARK),
                text("\n\nz"),
            ],
        },
    ]


def test_last_four_marks_are_kept():
    turns = [t.UserTurn(pieces=[str(i)], marks={0: SHORT}) for i in range(6)]
    assert [MARK.items() <= message["content"][0].items() for message in sent(*turns)] == [False] * 2 + [
        True
    ] * 4


def test_reasoning_part_takes_no_mark():
    planned = structs.replace(PLAN, turns=[t.AssistantTurn("", "hm", end_mark=SHORT)])
    quirks = evolve(PLAIN, reasoning_field="parts")
    assert msgspec.to_builtins(chat_messages(planned, quirks, MarkWriter("cache_control"))) == [
        {"role": "assistant", "content": [{"type": "thinking", "thinking": [text("hm")]}]}
    ]
