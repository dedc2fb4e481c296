"""Prompt-cache marks on input items of Responses."""

from typing import Any

import msgspec
from msgspec import structs

from gateway.anthropic import wire as a
from gateway.anthropic.conversation import turns as t
from gateway.anthropic.conversation.content_parts import ImagePart
from gateway.anthropic.request.attachments import NO_ATTACHMENTS
from gateway.anthropic.request.cache_control import SystemCut
from gateway.anthropic.request.decoding import decode_request
from gateway.inbound import Inbound
from gateway.settings.quirks import PLAIN
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.request.plan import make_plan
from gateway.upstreams.responses.items import input_items
from gateway.upstreams.upstream_request import NO_ADAPTATIONS

BODY = b'{"model":"m","messages":[{"role":"user","content":"x"}]}'
INBOUND = Inbound("r", BODY, {}, decode_request(BODY))
PLAN = make_plan(INBOUND, ModelInfo("p", "m", PLAIN), NO_ADAPTATIONS, NO_ATTACHMENTS, "full")
SHORT, LONG = a.CacheControl("ephemeral"), a.CacheControl("ephemeral", "1h")
MARK = {"prompt_cache_breakpoint": {"ttl": "30m", "mode": "explicit"}}
LONG_MARK = {"prompt_cache_breakpoint": {"ttl": "12h", "mode": "explicit"}}


def sent(*turns: t.Turn, reasoning: bool = True, **fields: Any) -> list[dict]:
    planned = structs.replace(PLAN, **{"system": "", "turns": list(turns), **fields})
    return msgspec.to_builtins(input_items(planned, "developer", reasoning=reasoning, marks=True))


def text(said: str, mark: dict | None = None) -> dict:
    return {"type": "input_text", "text": said, **(mark or {})}


def test_system_prompt_is_a_message_split_where_its_blocks_end():
    cuts = (SystemCut(1), SystemCut(4, SHORT))
    assert sent(system="a\n\nbé", cuts=cuts) == [
        {"role": "developer", "content": [text("a"), text("\n\nb", MARK), text("é")]}
    ]


def test_texts_of_users_and_system_messages_are_marked_parts():
    turns = (
        t.UserTurn(pieces=["a", "b"], marks={0: SHORT, 1: LONG}),
        t.SystemTurn("s", LONG),
        t.UserTurn(pieces=["c"]),
    )
    assert sent(*turns) == [
        {"role": "user", "content": [text("a", MARK), text("\n\nb", LONG_MARK)]},
        {"role": "developer", "content": [text("s", LONG_MARK)]},
        {"role": "user", "content": [text("c")]},
    ]


def test_assistants_text_takes_no_mark_and_reasoning_goes_back_if_the_server_takes_it():
    turn = t.AssistantTurn("x", thoughts=[t.ReasoningItem("r", "enc", "")], end_mark=SHORT)
    message = {"role": "assistant", "content": [{"type": "output_text", "text": "x"}]}
    thought = {"type": "reasoning", "id": "r", "summary": [], "encrypted_content": "enc"}
    assert sent(turn) == [thought, message]
    assert sent(turn, reasoning=False) == [message]


def test_mark_of_results_is_on_the_last_part_of_the_last_one():
    image = {"type": "input_image", "image_url": "u", "detail": "auto"}
    turn = t.UserTurn(
        results=[t.ToolResult("c1", "T", ["y"]), t.ToolResult("c2", "T", [ImagePart(url="u")])],
        results_mark=SHORT,
    )
    assert sent(turn) == [
        {"type": "function_call_output", "call_id": "c1", "output": [text("y")]},
        {"type": "function_call_output", "call_id": "c2", "output": [{**image, **MARK}]},
    ]


def test_empty_result_takes_no_mark():
    turn = t.UserTurn(results=[t.ToolResult("c1", "T", [])], results_mark=SHORT, pieces=["x"])
    assert sent(turn) == [
        {"type": "function_call_output", "call_id": "c1", "output": ""},
        {"role": "user", "content": [text("x")]},
    ]


def test_last_four_marks_are_kept():
    turns = [t.UserTurn(pieces=[str(i)], marks={0: SHORT}) for i in range(6)]
    marked = ["prompt_cache_breakpoint" in item["content"][0] for item in sent(*turns)]
    assert marked == [False] * 2 + [True] * 4
