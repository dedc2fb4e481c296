"""For each notice one request that brings it about, and what goes upstream instead of what was asked."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from attrs import Factory, field, frozen

from gateway.testing.record import Received
from gateway.testing.samples import pdf
from gateway.testing.upstream import Call, Raw, Reply, refusal

Json = dict[str, Any]
OK = Reply(text="ok")


def _asked_once(chats: list[Received]) -> Any:
    return len(chats)


@frozen
class Case:
    """`sees`: what is looked at of the upstream's requests; it has to be `expected`."""

    asked: Json = Factory(dict[str, Any])
    kind: str = "openai"
    provider: Json = Factory(dict[str, Any])
    config: Json = Factory(dict[str, Any])
    answers: tuple[Raw | Reply, ...] = (OK,)
    sees: Callable[[list[Received]], Any] = field(default=_asked_once)
    expected: Any = 1


def body(name: str) -> Callable[[list[Received]], Any]:
    """One key of the last request's body."""
    return lambda chats: chats[-1].body.get(name)


def texts(role: str) -> Callable[[list[Received]], Any]:
    return lambda chats: chats[-1].texts(role)


def roles(chats: list[Received]) -> Any:
    return [message["role"] for message in chats[-1].messages]


def tools(chats: list[Received]) -> Any:
    return chats[-1].tools


def parameters(name: str) -> Callable[[list[Received]], Any]:
    """A property of the first tool's parameters, in every request."""
    return lambda chats: [
        chat.body["tools"][0]["function"]["parameters"]["properties"][name] for chat in chats
    ]


def user(*content: Json | str) -> Json:
    blocks = [{"type": "text", "text": block} if isinstance(block, str) else block for block in content]
    return {"role": "user", "content": blocks}


def talk(*turns: Json | str) -> Json:
    """Turns of user and assistant, one after the other; a dict is a turn as it is."""
    sides = ("user", "assistant")
    messages = [
        {"role": sides[i % 2], "content": turn} if isinstance(turn, str) else turn
        for i, turn in enumerate(turns)
    ]
    return {"messages": messages}


def told(*chunks: Json) -> Raw:
    lines = tuple(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    return Raw(headers={"content-type": "text/event-stream"}, chunks=lines, framing="chunked")


def pieces(*calls: Json) -> Json:
    return {"choices": [{"index": 0, "delta": {"tool_calls": list(calls)}}]}


def document(content: bytes, title: str) -> Json:
    source = {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(content).decode()}
    return {"type": "document", "title": title, "source": source}


def _form(schema: Json) -> Json:
    return {"format": {"type": "json_schema", "schema": schema}}


LOOK: Json = {
    "name": "look",
    "input_schema": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
}
BOUND: Json = {
    "name": "look",
    "input_schema": {"type": "object", "properties": {"s": {"type": "string", "pattern": "^a+$"}}},
}
LIMITED: Json = {"type": "string", "pattern": "^a+$"}
NUMBER: Json = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
SEARCH: Json = {"type": "web_search_20250305", "name": "web_search"}
PICTURE: Json = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
TWO_CALLS = Reply(calls=(Call("look", {"n": 1}, id="a"), Call("look", {"n": 2}, id="b")))
ONE_AT_A_TIME: Json = {"type": "auto", "disable_parallel_tool_use": True}
DONE: Json = {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
PAINTED = told(
    {
        "type": "response.output_item.done",
        "output_index": 0,
        "item": {"type": "image_generation_call", "id": "w", "status": "completed"},
    },
    {"type": "response.output_text.delta", "output_index": 1, "delta": "found"},
    {"type": "response.completed", "response": {"status": "completed"}},
)

CITING = told(
    {"choices": [{"index": 0, "delta": {"content": "It is so."}}]},
    {
        "choices": [
            {"index": 0, "delta": {"annotations": [{"type": "url_citation"}]}, "finish_reason": "stop"}
        ]
    },
)

EACH_ITS_OWN: Json = {"models": {"claude-whole": "up/one", "claude-stream": "up/other"}}
"""What the gateway learns of a model holds for later requests: those of a case do not share one."""

CASES: dict[str, Case] = {
    "clamped.document": Case(
        talk(user(document(pdf(*["a"] * 601), "long"), "read")),
        kind="ollama",
        sees=lambda chats: "[1 more pages are left out]" in chats[0].texts("user")[0],
        expected=True,
    ),
    "clamped.effort": Case(
        {"output_config": {"effort": "max"}},
        provider={"quirks": {"highest_effort": "high"}},
        sees=body("reasoning_effort"),
        expected="high",
    ),
    "clamped.max_tokens": Case(
        {"max_tokens": 5000},
        config={"models": {"*": {"provider": "up", "model": "scripted", "max_output_tokens": 100}}},
        sees=body("max_tokens"),
        expected=100,
    ),
    "clamped.temperature": Case(
        {"temperature": 1.5},
        provider={"quirks": {"max_temperature": 1}},
        sees=body("temperature"),
        expected=1,
    ),
    "dropped.annotations": Case(answers=(CITING,)),
    "dropped.block": Case(
        talk(user({"type": "hologram", "data": "x"}, "hello")), sees=texts("user"), expected=["hello"]
    ),
    "dropped.citations": Case(
        talk(
            user(
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "words"},
                    "citations": {"enabled": True},
                }
            )
        ),
        sees=texts("user"),
        expected=["<document>\nwords\n</document>"],
    ),
    "dropped.context_management": Case(
        {"context_management": {"edits": [{"type": "compact_20260112"}]}},
        sees=texts("user"),
        expected=["hello"],
    ),
    "dropped.document": Case(
        talk(user(document(pdf(""), "scan")), "a scan", "and?"),
        kind="ollama",
        sees=texts("user"),
        expected=["[PDF 'scan': no text could be extracted]", "and?"],
    ),
    "dropped.effort": Case(
        {"output_config": {"effort": "high"}},
        provider={"quirks": {"reasoning_in": "template_kwargs", "effort_beside": False}},
        sees=body("reasoning_effort"),
        expected=None,
    ),
    "dropped.file": Case(
        talk(user({"type": "image", "source": {"type": "file", "file_id": "file_1"}}), "it is red", "and?"),
        sees=texts("user"),
        expected=["[file 'file_1' is not available]", "and?"],
    ),
    "dropped.image": Case(
        talk(user("look", PICTURE)),
        config={"models": {"*": {"provider": "up", "model": "blind", "vision": False}}},
        sees=texts("user"),
        expected=["look\n\n[image omitted: model has no vision]"],
    ),
    "dropped.inference_geo": Case({"inference_geo": "eu"}, sees=body("inference_geo"), expected=None),
    "dropped.safeguards": Case(
        {"safeguards": [{"type": "dangerous_tool_use"}]}, sees=body("safeguards"), expected=None
    ),
    "dropped.output_format": Case(
        {"output_config": {"format": {"type": "xml"}}}, sees=body("response_format"), expected=None
    ),
    "dropped.output_item": Case(kind="responses", answers=(PAINTED,)),
    "dropped.parallel_tool_calls": Case(
        {"tools": [LOOK], "tool_choice": ONE_AT_A_TIME}, kind="ollama", answers=(TWO_CALLS,)
    ),
    "dropped.parameter": Case(
        {"metadata": {"user_id": "u"}},
        provider={"quirks": {"user_field": "user"}},
        config=EACH_ITS_OWN,
        answers=(refusal(400, "Unsupported parameter: 'user'", code="unsupported_parameter"), OK),
        sees=body("user"),
        expected=None,
    ),
    "dropped.reasoning": Case(answers=(Reply(reasoning="hm", text="ok"),)),
    "dropped.role": Case(talk({"role": "narrator", "content": "hello"}), sees=roles, expected=["user"]),
    "dropped.sampling": Case(
        {"temperature": 0.5},
        provider={"quirks": {"sampling": False}},
        sees=body("temperature"),
        expected=None,
    ),
    "dropped.schema_constraints": Case(
        {"tools": [BOUND]},
        provider={"preset": "llamacpp"},
        config=EACH_ITS_OWN,
        answers=(refusal(400, "failed to parse grammar"), OK),
        sees=parameters("s"),
        expected=[LIMITED, {"type": "string", "description": "{pattern: ^a+$}"}],
    ),
    "dropped.search_option": Case(
        {"tools": [{**SEARCH, "blocked_domains": ["b.example"]}]},
        kind="responses",
        sees=body("tools"),
        expected=[{"type": "web_search"}],
    ),
    "dropped.server_tool": Case(
        talk(
            "news?",
            {
                "role": "assistant",
                "content": [
                    {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
                    {"type": "text", "text": "none"},
                ],
            },
            "and?",
        ),
        sees=lambda chats: (chats[0].texts("assistant"), chats[0].calls),
        expected=(["none"], []),
    ),
    "dropped.speed": Case({"speed": "fast"}, sees=body("service_tier"), expected=None),
    "dropped.strict": Case(
        {"tools": [{**LOOK, "strict": True}]},
        kind="ollama",
        sees=lambda chats: "strict" in json.dumps(chats[0].body),
        expected=False,
    ),
    "dropped.structured_output": Case(
        {"output_config": _form(NUMBER)},
        provider={"quirks": {"json_schema": "none"}},
        answers=(Reply(text="one"), Reply(text="two")),
        expected=2,
    ),
    "dropped.thinking": Case(
        {"thinking": {"type": "adaptive"}},
        provider={"quirks": {"reasoning_in": "none"}},
        sees=lambda chats: [name for name in chats[0].body if "reason" in name or "think" in name],
        expected=[],
    ),
    "dropped.tool": Case({"tools": [SEARCH, LOOK]}, sees=tools, expected=["look"]),
    "dropped.tool_arguments": Case(
        {"tools": [LOOK]},
        answers=(
            told(
                pieces({"index": 0, "id": "a", "function": {"name": "look", "arguments": '{"n":1}'}}),
                pieces({"index": 1, "id": "b", "function": {"name": "look", "arguments": '{"n":2}'}}),
                pieces({"index": 0, "function": {"arguments": "}"}}),
                DONE,
            ),
        ),
    ),
    "dropped.tool_call": Case(
        {"tools": [LOOK]},
        answers=(told(pieces({"index": 0, "id": "a", "function": {"arguments": '{"n":1}'}}), DONE),),
    ),
    "dropped.tool_choice": Case(
        {"tools": [LOOK], "tool_choice": {"type": "maybe"}}, sees=body("tool_choice"), expected=None
    ),
    "dropped.top_k": Case({"top_k": 5}, sees=body("top_k"), expected=None),
    "empty_answer": Case(answers=(Reply(text=""),)),
    "emulated.compaction": Case(
        {"compaction": {"type": "summarize", "instructions": "Only names."}},
        sees=texts("user"),
        expected=["hello\n\nOnly names."],
    ),
    "emulated.disable_parallel_tool_use": Case(
        {"tools": [LOOK], "tool_choice": ONE_AT_A_TIME},
        kind="ollama",
        sees=body("parallel_tool_calls"),
        expected=None,
    ),
    "emulated.prewarm": Case({"max_tokens": 0}, answers=(), expected=0),
    "emulated.server_tool": Case(
        {"tools": [SEARCH], "tool_choice": {"type": "tool", "name": "web_search"}}, answers=(), expected=0
    ),
    "emulated.stop_sequences": Case({"stop_sequences": ["END"]}, sees=body("stop"), expected=None),
    "emulated.structured_output": Case(
        {"output_config": _form(NUMBER)},
        provider={"quirks": {"json_schema": "none"}},
        answers=(Reply(text='{"n":1}'),),
        sees=lambda chats: (
            "matches this schema" in chats[0].texts("system")[0],
            "response_format" in chats[0].body,
        ),
        expected=(True, False),
    ),
    "emulated.tool_choice_any": Case(
        {"tools": [LOOK], "tool_choice": {"type": "any"}},
        kind="ollama",
        answers=(Reply(calls=(Call("look", {"n": 1}),)),),
        sees=texts("system"),
        expected=["You must call one of the tools."],
    ),
    "emulated.tool_choice_none": Case(
        {"tools": [LOOK], "tool_choice": {"type": "none"}},
        kind="ollama",
        sees=lambda chats: "tools" in chats[0].body,
        expected=False,
    ),
    "emulated.tool_choice_tool": Case(
        {"tools": [LOOK, {**LOOK, "name": "other"}], "tool_choice": {"type": "tool", "name": "look"}},
        kind="ollama",
        answers=(Reply(calls=(Call("look", {"n": 1}),)),),
        sees=lambda chats: (
            [tool["function"]["name"] for tool in chats[0].body["tools"]],
            chats[0].texts("system"),
        ),
        expected=(["look"], ["You must call the tool look."]),
    ),
    "emulated.tool_result": Case(
        {
            "tools": [LOOK],
            **talk(
                "look",
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": "a", "name": "look", "input": {"n": 1}}],
                },
                "never mind",
            ),
        },
        sees=texts("tool"),
        expected=["(no result: the call was interrupted)"],
    ),
    "emulated.tool_search": Case(
        {
            "tools": [
                {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"},
                {**LOOK, "defer_loading": True},
            ]
        },
        sees=tools,
        expected=["look"],
    ),
    "estimated.usage": Case(answers=(Reply(text="ok", usage_in="none"),)),
    "fallback.target": Case(
        config={"routes": [{"name": "all", "match": {}, "to": ["up/first", "up/second"]}]},
        provider={"retries": 0},
        answers=(refusal(503, "down"), OK),
        sees=lambda chats: [chat.body["model"] for chat in chats],
        expected=["first", "second"],
    ),
    "repaired.answer": Case(
        answers=(told({"choices": [None, {"delta": {"content": "ok"}, "finish_reason": "stop"}]}),)
    ),
    "repaired.request": Case(talk("cut \ud83d"), sees=texts("user"), expected=["cut \ufffd"]),
    "repaired.stop_reason": Case({"tools": [LOOK]}, answers=(Reply(text="ok", finish="tool_calls"),)),
    "repaired.structured_output": Case(
        {"output_config": _form(NUMBER)},
        provider={"quirks": {"json_schema": "none"}},
        answers=(Reply(text='Sure: {"n":1}'),),
    ),
    "repaired.tool_arguments": Case(
        {"tools": [LOOK]},
        provider={"quirks": {"repair_tool_args": True}},
        answers=(Reply(calls=(Call("look", '{"n": "5",}'),)),),
    ),
    "repaired.tool_call": Case(
        {"tools": [LOOK]},
        answers=(refusal(400, "Failed to call a function.", code="tool_use_failed"), OK),
        expected=2,
    ),
}
