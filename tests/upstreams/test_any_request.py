"""Whatever blocks stand in whatever turns: a request is refused in words, or a server can take it."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.signatures import sign
from gateway.errors import RequestRefused
from gateway.inbound import Inbound
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama.request import prompt_of as ollama_prompt
from gateway.upstreams.ollama.request import to_native_request as to_ollama
from gateway.upstreams.openai.request import prompt_of as openai_prompt
from gateway.upstreams.openai.request import to_chat_request as to_openai
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.responses.request import prompt_of as responses_prompt
from gateway.upstreams.responses.request import to_responses_request as to_responses

OF_RESPONSES = sign({"p": "responses", "id": "rs_1", "enc": "ENC"})
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
ids = st.sampled_from(["", "1", "2", "toolu_gw1_MQ", "x" * 50])
texts = st.sampled_from(["", " ", "a", "b\n", "x-anthropic-billing-header: v;"])
simple = st.one_of(
    st.builds(lambda t: {"type": "text", "text": t}, texts),
    st.sampled_from(
        [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            {"type": "image", "source": {"type": "url", "url": "https://a.example/b.png"}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
            {"type": "document", "source": PDF},
            {"type": "tool_reference", "tool_name": "late"},
            {"type": "thinking", "thinking": "hm", "signature": "gw1:eyJwIjoib2xsYW1hIn0"},
            {"type": "thinking", "thinking": "", "signature": OF_RESPONSES},
            {"type": "redacted_thinking", "data": "x"},
            {"type": "search_result", "source": "u", "title": "t", "content": []},
            {"type": "hologram"},
            {"type": "hologram", "text": "c"},
            {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "T"}},
            {"type": "document", "source": {"type": "url", "url": "https://a.example/c.pdf"}, "title": "t"},
            {"type": "document", "source": {"type": "content", "content": "words"}, "context": "c"},
            {"type": "image", "source": {"type": "file", "file_id": "f"}},
            {"type": "container_upload", "file_id": "f"},
            {"type": "browser_state", "tabs": []},
            {"type": "compaction", "content": None},
            {"type": "fallback"},
        ]
    ),
)
uses = st.sampled_from(["server_tool_use", "mcp_tool_use"])
served = "web_search web_fetch code_execution text_editor_code_execution advisor tool_search mcp"
outcomes = st.sampled_from([f"{name}_tool_result" for name in served.split()])
contents = st.sampled_from([[], "x", {}, {"text": "t"}, {"error_code": "unavailable"}, 3, [{"url": "u"}]])
blocks = st.one_of(
    simple,
    st.builds(
        lambda i, v: {"type": "tool_use", "id": i, "name": "T", "input": v},
        ids,
        st.sampled_from([{}, [1], "x"]),
    ),
    st.builds(lambda i, t: {"type": t, "id": i, "name": "web_search", "server_name": "s"}, ids, uses),
    st.builds(lambda i, t, c: {"type": t, "tool_use_id": i, "content": c}, ids, outcomes, contents),
    st.just({"type": "compaction", "content": "S"}),
    st.builds(
        lambda i, c, e: {"type": "tool_result", "tool_use_id": i, "content": c, "is_error": e},
        ids,
        texts | st.lists(simple, max_size=2),
        st.booleans(),
    ),
)
messages = st.builds(
    lambda role, content, clear: {"role": role, "content": content, **clear},
    st.sampled_from(["user", "user", "assistant", "assistant", "system", "narrator"]),
    texts | st.lists(blocks, max_size=4),
    st.sampled_from([{}, {}, {"clear_at": "next_user_message"}]),
)
TOOLS = [{"name": "T", "input_schema": {}}, {"name": "late", "defer_loading": True, "input_schema": {}}]


@pytest.mark.parametrize(
    ("build", "prompt_of", "preset"),
    [
        (to_openai, openai_prompt, "plain"),
        (to_openai, openai_prompt, "openai"),
        (to_openai, openai_prompt, "vllm"),
        (to_ollama, ollama_prompt, "ollama"),
    ],
    ids=["plain", "openai", "vllm", "ollama"],
)
@settings(max_examples=200, deadline=None)
@given(st.lists(messages, min_size=1, max_size=6))
def test_any_request_is_refused_or_well_formed(build, prompt_of, preset: str, messages: list[dict]):
    body = json.dumps({"model": "m", "max_tokens": 9, "tools": TOOLS, "messages": messages}).encode()
    inbound = Inbound("r", body, {}, decode_request(body))
    try:
        built = build(inbound, ModelInfo("p", "m", PRESETS[preset]))
    except RequestRefused:
        return
    sent = json.loads(built.body)
    assert sent["messages"]
    assert prompt_of(built).messages == len(sent["messages"])
    every_call_is_answered_at_once_and_in_order(sent["messages"])
    if PRESETS[preset].mid_system == "fold":
        roles_alternate(sent["messages"])


@settings(max_examples=200, deadline=None)
@given(st.lists(messages, min_size=1, max_size=6))
def test_any_request_to_responses_is_refused_or_well_formed(messages: list[dict]):
    body = json.dumps({"model": "m", "max_tokens": 99, "tools": TOOLS, "messages": messages}).encode()
    inbound = Inbound("r", body, {}, decode_request(body))
    try:
        built = to_responses(inbound, ModelInfo("p", "m", PRESETS["responses"]))
    except RequestRefused:
        return
    sent = json.loads(built.body)
    assert sent["input"]
    assert responses_prompt(built).messages == len(sent["input"])
    every_call_is_answered_at_once_and_in_order(as_chat(sent["input"]))
    assert all(item["content"] for item in sent["input"] if "role" in item)
    assert all(follows_reasoning(item) for one, item in pairwise(sent["input"]) if is_reasoning(one))
    assert not is_reasoning(sent["input"][-1])


def as_chat(items: list[dict]) -> list[dict]:
    """What the items would be in Chat Completions, where the calls of a turn stand in one message."""
    chat: list[dict] = []
    for item in items:
        match item.get("type"):
            case "function_call":
                if not (chat and chat[-1].get("tool_calls")):
                    chat.append({"role": "assistant", "tool_calls": []})
                chat[-1]["tool_calls"].append({"id": item["call_id"]})
            case "function_call_output":
                chat.append({"role": "tool", "tool_call_id": item["call_id"]})
            case None:
                chat.append({"role": item["role"]})
    return chat


def is_reasoning(item: dict) -> bool:
    return item.get("type") == "reasoning"


def follows_reasoning(item: dict) -> bool:
    """What a server accepts behind an item of reasoning: more of it, a call, or what the assistant said."""
    return item.get("type") in ("reasoning", "function_call") or item.get("role") == "assistant"


def every_call_is_answered_at_once_and_in_order(messages: list[dict]) -> None:
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            assert message["tool_call_id"] == waiting.pop(0)
            continue
        assert waiting == []
        calls = [call["id"] for call in message.get("tool_calls", [])]
        assert len(set(calls)) == len(calls)
        assert all(calls)
        waiting = calls
    assert waiting == []


def roles_alternate(messages: list[dict]) -> None:
    spoken = [message["role"] for message in messages if message["role"] != "tool"]
    first = spoken[1:] if spoken[0] == "system" else spoken
    assert "system" not in first
    assert all(one == two == "assistant" or one != two for one, two in pairwise(first))
