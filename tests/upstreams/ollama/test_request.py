"""What Ollama is sent, beyond what the goldens show."""

import json

import pytest
from attrs import evolve

from gateway.anthropic.request.decoding import decode_request
from gateway.inbound import Inbound
from gateway.settings.quirks import PLAIN
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama.request import prompt_of, to_native_request
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.upstream_request import NO_ADAPTATIONS, Adaptations, UpstreamRequest

TOOL = {"name": "T", "description": "Does it.", "input_schema": {"type": "object", "properties": {}}}
CALLED = [
    {"role": "user", "content": "x"},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "T", "input": {"a": 1}}]},
]


def build(
    adaptations: Adaptations = NO_ADAPTATIONS, info: dict | None = None, **request: object
) -> UpstreamRequest:
    body = {"model": "m", "max_tokens": 1000, "messages": [{"role": "user", "content": "x"}], **request}
    sent = json.dumps(body).encode()
    inbound = Inbound("r", sent, {}, decode_request(sent))
    known = {"quirks": PRESETS["ollama"], **(info or {})}
    return to_native_request(inbound, ModelInfo("p", "qwen", **known), adaptations)


def sent(*args: object, **kwargs: object) -> dict:
    return json.loads(build(*args, **kwargs).body)


def notices(built: UpstreamRequest) -> list[str]:
    return [notice.name for notice in built.notices]


def test_refused_options_are_left_out_and_said():
    refused = Adaptations(dropped=frozenset({"temperature", "stop", "num_predict"}))
    built = build(refused, temperature=0.5, stop_sequences=["END"])
    assert json.loads(built.body)["options"].keys() == {"num_ctx"}
    assert built.stops == ("END",)
    assert notices(built) == ["emulated.stop_sequences", "dropped.parameter", "dropped.sampling"]


def test_time_in_memory_is_said_where_the_configuration_says_it():
    kept = evolve(PRESETS["ollama"], keep_alive=86_400.0)
    assert sent(info={"quirks": kept})["keep_alive"] == 86_400
    assert "keep_alive" not in sent()


def test_what_the_server_would_assume_otherwise_is_said():
    assert sent() == {
        "model": "qwen",
        "messages": [{"role": "user", "content": "x"}],
        "stream": False,
        "options": {"num_ctx": 32768, "num_predict": 1000},
        "truncate": False,
        "shift": False,
    }


def test_window_is_the_configured_one():
    assert sent(info={"context_window": 65536})["options"]["num_ctx"] == 65536


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, None),
        ({"thinking": {"type": "disabled"}}, False),
        ({"thinking": {"type": "adaptive"}}, True),
        ({"output_config": {"effort": "xhigh"}}, "max"),
        ({"output_config": {"effort": "high"}}, "high"),
        ({"output_config": {"effort": "of_next_year"}}, True),
    ],
)
def test_thinking_is_said_in_the_only_words_the_server_decodes(request_: dict, expected: object):
    assert sent(**request_).get("think") == expected


def test_thinking_is_not_mentioned_where_the_model_cannot():
    for known in ({"info": {"reasoning": False}}, {"adaptations": Adaptations(think=False)}):
        assert "think" not in sent(**known, thinking={"type": "adaptive"})


def test_choice_is_emulated_whatever_the_preset():
    built = build(
        info={"quirks": PLAIN}, tools=[TOOL], tool_choice={"type": "any", "disable_parallel_tool_use": True}
    )
    body = json.loads(built.body)
    assert body["messages"][0] == {"role": "system", "content": "You must call one of the tools."}
    assert "tool_choice" not in body
    assert built.answer.single_tool
    assert notices(built) == ["emulated.tool_choice_any", "emulated.disable_parallel_tool_use"]


def test_choosing_no_tool_sends_none():
    assert "tools" not in sent(tools=[TOOL], tool_choice={"type": "none"})


def test_answer_schema_beside_tools_is_a_line_in_the_prompt():
    format_ = {"type": "json_schema", "schema": {"type": "object"}}
    built = build(tools=[TOOL], output_config={"format": format_})
    body = json.loads(built.body)
    assert "format" not in body
    assert body["messages"][0]["content"].endswith('matches this schema: {"type": "object"}')
    assert notices(built) == ["emulated.structured_output"]


def test_reminder_goes_into_the_last_result_even_with_pictures():
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    result = {"type": "tool_result", "tool_use_id": "1", "content": [image]}
    messages = [*CALLED, {"role": "user", "content": [result]}, {"role": "system", "content": "s"}]
    (tool,) = sent(messages=messages)["messages"][2:]
    assert tool == {
        "role": "tool",
        "content": "<system-reminder>\ns\n</system-reminder>",
        "images": ["AAAA"],
        "tool_name": "T",
        "tool_call_id": "1",
    }


def test_dropped_options_are_left_out():
    assert "top_k" not in sent(Adaptations(dropped=frozenset({"top_k"})), top_k=3)["options"]


def test_last_assistant_message_is_continued():
    messages = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "Sure"}]
    built = build(messages=messages)
    assert json.loads(built.body)["messages"][-1] == {"role": "assistant", "content": "Sure"}
    assert built.prefill == "Sure"


def test_prompt_weighs_everything_that_costs_tokens():
    prompt = prompt_of(build(system="S", tools=[TOOL], messages=CALLED))
    assert prompt.texts == (
        *("S", "x", "T", '{"a": 1}', "(no result: the call was interrupted)"),
        *("T", "Does it.", '{"type":"object","properties":{}}'),
    )
    assert (prompt.messages, prompt.media_tokens) == (4, 0)
