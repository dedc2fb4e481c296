"""What OpenRouter has of its own, through a real gateway: `reasoning_details` there and back, cache marks."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.testing.upstream import Call, Reply, Usage
from tests.integration.session import HELLO, answered, went_on

SIGNED = {"type": "reasoning.text", "text": "I shall look.", "format": "f", "index": 0, "signature": "SIGX"}
MARK: Any = {"cache_control": {"type": "ephemeral"}}
HIDDEN = {"type": "reasoning.encrypted", "data": "ENC", "id": "rs_1", "format": "f", "index": 1}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("display", ["summarized", "omitted"])
@pytest.mark.parametrize("details", [(SIGNED, HIDDEN), (HIDDEN,)], ids=["text", "encrypted"])
def test_details_go_back_unchanged(connect, upstream, stream: bool, display: str, details: Any):
    client = connect("openrouter")
    upstream.script(Reply(details=details, calls=(Call("look", {"n": 1}),)), Reply(text="done"))
    thinking = {"type": "adaptive", "display": display}
    first = answered(client, HELLO, stream=stream, thinking=thinking)
    assert [block.type for block in first.content] == ["thinking", "tool_use"]
    shown = SIGNED in details and display == "summarized"
    assert first.content[0].thinking == ("I shall look." if shown else "")
    second = answered(client, went_on(first), stream=stream, thinking=thinking)
    assert second.content[-1].text == "done"
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"n":1}'}}
    _, said, result = upstream.chats()[-1].body["messages"]
    assert said == {
        "role": "assistant",
        "content": None,
        "reasoning_details": list(details),
        "tool_calls": [call],
    }
    assert result["role"] == "tool"


def test_details_go_to_no_other_kind_of_server(connect, upstream):
    upstream.script(Reply(details=(SIGNED, HIDDEN), calls=(Call("look", {"n": 1}),)), Reply(text="done"))
    thinking = {"type": "adaptive"}
    first = answered(connect("openrouter"), HELLO, stream=True, thinking=thinking)
    answered(connect("deepseek"), went_on(first), stream=True, thinking=thinking)
    said = upstream.chats()[-1].body["messages"][1]
    assert "reasoning_details" not in said
    assert said["reasoning_content"] == " "


def test_details_that_no_client_asked_for_are_dropped(connect, upstream):
    upstream.script(Reply(text="hi", details=(SIGNED, HIDDEN)))
    assert [block.type for block in answered(connect("openrouter"), HELLO, stream=True).content] == ["text"]


@pytest.mark.parametrize("stream", [True, False])
def test_cache_marks_move_on_over_an_unchanged_prompt(connect, upstream, stream: bool):
    client = connect("openrouter")
    usage = Usage(prompt=30, completion=4, cached=20)
    upstream.script(Reply(calls=(Call("look", {"n": 1}),)), Reply(text="done", usage=usage))
    system = [{"type": "text", "text": "Be brief.", **MARK}]
    asked = [{"role": "user", "content": [{"type": "text", "text": "hello", **MARK}]}]
    first = answered(client, asked, stream=stream, system=system)
    talk = went_on(first)
    talk[-1]["content"][-1] |= MARK
    second = answered(client, talk, stream=stream, system=system)
    assert (second.usage.input_tokens, second.usage.cache_read_input_tokens) == (10, 20)
    before, after = (chat.body["messages"] for chat in upstream.chats())
    told = {"type": "text", "text": "Be brief.", **MARK}
    assert before == [{"role": "system", "content": [told]}, *asked]
    assert after[0] == before[0]
    assert after[1] == {"role": "user", "content": [{"type": "text", "text": "hello"}]}
    assert after[-1]["content"] == [{"type": "text", "text": "seen", **MARK}]


def test_cache_marks_go_to_no_server_that_caches_by_itself(connect, upstream):
    upstream.script(Reply(text="hi"))
    marked = {"role": "user", "content": [{"type": "text", "text": "hello", **MARK}]}
    response = connect("vllm").messages.with_raw_response.create(
        model="claude-x", max_tokens=9, messages=[marked], extra_body=MARK
    )
    assert "x-gateway-warnings" not in response.headers
    (chat,) = upstream.chats()
    assert chat.body["messages"] == HELLO
    assert "cache_control" not in chat.body
