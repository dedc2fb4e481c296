"""The official SDK and the real Claude Code, through the gateway, to a real model in llama.cpp."""

from __future__ import annotations

import re

import anthropic
import pytest

SKY = [{"role": "user", "content": "Why is the sky blue? Answer in two sentences."}]
WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "enum": ["Paris", "Rome"]}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
FORCED = {
    "model": "any",
    "max_tokens": 60,
    "messages": [{"role": "user", "content": "What is the weather in Paris?"}],
    "tools": [WEATHER],
    "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
    "extra_body": {"temperature": 0},
}


def test_text_arrives_in_pieces_with_real_token_counts(real_gateway, sdk):
    client = sdk(real_gateway())
    certain = {"temperature": 0}
    with client.messages.stream(model="any", max_tokens=80, messages=SKY, extra_body=certain) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()
    assert len(pieces) > 10
    assert "blue" in "".join(pieces)
    assert message.stop_reason in ("end_turn", "max_tokens")
    usage = message.usage
    # What an earlier test asked as well comes from the server's cache.
    assert 20 < usage.input_tokens + (usage.cache_read_input_tokens or 0) < 100
    assert len(pieces) - 5 <= message.usage.output_tokens <= 80


def test_whole_answer_is_the_streamed_one(real_gateway, sdk):
    client = sdk(real_gateway())
    question = {"model": "any", "max_tokens": 30, "messages": SKY, "extra_body": {"temperature": 0}}
    whole = client.messages.create(**question)
    with client.messages.stream(**question) as stream:
        streamed = stream.get_final_message()
    assert whole.content[0].text == streamed.content[0].text
    assert whole.stop_reason == streamed.stop_reason == "max_tokens"
    assert whole.usage.output_tokens == streamed.usage.output_tokens == 30


def test_forced_tool_is_called_once(real_gateway, sdk):
    client = sdk(real_gateway("tools"))
    message = client.messages.create(**FORCED)
    (call,) = message.content
    assert (call.type, call.name, message.stop_reason) == ("tool_use", "get_weather", "tool_use")
    assert call.input["city"] in ("Paris", "Rome")
    assert call.id


def test_forced_tool_streams_its_arguments(real_gateway, sdk):
    client = sdk(real_gateway("tools"))
    with client.messages.stream(**FORCED) as stream:
        shards = [event.partial_json for event in stream if event.type == "input_json"]
        message = stream.get_final_message()
    assert len(shards) > 2
    (call,) = message.content
    assert call.input["city"] in ("Paris", "Rome")
    assert message.stop_reason == "tool_use"


def test_tool_result_goes_back_to_the_model(real_gateway, sdk):
    client = sdk(real_gateway("tools"))
    call = client.messages.create(**FORCED).content[0]
    turns = [
        *FORCED["messages"],
        {"role": "assistant", "content": [call.model_dump()]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "Sunny."}]},
    ]
    # Forced again: this template leaves the model no way to answer in text that the server understands.
    message = client.messages.create(**{**FORCED, "messages": turns})
    (again,) = message.content
    assert again.name == "get_weather"
    assert again.id != call.id


def test_reasoning_comes_as_a_thinking_block_and_goes_back(real_gateway, sdk):
    client = sdk(real_gateway("thinking"))
    question = {"role": "user", "content": "What colour is blood?"}
    asked = {"model": "any", "max_tokens": 1200, "thinking": {"type": "enabled", "budget_tokens": 1024}}
    with client.messages.stream(**asked, messages=[question]) as stream:
        kinds = [event.type for event in stream]
        message = stream.get_final_message()
    thinking, text = message.content
    assert (thinking.type, text.type) == ("thinking", "text")
    assert "red" in thinking.thinking
    assert "red" in text.text
    assert thinking.signature
    assert kinds.index("thinking") < kinds.index("text")

    turns = [question, {"role": "assistant", "content": [block.model_dump() for block in message.content]}]
    follow_up = {"role": "user", "content": "What colour is the sky?"}
    after = client.messages.create(**asked, messages=[*turns, follow_up])
    without = client.messages.create(
        **asked, messages=[question, {"role": "assistant", "content": text.text}, follow_up]
    )
    assert after.usage.input_tokens > without.usage.input_tokens


def test_reasoning_that_was_not_asked_for_is_not_shown(real_gateway, sdk):
    client = sdk(real_gateway("thinking"))
    message = client.messages.create(
        model="any", max_tokens=100, messages=[{"role": "user", "content": "What colour is blood?"}]
    )
    assert [block.type for block in message.content] == ["text"]
    assert "red" in message.content[0].text


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_overflow_is_told_with_real_numbers(real_gateway, sdk, stream):
    client = sdk(real_gateway())
    long = [{"role": "user", "content": "sea sky " * 3000}]
    with pytest.raises(
        anthropic.BadRequestError, match=r"prompt is too long: (\d+) tokens > 2048 maximum"
    ) as e:
        client.messages.create(model="any", max_tokens=50, messages=long, stream=stream)
    assert e.value.body["error"]["type"] == "invalid_request_error"


def test_max_tokens_beyond_the_window_is_clamped(real_gateway, sdk):
    client = sdk(real_gateway(max_output_tokens=20))
    message = client.messages.create(model="any", max_tokens=32000, messages=SKY)
    assert message.usage.output_tokens == 20
    assert message.stop_reason == "max_tokens"


def test_failure_of_the_server_inside_a_stream_ends_in_an_error_event(real_gateway, sdk):
    """With this template and without a forced call, llama.cpp cannot parse what so small a model writes."""
    client = sdk(real_gateway("tools"))
    free = {**FORCED, "tool_choice": {"type": "auto"}}
    with (
        pytest.raises(anthropic.APIStatusError, match="does not match the expected"),
        client.messages.stream(**free) as stream,
    ):
        stream.get_final_message()


def test_claude_code_prints_an_answer(real_gateway, claude, one_sentence):
    client = claude(real_gateway(max_output_tokens=100), **one_sentence)
    outcome = client.run("--bare", "--tools", "", "-p", "hello")
    assert outcome.code == 0
    assert re.search(r"\w", outcome.out)
