"""What each server is told of reasoning, and what the client is told that it was not."""

import json

import pytest
from attrs import evolve

from gateway.anthropic.request.decoding import decode_request
from gateway.inbound import Inbound
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.openai.request import to_chat_request
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.upstream_request import NO_ADAPTATIONS, Adaptations, UpstreamRequest

ADAPTIVE = {"thinking": {"type": "adaptive"}}
HIGH = {**ADAPTIVE, "output_config": {"effort": "high"}}
MAX = {"output_config": {"effort": "max"}}
LOW = {"output_config": {"effort": "low"}}
OFF = {"thinking": {"type": "disabled"}}
BUDGET = {"thinking": {"type": "enabled", "budget_tokens": 5000}}
HIDDEN = {"thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "high"}}
PREFILLED = {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "{"}]}
FIELDS = {"reasoning_effort", "chat_template_kwargs", "reasoning", "thinking", "enable_thinking"}
FIELDS |= {"thinking_budget", "extra_body"}
ON, NOT = {"enable_thinking": True}, {"enable_thinking": False}


def build(
    preset: str, request: dict, adaptations: Adaptations = NO_ADAPTATIONS, **info: object
) -> UpstreamRequest:
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}], **request}
    sent = json.dumps(body).encode()
    known = {"quirks": PRESETS[preset], **info}
    return to_chat_request(
        Inbound("r", sent, {}, decode_request(sent)), ModelInfo("p", "m", **known), adaptations
    )


def told(built: UpstreamRequest) -> dict:
    return {key: value for key, value in json.loads(built.body).items() if key in FIELDS}


def names(built: UpstreamRequest) -> list[str]:
    return [notice.name for notice in built.notices]


@pytest.mark.parametrize(
    ("preset", "request_", "expected", "notices"),
    [
        ("plain", ADAPTIVE, {}, []),
        ("plain", HIGH, {"reasoning_effort": "high"}, []),
        ("plain", BUDGET, {"reasoning_effort": "medium"}, []),
        ("plain", OFF, {}, []),
        ("plain", {}, {}, []),
        ("openai", MAX, {"reasoning_effort": "max"}, []),
        ("openai", ADAPTIVE, {}, []),
        ("openai", OFF, {"reasoning_effort": "none"}, []),
        ("ollama", LOW, {"reasoning_effort": "low"}, []),
        ("ollama", OFF, {"reasoning_effort": "none"}, []),
        ("vllm", ADAPTIVE, {"chat_template_kwargs": ON}, []),
        ("vllm", HIGH, {"chat_template_kwargs": ON, "reasoning_effort": "high"}, []),
        ("vllm", OFF, {"chat_template_kwargs": NOT}, []),
        ("vllm", {}, {}, []),
        ("vllm", PREFILLED, {"chat_template_kwargs": NOT}, []),
        ("vllm", {**HIGH, **PREFILLED}, {"chat_template_kwargs": NOT}, ["dropped.thinking"]),
        ("llamacpp", {**HIGH, **PREFILLED}, {"chat_template_kwargs": NOT}, ["dropped.thinking"]),
        ("lmstudio", HIGH, {"reasoning_effort": "high"}, []),
        ("deepseek", HIGH, {"thinking": {"type": "enabled"}, "reasoning_effort": "high"}, []),
        ("deepseek", OFF, {"thinking": {"type": "disabled"}}, []),
        ("zhipu", HIGH, {"thinking": {"type": "enabled"}}, ["dropped.effort"]),
        ("zhipu", ADAPTIVE, {"thinking": {"type": "enabled"}}, []),
        ("minimax", ADAPTIVE, {"thinking": {"type": "enabled"}}, []),
        ("dashscope", HIGH, {"enable_thinking": True, "reasoning_effort": "high"}, []),
        ("dashscope", BUDGET, {"enable_thinking": True, "thinking_budget": 5000}, []),
        ("openrouter", HIGH, {"reasoning": {"effort": "high"}}, []),
        ("openrouter", MAX, {"reasoning": {"effort": "xhigh"}}, ["clamped.effort"]),
        ("openrouter", ADAPTIVE, {"reasoning": {"enabled": True}}, []),
        ("openrouter", OFF, {"reasoning": {"enabled": False}}, []),
        ("together", HIGH, {"reasoning": {"enabled": True}, "reasoning_effort": "high"}, []),
        ("together", OFF, {"reasoning": {"enabled": False}}, []),
        ("xai", HIGH, {"reasoning_effort": "high"}, []),
        ("gemini", HIDDEN, {"reasoning_effort": "high"}, []),
        ("gemini", OFF, {"reasoning_effort": "none"}, []),
    ],
)
def test_server_is_told_in_its_own_way(preset: str, request_: dict, expected: dict, notices: list[str]):
    built = build(preset, request_)
    assert told(built) == expected
    assert names(built) == notices


@pytest.mark.parametrize(
    ("request_", "config"),
    [
        (ADAPTIVE, {"include_thoughts": True}),
        (HIGH, {"include_thoughts": True, "thinking_budget": 24576}),
        (BUDGET, {"include_thoughts": True, "thinking_budget": 5000}),
    ],
)
def test_gemini_is_asked_for_thoughts_only_where_they_are_shown(request_: dict, config: dict):
    assert told(build("gemini", request_)) == {"extra_body": {"google": {"thinking_config": config}}}
    refused = Adaptations(dropped=frozenset({"thinking_config"}))
    assert "extra_body" not in told(build("gemini", request_, refused))


@pytest.mark.parametrize(
    ("asked", "refused", "sent", "notices"),
    [
        ("max", {"max", "xhigh", "none"}, "high", ["clamped.effort"]),
        ("max", {"max"}, "xhigh", ["clamped.effort"]),
        ("xhigh", {"max"}, "xhigh", []),
        ("low", {"low", "minimal", "none"}, "medium", ["clamped.effort"]),
        ("high", {"max", "xhigh", "high", "medium", "low", "minimal"}, None, ["dropped.effort"]),
        ("ultra", set(), "ultra", []),
        ("ultra", {"ultra"}, None, ["dropped.effort"]),
    ],
)
@pytest.mark.parametrize("preset", ["plain", "vllm", "deepseek"])
def test_refused_effort_gives_way_to_the_next(preset, asked, refused, sent, notices):
    built = build(preset, {"output_config": {"effort": asked}}, Adaptations(efforts=frozenset(refused)))
    assert told(built).get("reasoning_effort") == sent
    assert names(built) == notices


@pytest.mark.parametrize(
    ("refused", "sent"), [((), "none"), (("none",), "minimal"), (("none", "minimal"), "low")]
)
def test_off_is_the_least_effort_that_is_taken(refused: tuple, sent: str):
    assert told(build("openai", OFF, Adaptations(efforts=frozenset(refused))))["reasoning_effort"] == sent


def test_model_that_is_known_to_reason_is_told_not_to():
    assert told(build("plain", OFF, reasoning=True)) == {"reasoning_effort": "none"}


@pytest.mark.parametrize("preset", ["openai", "vllm"])
def test_model_that_does_not_reason_is_not_asked(preset: str):
    for built in (build(preset, HIGH, reasoning=False), build(preset, HIGH, Adaptations(think=False))):
        assert told(built) == {}
        assert names(built) == ["dropped.thinking"]


def test_server_that_cannot_be_told_leaves_a_notice():
    built = build("plain", HIGH, quirks=evolve(PRESETS["plain"], reasoning_in="none"))
    assert (told(built), names(built)) == ({}, ["dropped.thinking"])
