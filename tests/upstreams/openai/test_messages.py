"""Turns of the normal form become Chat Completions messages."""

from typing import Any

import msgspec
import pytest
from attrs import evolve
from msgspec import Raw, structs

from gateway.anthropic.conversation import turns as t
from gateway.anthropic.conversation.content_parts import ContentPart, ImagePart, PdfPart
from gateway.anthropic.request.attachments import NO_ATTACHMENTS
from gateway.anthropic.request.decoding import decode_request
from gateway.inbound import Inbound
from gateway.settings.quirks import PLAIN
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.openai.messages import (
    UNKNOWN_SIGNATURE,
    assistant_message,
    chat_messages,
    message_part,
)
from gateway.upstreams.request.plan import RequestPlan, make_plan
from gateway.upstreams.upstream_request import NO_ADAPTATIONS

BODY = b'{"model":"m","messages":[{"role":"user","content":"x"}]}'
INBOUND = Inbound("r", BODY, {}, decode_request(BODY))
PLAN = make_plan(INBOUND, ModelInfo("p", "m", PLAIN), NO_ADAPTATIONS, NO_ATTACHMENTS, "full")
CALL = t.ToolCall("c1", "T", Raw(b'{"a":  1.0}'))
SENT_CALL = {"id": "c1", "function": {"name": "T", "arguments": '{"a":  1.0}'}, "type": "function"}
PNG = ImagePart("image/png", "AAAA")
SENT_PNG = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def planned(*turns: t.Turn, system: str = "") -> RequestPlan:
    return structs.replace(PLAN, system=system, turns=list(turns))


def sent(*turns: t.Turn, system: str = "", **quirks: Any) -> list[dict]:
    return msgspec.to_builtins(chat_messages(planned(*turns, system=system), evolve(PLAIN, **quirks)))


def result(id_: str, *parts: ContentPart) -> t.ToolResult:
    return t.ToolResult(id_, "T", [*parts])


def test_system_prompt_and_system_messages_have_the_servers_role():
    turns = (t.UserTurn(pieces=["x"]), t.SystemTurn("later"))
    assert sent(*turns, system="é", system_role="developer") == [
        {"role": "developer", "content": "é"},
        {"role": "user", "content": "x"},
        {"role": "developer", "content": "later"},
    ]


@pytest.mark.parametrize(
    ("pieces", "content"),
    [
        (["a", "b\n", "c"], "a\n\nb\n\nc"),
        (
            ["a", "b", PNG, "c"],
            [{"type": "text", "text": "a\n\nb"}, SENT_PNG, {"type": "text", "text": "c"}],
        ),
        ([PNG], [SENT_PNG]),
    ],
)
def test_user_content_is_a_string_while_it_is_only_text(pieces: list[ContentPart], content: Any):
    assert sent(t.UserTurn(pieces=pieces)) == [{"role": "user", "content": content}]


@pytest.mark.parametrize(
    ("turn", "messages"),
    [
        (
            t.UserTurn(results=[result("c1", "a", "b"), result("c2")], reminders=["r", "s"], pieces=["x"]),
            [
                {"role": "tool", "content": "a\nb", "tool_call_id": "c1"},
                {"role": "tool", "content": "r\n\ns", "tool_call_id": "c2"},
                {"role": "user", "content": "x"},
            ],
        ),
        (
            t.UserTurn(results=[result("c1", "a")], reminders=["r"]),
            [{"role": "tool", "content": "a\n\nr", "tool_call_id": "c1"}],
        ),
        (
            t.UserTurn(
                results=[result("c1", "a", PNG), result("c2", PNG, PdfPart("f", "JVBE"))],
                reminders=["r"],
                pieces=["x"],
            ),
            [
                {"role": "tool", "content": "a\n[image 1 attached below]", "tool_call_id": "c1"},
                {
                    "role": "tool",
                    "content": "[image 2 attached below]\n[document 1 attached below]",
                    "tool_call_id": "c2",
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "[image 1]"},
                        SENT_PNG,
                        {"type": "text", "text": "[image 2]"},
                        SENT_PNG,
                        {"type": "text", "text": "[document 1]"},
                        {
                            "type": "file",
                            "file": {"filename": "f.pdf", "file_data": "data:application/pdf;base64,JVBE"},
                        },
                        {"type": "text", "text": "r\n\nx"},
                    ],
                },
            ],
        ),
    ],
)
def test_tool_results_are_texts_and_their_images_follow(turn: t.UserTurn, messages: list[dict]):
    assert sent(turn) == messages


def test_quoted_result_and_arguments_are_the_clients_bytes():
    turn = t.UserTurn(results=[t.ToolResult("c1", "T", quoted=Raw(b'"a\\u00e9"'))])
    message = chat_messages(planned(turn), PLAIN)[0]
    assert msgspec.json.encode(message) == b'{"role":"tool","content":"a\\u00e9","tool_call_id":"c1"}'


@pytest.mark.parametrize(
    ("empty_content", "content"), [("null", {"content": None}), ("empty", {"content": ""}), ("omit", {})]
)
def test_message_with_calls_alone_has_the_servers_empty_content(empty_content: str, content: dict):
    assert sent(t.AssistantTurn(calls=[CALL]), empty_content=empty_content) == [
        {"role": "assistant", **content, "tool_calls": [SENT_CALL]}
    ]


@pytest.mark.parametrize(
    ("quirks", "fields"),
    [
        ({}, {"content": "x", "reasoning_content": " hm"}),
        ({"reasoning_field": "reasoning"}, {"content": "x", "reasoning": " hm"}),
        ({"reasoning_field": "content"}, {"content": "<think>\nhm\n</think>\n\nx"}),
        (
            {"reasoning_field": "content", "think_tag": "thought"},
            {"content": "<thought>\nhm\n</thought>\n\nx"},
        ),
        (
            {"reasoning_field": "parts"},
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": " hm"}]},
                    {"type": "text", "text": "x"},
                ]
            },
        ),
        ({"reasoning_details": True}, {"content": "x", "reasoning_content": " hm"}),
    ],
)
def test_reasoning_goes_where_the_server_reads_it(quirks: dict[str, Any], fields: dict):
    assert sent(t.AssistantTurn("x", " hm"), **quirks) == [{"role": "assistant", **fields}]


def test_details_replace_the_text_of_the_reasoning():
    turn = t.AssistantTurn("x", "hm", details=[Raw(b'{"text": "hm"}')])
    message = assistant_message(turn, evolve(PLAIN, reasoning_details=True))
    assert msgspec.json.encode(message) == (
        b'{"role":"assistant","content":"x","reasoning_details":[{"text": "hm"}]}'
    )


@pytest.mark.parametrize(
    ("turn", "reasoning"),
    [
        (t.AssistantTurn("x", calls=[CALL]), {"reasoning_content": " "}),
        (t.AssistantTurn("x", "hm", calls=[CALL]), {"reasoning_content": "hm"}),
        (t.AssistantTurn("x"), {}),
    ],
)
def test_placeholder_stands_for_missing_reasoning_before_calls(turn: t.AssistantTurn, reasoning: dict):
    (message,) = sent(turn, reasoning_placeholder=True)
    assert {key: value for key, value in message.items() if key.startswith("reasoning")} == reasoning


@pytest.mark.parametrize(
    ("known", "signatures"),
    [
        (["", ""], [UNKNOWN_SIGNATURE, UNKNOWN_SIGNATURE]),
        (["sig", ""], ["sig", None]),
        (["", "sig", ""], [UNKNOWN_SIGNATURE, "sig", None]),
    ],
)
def test_calls_before_a_known_signature_get_a_placeholder(known: list[str], signatures: list[str | None]):
    calls = [t.ToolCall("c", "T", Raw(b"{}"), signature) for signature in known]
    (message,) = sent(t.AssistantTurn(calls=calls), call_signatures=True)
    assert [
        call["extra_content"]["google"]["thought_signature"] if "extra_content" in call else None
        for call in message["tool_calls"]
    ] == signatures


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("é", {"type": "text", "text": "é"}),
        (ImagePart(url="https://i"), {"type": "image_url", "image_url": {"url": "https://i"}}),
        (
            PdfPart("A.PDF", url="https://p"),
            {"type": "file", "file": {"filename": "A.PDF", "file_data": "https://p"}},
        ),
    ],
)
def test_part_by_url_is_fetched_by_the_server(part: ContentPart, expected: dict):
    assert msgspec.to_builtins(message_part(part)) == expected
