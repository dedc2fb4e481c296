"""Reasoning, from each kind of upstream's side and from the client's."""

import pytest

from gateway.testing.upstream import Call, Reply

HELLO = {"role": "user", "content": "hello"}
TOOL = {"name": "look", "input_schema": {"type": "object", "properties": {}}}
ON = {"thinking": {"type": "enabled", "budget_tokens": 8000}, "max_tokens": 16_000}


def asked_for(body: dict) -> object:
    """How hard an upstream was asked to think, whatever it calls it."""
    if "reasoning_effort" in body:
        return body["reasoning_effort"]
    if "think" in body:
        return body["think"]
    if "reasoning" in body:
        return body["reasoning"]["effort"]
    return body.get("chat_template_kwargs") or body.get("thinking")


def test_thinking_is_shown_signed_and_given_back(talk, upstream, kind: str, stream: bool):
    call = Call("look", {}, id="call_1")
    upstream.script(
        Reply(reasoning="Let me see.", encrypted="ENC", text="I look.", calls=(call,)), Reply(text="ok")
    )
    first = talk(stream=stream, tools=[TOOL], **ON)
    assert [block["type"] for block in first.blocks] == ["thinking", "text", "tool_use"]
    thinking = first.blocks[0]
    assert thinking["thinking"] == "Let me see."
    assert thinking["signature"]
    result = {"type": "tool_result", "tool_use_id": first.blocks[2]["id"], "content": "sun"}
    turns = [HELLO, {"role": "assistant", "content": first.blocks}, {"role": "user", "content": [result]}]
    second = talk(stream=stream, tools=[TOOL], messages=turns, **ON)
    assert second.told.thoughts == ["Let me see."]
    assert second.text == "ok"


def test_thinking_that_another_family_signed_is_left_out(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    foreign = {"type": "thinking", "thinking": "of another", "signature": "gw1:eyJwIjoibm9ib2R5In0"}
    said = talk(
        messages=[HELLO, {"role": "assistant", "content": [foreign, {"type": "text", "text": "hm"}]}, HELLO]
    )
    assert said.told.thoughts == []
    assert said.told.said("assistant") == ["hm"]
    assert said.text == "ok"


def test_redacted_thinking(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    block = {"type": "redacted_thinking", "data": "zzz"}
    turns = [HELLO, {"role": "assistant", "content": [block, {"type": "text", "text": "hm"}]}, HELLO]
    said = talk(messages=turns)
    assert ("zzz" in str(said.told.body)) is (kind == "anthropic")
    assert said.told.said("assistant") == ["hm"]
    assert said.text == "ok"


@pytest.mark.parametrize("effort", ["low", "high"])
def test_effort(talk, upstream, kind: str, effort: str):
    upstream.script(Reply(text="ok"))
    wish = {"thinking": {"type": "adaptive"}, "output_config": {"effort": effort}}
    said = talk(model="hosted" if kind == "openai" else kind, **wish)
    if kind == "anthropic":
        assert wish.items() <= said.told.body.items()
    else:
        assert asked_for(said.told.body) == effort
    assert said.text == "ok"


def test_thinking_switched_off(talk, upstream, kind: str):
    upstream.script(Reply(reasoning="hm", text="ok"))
    model = {"openai": "vllm", "responses": "responses-thinker"}.get(kind, kind)
    said = talk(model=model, thinking={"type": "disabled"})
    off = {
        "openai": {"enable_thinking": False},
        "responses": "none",
        "ollama": False,
        "anthropic": {"type": "disabled"},
    }
    assert asked_for(said.told.body) == off[kind]
    if kind != "anthropic":
        assert [block["type"] for block in said.blocks] == ["text"]
    assert said.text == "ok"


def test_display_omitted_hides_the_text_and_keeps_it(talk, upstream, kind: str):
    """The signature carries what is to go back."""
    upstream.script(Reply(reasoning="secret", encrypted="ENC", text="ok"), Reply(text="fine"))
    wish = {**ON, "thinking": {**ON["thinking"], "display": "omitted"}}
    first = talk(**wish)
    if kind == "anthropic":
        assert first.told.body["thinking"] == wish["thinking"]
        assert first.text == "ok"
        return
    assert first.blocks[0]["thinking"] == ""
    assert first.told.turns == [("user", "hello")]
    second = talk(messages=[HELLO, {"role": "assistant", "content": first.blocks}, HELLO], **wish)
    if kind == "responses":
        assert "ENC" in str(second.told.body)
    else:
        assert second.told.thoughts == ["secret"]
    assert second.text == "fine"


@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_reasoning_in_tags(talk, upstream, kind: str, stream: bool):
    upstream.script(Reply(reasoning="hm", text="yes", think_tags=True, pieces=5))
    said = talk(stream=stream, **ON)
    assert said.told.turns == [("user", "hello")]
    assert [block.get("thinking", block.get("text")) for block in said.blocks] == ["hm", "yes"]
