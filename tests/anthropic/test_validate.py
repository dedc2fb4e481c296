"""What `validation: strict` refuses, in the API's words, and what it lets pass."""

import json

import pytest

from gateway.anthropic.decoding import decode_request
from gateway.anthropic.validate import validate
from gateway.errors import RequestRefused

HI = {"role": "user", "content": "hi"}
CALL = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "A", "input": {}}]}


def answer(*ids: str) -> dict:
    return {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": one, "content": "ok"} for one in ids],
    }


def checked(messages: list[dict] | None = None, **fields: object) -> None:
    body = {"model": "m", "max_tokens": 4096, "messages": messages or [HI], **fields}
    validate(decode_request(json.dumps({k: v for k, v in body.items() if v is not None}).encode()))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"max_tokens": None}, "max_tokens: field required"),
        ({"temperature": 1.5}, "temperature: range"),
        ({"top_p": -0.1}, "top_p: range"),
        ({"stop_sequences": ["a", " \n"]}, "stop_sequences"),
        ({"thinking": {"type": "loud"}}, "thinking.type"),
        ({"thinking": {"type": "enabled"}}, "budget_tokens: field required"),
        ({"thinking": {"type": "enabled", "budget_tokens": 100}}, "at least 1024"),
        ({"thinking": {"type": "enabled", "budget_tokens": 4096}}, "must be greater"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}, "temperature": 0.2}, "set to 1"),
        ({"tools": [{"name": "A", "input_schema": {}}] * 2}, "must be unique"),
        ({"tool_choice": {"type": "maybe"}}, "tool_choice.type"),
        ({"inference_geo": "eu"}, "inference_geo"),
        ({"messages": [{"role": "robot", "content": "hi"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": []}]}, "non-empty content"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]}, "messages.0.content.0"),
        ({"messages": [{"role": "user", "content": [{"type": "hologram"}]}]}, "unexpected block type"),
        ({"messages": [{"role": "user", "content": CALL["content"]}]}, "only be in assistant"),
        ({"messages": [HI, {"role": "assistant", "content": answer("t1")["content"]}]}, "only be in user"),
        ({"messages": [HI, CALL, HI]}, "without `tool_result` blocks immediately after: t1"),
        ({"messages": [HI, CALL]}, "without `tool_result` blocks"),
        ({"messages": [HI, CALL, answer("t1", "t2")]}, "unexpected `tool_use_id`"),
        ({"messages": [answer("t1")]}, "unexpected `tool_use_id`"),
    ],
)
def test_what_the_api_refuses_is_refused(fields, said):
    with pytest.raises(RequestRefused) as refused:
        checked(**fields)
    assert said in refused.value.message


@pytest.mark.parametrize(
    "messages",
    [
        [HI, {"role": "system", "content": "note"}, CALL, answer("t1")],
        [HI, CALL, {"role": "system", "content": [], "output_config": {"effort": "low"}}, answer("t1")],
        [HI, CALL, answer("t1"), {"role": "user", "content": "and then?"}],
        [
            HI,
            {"role": "assistant", "content": [{"type": "text", "text": ""}, *CALL["content"]]},
            answer("t1"),
        ],
        [HI, {"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": ""}]}, HI],
        [HI, {"role": "assistant", "content": "The answer is"}],
        [HI, {"role": "user", "content": [{"type": "search_result", "source": "s"}]}],
    ],
)
def test_what_the_clients_form_passes(messages):
    checked(messages)


@pytest.mark.parametrize(
    "fields",
    [
        {"thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "high"}},
        {"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}},
        {"tools": [{"name": "A", "input_schema": {}, "defer_loading": True}], "unknown_field": 1},
        {"temperature": 1.0, "thinking": {"type": "enabled", "budget_tokens": 1024}},
    ],
)
def test_newer_fields_pass(fields):
    checked(**fields)


def test_counting_needs_no_max_tokens():
    validate(decode_request(json.dumps({"model": "m", "messages": [HI]}).encode()), counting=True)
