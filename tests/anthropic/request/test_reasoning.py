"""Thinking and effort become one wish, by the table of gateway/anthropic/request/reasoning.py."""

import json

import pytest

from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.request.reasoning import Reasoning, reasoning


def wished(thinking: object = None, effort: str | None = None, *messages: dict) -> Reasoning:
    body: dict = {"model": "m", "messages": [{"role": "user", "content": "x"}, *messages]}
    if thinking:
        body["thinking"] = thinking
    if effort:
        body["output_config"] = {"effort": effort}
    return reasoning(decode_request(json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("thinking", "effort", "wish"),
    [
        (None, None, Reasoning()),
        (None, "low", Reasoning(on=True, effort="low")),
        ({"type": "disabled"}, "high", Reasoning(on=False)),
        ({"type": "between_tools"}, None, Reasoning(on=False)),
        ({"type": "adaptive"}, None, Reasoning(on=True)),
        ({"type": "adaptive"}, "max", Reasoning(on=True, effort="max")),
        ({"type": "enabled", "budget_tokens": 4095}, None, Reasoning(True, "low", 4095)),
        ({"type": "enabled", "budget_tokens": 4096}, None, Reasoning(True, "medium", 4096)),
        ({"type": "enabled", "budget_tokens": 31999}, None, Reasoning(True, "high", 31999)),
        ({"type": "enabled", "budget_tokens": 32768}, None, Reasoning(True, "xhigh", 32768)),
        ({"type": "enabled", "budget_tokens": 32768}, "low", Reasoning(on=True, effort="low")),
        ({"type": "of_next_year"}, None, Reasoning(on=True)),
    ],
)
def test_wish(thinking: object, effort: str | None, wish: Reasoning):
    assert wished(thinking, effort) == wish


def test_latest_system_message_that_names_an_effort_wins():
    low = {"role": "system", "content": [], "output_config": {"effort": "low"}}
    mute = {"role": "system", "content": "x"}
    assert wished({"type": "adaptive"}, "high", low, mute).effort == "low"
