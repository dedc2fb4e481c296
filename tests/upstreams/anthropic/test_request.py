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


def sent(*messages: dict) -> tuple[list[dict], tuple[Notice, ...]]:
    request = built(json.dumps({"model": "m", "messages": messages}).encode())
    return json.loads(request.body)["messages"], request.notices


def test_all_but_the_model_is_unchanged():
    body = (
        '{"model":"ours","max_tokens":9,"messages":[{"role":"user", "content":"é"}],"new":{"a" : 1.0},'
        '"system":[{"type":"text","text":"x-anthropic-billing-header: \\u00e9"}]}'
    )
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
    ours = {"type": "thinking", "thinking": "a", "signature": sign({"p": "vllm"})}
    theirs = {"type": "thinking", "thinking": "b", "signature": "EqQBCkYIAR"}
    said = {"type": "text", "text": "ok"}
    kept, notices = sent(
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [ours, theirs, said]},
        {"role": "user", "content": "go on"},
        {"role": "assistant", "content": [ours]},
        {"role": "user", "content": "again"},
    )
    assert [one["content"] for one in kept] == ["hi", [theirs, said], "go on", "again"]
    assert notices == (Notice("dropped.thinking", "signed for another provider"),)


def searched(id_: str, sealed: str) -> list[dict]:
    hit = {"type": "web_search_result", "url": "https://a.example", "title": "A", "page_age": None}
    return [
        {"type": "server_tool_use", "id": id_, "name": "web_search", "input": {"query": "a"}},
        {
            "type": "web_search_tool_result",
            "tool_use_id": id_,
            "content": [{**hit, "encrypted_content": sealed}],
        },
    ]


def test_what_another_provider_found_on_the_web_becomes_text():
    theirs, said = searched("srvtoolu_1", "EqQBCkYIAR"), {"type": "text", "text": "ok"}
    content = [*searched("srvtoolu_ws_1", "gw1:"), said, *theirs]
    lonely = searched("srvtoolu_ws_2", "gw1:")[1]
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": content},
        {"role": "user", "content": "go on"},
        {"role": "assistant", "content": [lonely]},
        {"role": "user", "content": "again"},
    ]
    _, first, _, second, _ = sent(*messages)[0]
    found = {"type": "text", "text": "Found on the web:\n1. A — https://a.example"}
    assert first["content"] == [found, said, *theirs]
    assert second["content"] == [found]


def test_empty_text_of_the_assistant_is_taken_out_and_the_rest_stays_as_it_came():
    body = (
        '{"model":"theirs","messages":[{"role":"user","content":[{"type":"text","text":""}]},'
        '{"role":"assistant","content":[{"type":"text","text":""},{"n" : 1.0,"type":"text","text":"a"}]},'
        '{"role":"user","content" : "b"},{"role":"assistant","content":[{"type":"text","text":""}]},'
        '{"role":"assistant","content":""},{"role":"user","content":"c"}]}'
    )
    kept = (
        '{"model":"theirs","messages":[{"role":"user","content":[{"type":"text","text":""}]},'
        '{"role":"assistant","content":[{"n" : 1.0,"type":"text","text":"a"}]},'
        '{"role":"user","content" : "b"},{"role":"user","content":"c"}]}'
    )
    done = built(body.encode())
    assert done.body.decode() == kept
    assert done.notices == ()


def compaction(**more: object) -> dict:
    return {"type": "compaction", "content": "S", "signature": sign({"p": "vllm"}), **more}


@pytest.mark.parametrize("role", ["user", "assistant"])
def test_a_summary_signed_here_becomes_text_in_the_place_of_what_it_stands_for(role: str):
    said = {"type": "text", "text": "on"}
    messages = [
        {"role": "user", "content": "old"},
        {"role": role, "content": [compaction(encrypted_content=None, tool_changes=[]), said]},
        {"role": "user", "content": "new"},
    ]
    kept, _ = sent(*messages)
    summary = "<conversation-summary>\nS\n</conversation-summary>"
    assert [(one["role"], one["content"]) for one in kept] == [
        ("user", summary),
        (role, [said]),
        ("user", "new"),
    ]


def test_tool_changes_of_a_summary_become_a_message_and_a_failed_one_stands_for_nothing():
    change = {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "T"}}
    messages = [
        {"role": "user", "content": [compaction(tool_changes=[change])]},
        {"role": "assistant", "content": [compaction(content=None)]},
        {"role": "user", "content": "new"},
    ]
    kept, _ = sent(*messages)
    assert [one["role"] for one in kept] == ["user", "system", "user"]
    assert kept[1]["content"] == [change]


def test_what_anthropic_signed_stays():
    messages = [
        {"role": "assistant", "content": [compaction(signature="EqQB"), {"type": "new", "signature": 1}]},
        {"role": "user", "content": [{"type": "text", "text": "what is gw1: for?", "data": {}}]},
    ]
    assert sent(*messages) == (messages, ())


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
        ({}, True, {"anthropic-version": "2023-06-01"}),
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
