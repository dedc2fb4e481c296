"""What this gateway wrote into a history is removed; everything else passes byte for byte."""

import json

import pytest
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.conversation.server_tools import GATEWAY_RESULT
from gateway.anthropic.signatures import PREFIX, sign
from gateway.upstreams.anthropic.history import may_hold_gateway_blocks, without_gateway_blocks

OURS = {"type": "thinking", "thinking": "hm", "signature": sign({"p": "vllm"})}
THEIRS = {"type": "thinking", "thinking": "hm", "signature": "EqQB"}
TEXT = {"type": "text", "text": "é"}
USER = {"role": "user", "content": "x"}


def cleaned(*messages: dict) -> tuple[list[dict], bool]:
    kept, dropped = without_gateway_blocks(Raw(json.dumps(messages).encode()))
    return json.loads(bytes(kept)), dropped


def assistant(*blocks: dict) -> dict:
    return {"role": "assistant", "content": [*blocks]}


@pytest.mark.parametrize(
    ("body", "message", "may"),
    [
        (b"{}", a.Message("user", (a.Text("x"),)), False),
        (b'{"signature":"gw1:e30"}', a.Message("user", (a.Text("x"),)), True),
        (b"{}", a.Message("assistant", (a.Text(""),)), True),
        (b"{}", a.Message("assistant", (a.Text("x"), a.ToolUse("t", "T"))), False),
        (b"{}", a.Message("user", (a.Text(""),)), False),
    ],
)
def test_quick_check_finds_signatures_and_empty_texts(body: bytes, message: a.Message, may: bool):
    assert may_hold_gateway_blocks(body, [message]) is may


@pytest.mark.parametrize(
    "message",
    [
        USER,
        {"role": "user", "content": [{"type": "text", "text": ""}]},
        {"role": "system", "content": [OURS]},
        {"role": "assistant", "content": "x"},
        assistant(THEIRS, TEXT),
        assistant({"type": "redacted_thinking", "data": "EqQB"}, TEXT),
        assistant({"type": "new", "signature": 3, "text": {"a": 1}}),
        assistant({"type": "compaction", "content": "s", "signature": "EqQB"}),
    ],
)
def test_everything_else_is_kept(message: dict):
    assert cleaned(message) == ([message], False)


def test_kept_message_is_the_same_bytes():
    kept, _ = without_gateway_blocks(
        Raw(b'[{"role": "user", "content":  [{"type":"text","text":"\\u00e9"}]}]')
    )
    assert bytes(kept) == b'[{"role": "user", "content":  [{"type":"text","text":"\\u00e9"}]}]'


@pytest.mark.parametrize(
    ("message", "left", "dropped"),
    [
        (assistant(OURS, TEXT), [assistant(TEXT)], True),
        ({**assistant(OURS, TEXT), "new": 1}, [{**assistant(TEXT), "new": 1}], True),
        (assistant(OURS), [], True),
        (
            assistant({"type": "redacted_thinking", "data": f"{PREFIX}e30"}, TEXT),
            [assistant(TEXT)],
            True,
        ),
        (assistant({"type": "text", "text": ""}, TEXT), [assistant(TEXT)], False),
        ({"role": "assistant", "content": ""}, [], False),
    ],
)
def test_blocks_of_this_gateway_and_empty_texts_are_removed(message: dict, left: list[dict], dropped: bool):
    assert cleaned(USER, message) == ([USER, *left], dropped)


@pytest.mark.parametrize(
    ("block", "kept"),
    [
        (
            {"content": "Sum"},
            [{"role": "user", "content": "<conversation-summary>\nSum\n</conversation-summary>"}],
        ),
        (
            {"content": "Sum", "tool_changes": [{"type": "tool_removal", "tool": {"name": "T"}}]},
            [
                {"role": "user", "content": "<conversation-summary>\nSum\n</conversation-summary>"},
                {"role": "system", "content": [{"type": "tool_removal", "tool": {"name": "T"}}]},
            ],
        ),
        (
            {"content": "Sum", "tool_changes": []},
            [{"role": "user", "content": "<conversation-summary>\nSum\n</conversation-summary>"}],
        ),
        ({"content": None}, [USER]),
    ],
)
def test_summary_of_this_gateway_replaces_what_came_before(block: dict, kept: list[dict]):
    message = assistant({"type": "compaction", "signature": f"{PREFIX}e30", **block}, TEXT)
    assert cleaned(USER, message) == ([*kept, assistant(TEXT)], False)


def searched(id_: str, encrypted: str) -> list[dict]:
    hit = {"type": "web_search_result", "url": "https://é", "title": "T", "encrypted_content": encrypted}
    return [
        {"type": "server_tool_use", "id": id_, "name": "web_search", "input": {}},
        {"type": "web_search_tool_result", "tool_use_id": id_, "content": [hit]},
    ]


def test_search_of_this_gateway_becomes_a_text_and_others_stay():
    theirs = searched("srvtoolu_2", "EqQB")
    messages, dropped = cleaned(assistant(*searched("srvtoolu_1", GATEWAY_RESULT), TEXT, *theirs))
    (text, *rest) = messages[0]["content"]
    assert (rest, dropped) == ([TEXT, *theirs], False)
    assert text["type"] == "text"
    assert text["text"].startswith("Found on the web:\n")
    assert "https://é" in text["text"]
