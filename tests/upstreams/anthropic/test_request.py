"""A request for an upstream that speaks Messages: the client's bytes, the model name mapped."""

import json
from typing import Any

import pytest

from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.signatures import sign
from gateway.inbound import Inbound
from gateway.parts import Notice
from gateway.settings.models import Sampling
from gateway.settings.quirks import PLAIN
from gateway.upstreams.anthropic.request import VERSION, forwarded, prompt_of, to_messages_request
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.token_prompt import CountablePrompt
from gateway.upstreams.upstream_request import ResponseOptions, UpstreamRequest


def built(body: bytes, **info: Any) -> UpstreamRequest:
    inbound = Inbound("r", body, {}, decode_request(body))
    return to_messages_request(inbound, ModelInfo("p", "theirs", PLAIN, **info))


def test_all_but_the_model_is_unchanged():
    body = '{"model":"ours","max_tokens":9,"messages":[{"role":"user", "content":"é"}],"new":{"a": 1.0}}'
    request = built(body.encode())
    assert request.body.decode() == body.replace("ours", "theirs")
    assert request.options == ResponseOptions(max_tokens=9)
    assert (request.notices, request.answer.must_call) == ((), False)


def test_configuration_overrides_the_client():
    body = b'{"model":"m","messages":[{"role":"user","content":"x"}],"temperature":1,"top_p":0.5,"a":{"b":1}}'
    request = built(body, sampling=Sampling(temperature=0.0), extra_body={"a": {"c": 2}, "top_k": 5})
    assert json.loads(request.body) == {
        "model": "theirs",
        "messages": [{"role": "user", "content": "x"}],
        "temperature": 0.0,
        "top_p": 0.5,
        "a": {"b": 1, "c": 2},
        "top_k": 5,
    }


def test_thinking_of_another_provider_is_removed_with_a_notice():
    thinking = {"type": "thinking", "thinking": "hm", "signature": sign({"p": "vllm"})}
    answer = {"role": "assistant", "content": [thinking, {"type": "text", "text": "y"}]}
    user = {"role": "user", "content": "x"}
    request = built(json.dumps({"model": "m", "messages": [user, answer, user]}).encode())
    left = {"role": "assistant", "content": [{"type": "text", "text": "y"}]}
    assert json.loads(request.body)["messages"] == [user, left, user]
    assert request.notices == (Notice("dropped.thinking", "signed for another provider"),)


@pytest.mark.parametrize(
    ("choice", "must_call"),
    [("auto", False), ("none", False), ("any", True), ("tool", True)],
)
def test_demanded_call_is_remembered(choice: str, must_call: bool):
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "x"}],
        "tools": [{"name": "T", "input_schema": {}}],
        "tool_choice": {"type": choice, "name": "T"},
    }
    assert built(json.dumps(body).encode()).answer.must_call is must_call


@pytest.mark.parametrize(
    ("headers", "credentials", "kept"),
    [
        ({}, True, {"anthropic-version": VERSION}),
        ({"anthropic-version": "2099-01-01"}, False, {"anthropic-version": "2099-01-01"}),
        (
            {
                "anthropic-beta": "b",
                "x-claude-code-session-id": "s",
                "x-stainless-os": "Linux",
                "user-agent": "u",
                "x-app": "cli",
                "idempotency-key": "i",
                "cookie": "c",
                "host": "h",
                "x-api-key": "secret",
                "authorization": "secret",
            },
            False,
            {
                "anthropic-beta": "b",
                "x-claude-code-session-id": "s",
                "x-stainless-os": "Linux",
                "user-agent": "u",
                "x-app": "cli",
                "idempotency-key": "i",
                "anthropic-version": VERSION,
            },
        ),
        (
            {"x-api-key": "k", "authorization": "Bearer k"},
            True,
            {"x-api-key": "k", "authorization": "Bearer k", "anthropic-version": VERSION},
        ),
        (
            {"user-agent": "é".encode().decode("latin-1"), "x-app": "é"},
            False,
            {"user-agent": "é", "x-app": "é", "anthropic-version": VERSION},
        ),
    ],
)
def test_headers_that_are_forwarded(headers: dict, credentials: bool, kept: dict):
    assert forwarded(headers, credentials=credentials) == kept


def test_prompt_is_the_whole_request():
    assert prompt_of(UpstreamRequest("é".encode())) == CountablePrompt(("é",))
