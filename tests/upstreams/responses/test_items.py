"""Turns of the normal form become input items of Responses."""

from typing import Any

import msgspec
import pytest
from msgspec import Raw, structs

from gateway.anthropic.conversation import turns as t
from gateway.anthropic.conversation.content_parts import ContentPart, ImagePart, PdfPart
from gateway.anthropic.request.attachments import NO_ATTACHMENTS
from gateway.anthropic.request.decoding import decode_request
from gateway.inbound import Inbound
from gateway.settings.quirks import PLAIN
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.request.plan import make_plan
from gateway.upstreams.responses.items import input_items, input_part
from gateway.upstreams.responses.wire import SentItem
from gateway.upstreams.upstream_request import NO_ADAPTATIONS

BODY = b'{"model":"m","messages":[{"role":"user","content":"x"}]}'
INBOUND = Inbound("r", BODY, {}, decode_request(BODY))
PLAN = make_plan(INBOUND, ModelInfo("p", "m", PLAIN), NO_ADAPTATIONS, NO_ATTACHMENTS, "full")
CALL = t.ToolCall("c1", "T", Raw(b'{"a":  1.0}'))
SENT_CALL = {"type": "function_call", "call_id": "c1", "name": "T", "arguments": '{"a":  1.0}'}
PNG = ImagePart("image/png", "AAAA")
SENT_PNG = {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto"}


def sent(*turns: t.Turn, reasoning: bool = True) -> list[dict]:
    return msgspec.to_builtins(items(*turns, reasoning=reasoning))


def items(*turns: t.Turn, reasoning: bool = True) -> list[SentItem]:
    planned = structs.replace(PLAN, turns=list(turns))
    return input_items(planned, "developer", reasoning=reasoning, marks=False)


def spoken(text: str) -> dict:
    return {"role": "assistant", "content": [{"type": "output_text", "text": text}]}


def thought(id_: str, *summary: str) -> dict:
    texts = [{"type": "summary_text", "text": text} for text in summary]
    return {"type": "reasoning", "id": id_, "summary": texts, "encrypted_content": "enc"}


def text(said: str) -> dict:
    return {"type": "input_text", "text": said}


@pytest.mark.parametrize(
    ("turn", "items"),
    [
        (t.AssistantTurn(), []),
        (t.AssistantTurn("Hallö", calls=[CALL]), [spoken("Hallö"), SENT_CALL]),
        (t.AssistantTurn(" \n", calls=[CALL]), [SENT_CALL]),
        (
            t.AssistantTurn(
                "onetwo",
                calls=[CALL],
                thoughts=[
                    t.ReasoningItem("r1", "enc", "first"),
                    t.ReasoningItem("r2", "enc", "", text_length=3),
                    t.ReasoningItem("r3", "enc", "", text_length=6),
                ],
            ),
            [thought("r1", "first"), spoken("one"), thought("r2"), spoken("two"), thought("r3"), SENT_CALL],
        ),
        (
            t.AssistantTurn("x", thoughts=[t.ReasoningItem("r1", "enc", "", text_length=1)]),
            [spoken("x")],
        ),
        (
            t.AssistantTurn(
                "x", thoughts=[t.ReasoningItem("r1", "enc", ""), t.ReasoningItem("r2", "enc", "")]
            ),
            [thought("r1"), thought("r2"), spoken("x")],
        ),
    ],
)
def test_reasoning_comes_before_the_item_it_led_to(turn: t.AssistantTurn, items: list[dict]):
    assert sent(turn) == items


def test_server_that_takes_no_reasoning_gets_none():
    turn = t.AssistantTurn("x", thoughts=[t.ReasoningItem("r1", "enc", "")])
    assert sent(turn, reasoning=False) == [spoken("x")]


@pytest.mark.parametrize(
    ("turn", "items"),
    [
        (t.SystemTurn("s"), [{"role": "developer", "content": [text("s")]}]),
        (t.UserTurn(pieces=["a", "b"]), [{"role": "user", "content": [text("a\n\nb")]}]),
        (t.UserTurn(pieces=["a", PNG]), [{"role": "user", "content": [text("a"), SENT_PNG]}]),
        (t.UserTurn(), []),
    ],
)
def test_contents_of_messages_are_lists(turn: t.Turn, items: list[dict]):
    assert sent(turn) == items


@pytest.mark.parametrize(
    ("given", "reminders", "output"),
    [
        ([], [], ""),
        (["a", "b"], [], "a\nb"),
        (["a"], ["r", "s"], "a\n\nr\n\ns"),
        ([], ["r"], "r"),
        (["a", PNG], [], [text("a"), SENT_PNG]),
        ([PNG], ["r"], [SENT_PNG, text("r")]),
    ],
)
def test_images_stay_in_their_result(given: list[ContentPart], reminders: list[str], output: Any):
    turn = t.UserTurn(results=[t.ToolResult("c1", "T", given)], reminders=reminders, pieces=["x"])
    assert sent(turn) == [
        {"type": "function_call_output", "call_id": "c1", "output": output},
        {"role": "user", "content": [text("x")]},
    ]


def test_quoted_result_is_the_clients_bytes():
    turn = t.UserTurn(results=[t.ToolResult("c1", "T", quoted=Raw(b'"a\\u00e9"'))])
    assert msgspec.json.encode(items(turn)) == (
        b'[{"type":"function_call_output","call_id":"c1","output":"a\\u00e9"}]'
    )


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("é", text("é")),
        (ImagePart(url="https://i"), {"type": "input_image", "image_url": "https://i", "detail": "auto"}),
        (
            PdfPart("f", "JVBE"),
            {"type": "input_file", "filename": "f.pdf", "file_data": "data:application/pdf;base64,JVBE"},
        ),
        (
            PdfPart("A.PDF", "JVBE"),
            {"type": "input_file", "filename": "A.PDF", "file_data": "data:application/pdf;base64,JVBE"},
        ),
        (PdfPart("f", url="https://p"), {"type": "input_file", "file_url": "https://p"}),
    ],
)
def test_part_of_an_input(part: ContentPart, expected: dict):
    assert msgspec.to_builtins(input_part(part)) == expected
