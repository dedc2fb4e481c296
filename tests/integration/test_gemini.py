"""Signatures of Gemini's calls, there and back, through a real gateway."""

from __future__ import annotations

import pytest

from gateway.testing.upstream import Call, Reply
from tests.integration.session import HELLO, answered, went_on

CALLS = (Call("look", {"n": 1}, id="call_1", signature="SIG+/="), Call("look", {"n": 2}, id="call_2"))
SKIP = "skip_thought_signature_validator"


def signatures(upstream) -> list[str | None]:
    calls = upstream.chats()[-1].body["messages"][1]["tool_calls"]
    return [call.get("extra_content", {}).get("google", {}).get("thought_signature") for call in calls]


@pytest.mark.parametrize("stream", [True, False])
def test_signature_goes_back_with_its_call(connect, upstream, stream: bool):
    client = connect("gemini")
    upstream.script(Reply(text="I look.", calls=CALLS), Reply(text="done"))
    thinking = {"type": "adaptive"}
    first = answered(client, HELLO, stream=stream, thinking=thinking)
    assert [block.type for block in first.content] == ["text", "thinking", "tool_use", "tool_use"]
    assert first.content[1].thinking == ""
    assert answered(client, went_on(first), stream=stream, thinking=thinking).content[0].text == "done"
    assert signatures(upstream) == ["SIG+/=", None]


def test_without_thinking_the_check_is_skipped(connect, upstream):
    client = connect("gemini")
    upstream.script(Reply(calls=CALLS), Reply(text="done"))
    first = answered(client, HELLO, stream=True)
    assert [block.type for block in first.content] == ["tool_use", "tool_use"]
    assert answered(client, went_on(first), stream=True).content[0].text == "done"
    assert signatures(upstream) == [SKIP, SKIP]


def test_signature_goes_to_no_other_kind_of_server(connect, upstream):
    upstream.script(Reply(calls=CALLS), Reply(text="done"))
    first = answered(connect("gemini"), HELLO, stream=True, thinking={"type": "adaptive"})
    answered(connect("plain"), went_on(first), stream=True, thinking={"type": "adaptive"})
    assert signatures(upstream) == [None, None]


def test_signatures_are_left_alone_where_the_server_is_no_gemini(connect, upstream):
    upstream.script(Reply(calls=CALLS))
    first = answered(connect("plain"), HELLO, stream=True, thinking={"type": "adaptive"})
    assert [block.type for block in first.content] == ["tool_use", "tool_use"]
