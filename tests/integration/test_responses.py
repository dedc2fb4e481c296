"""A whole conversation through a real gateway and OpenAI's Responses, as the SDK sees it."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import pytest

from gateway.testing.upstream import Call, Raw, Reply, Usage, refusal

TOOL: Any = {"name": "look", "input_schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}
ASKED: Any = {"model": "claude-x", "max_tokens": 1000, "thinking": {"type": "adaptive", "display": "omitted"}}
HELLO: Any = [{"role": "user", "content": "hello"}]


@pytest.fixture
def client(start_gateway, settings):
    gateway = start_gateway(settings("responses"))
    with anthropic.Anthropic(base_url=gateway.url, api_key="k", max_retries=0) as client:
        yield client


def answered(client: anthropic.Anthropic, *, stream: bool, **asked: Any) -> Any:
    if not stream:
        return client.messages.create(**asked)
    with client.messages.stream(**asked) as events:
        return events.get_final_message()


@pytest.mark.parametrize("stream", [True, False])
def test_reasoning_goes_back_as_the_item_it_was(client, upstream, stream: bool):
    calling = Reply(encrypted="ENC", calls=(Call("look", {"n": 1}, id="call_1"),))
    upstream.script(calling, Reply(text="done", usage=Usage(prompt=30, completion=4, cached=20)))
    first = answered(client, stream=stream, **ASKED, tools=[TOOL], messages=HELLO)
    assert [block.type for block in first.content] == ["thinking", "tool_use"]
    assert first.stop_reason == "tool_use"
    told = {"type": "tool_result", "tool_use_id": first.content[1].id, "content": "seen"}
    messages = [
        *HELLO,
        {"role": "assistant", "content": [block.to_dict() for block in first.content]},
        {"role": "user", "content": [told]},
    ]
    second = answered(client, stream=stream, **ASKED, tools=[TOOL], messages=messages)
    assert second.content[0].text == "done"
    assert (second.usage.input_tokens, second.usage.cache_read_input_tokens) == (10, 20)
    before, after = [chat.body["input"] for chat in upstream.chats()]
    assert after[: len(before)] == before
    assert after[len(before) :] == [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "ENC"},
        {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": '{"n":1}'},
        {"type": "function_call_output", "call_id": "call_1", "output": "seen"},
    ]
    assert upstream.chats()[0].body["store"] is False


LINK = "https://litestar.example/docs"
SEARCHED: Any = [
    {
        "type": "web_search_call",
        "id": "ws_1",
        "status": "completed",
        "action": {"type": "search", "query": "litestar", "sources": [{"type": "url", "url": LINK}]},
    },
    {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "It is a framework."}]},
]


def searched(*, stream: bool) -> Raw:
    response = {"status": "completed", "output": SEARCHED, "usage": {"input_tokens": 9, "output_tokens": 3}}
    if not stream:
        return Raw(chunks=(json.dumps(response),))
    events = [
        {"type": f"response.output_item.{step}", "output_index": i, "item": item}
        for i, item in enumerate(SEARCHED)
        for step in ("added", "done")
    ]
    events.append({"type": "response.completed", "response": response})
    chunks = tuple(f"data: {json.dumps(event)}\n\n" for event in events)
    return Raw(headers={"content-type": "text/event-stream"}, chunks=chunks)


@pytest.mark.parametrize("stream", [True, False])
def test_the_web_is_searched_by_the_server(client, upstream, stream: bool):
    domains = ["litestar.example"]
    search: Any = {"type": "web_search_20250305", "name": "web_search", "allowed_domains": domains}
    upstream.script(searched(stream=stream), Reply(text="yes"))
    asked: Any = {"model": "m", "max_tokens": 100, "tools": [search]}
    first = answered(client, stream=stream, **asked, messages=HELLO)
    use, result, text = first.content
    assert (use.type, use.name, use.input) == ("server_tool_use", "web_search", {"query": "litestar"})
    assert (result.type, result.tool_use_id) == ("web_search_tool_result", use.id)
    assert [hit.url for hit in result.content] == [LINK]
    assert (text.text, first.stop_reason) == ("It is a framework.", "end_turn")
    assert first.usage.server_tool_use.web_search_requests == 1
    said = {"role": "assistant", "content": [block.to_dict() for block in first.content]}
    answered(client, stream=stream, **asked, messages=[*HELLO, said, {"role": "user", "content": "sure?"}])
    before, after = [chat.body for chat in upstream.chats()]
    assert (
        before["tools"] == after["tools"] == [{"type": "web_search", "filters": {"allowed_domains": domains}}]
    )
    known = len(before["input"])
    assert after["input"][:known] == before["input"]
    call, output, message, _ = after["input"][known:]
    assert (call["type"], call["name"]) == ("function_call", "web_search")
    assert json.loads(call["arguments"]) == {"query": "litestar"}
    assert output["call_id"] == call["call_id"]
    assert LINK in output["output"]
    assert message["content"][0]["text"] == "It is a framework."


@pytest.mark.parametrize("stream", [True, False])
def test_stop_sequences_are_matched_here(client, upstream, stream: bool):
    upstream.script(Reply(text="one two END three", pieces=9))
    message = answered(
        client, stream=stream, model="m", max_tokens=100, messages=HELLO, stop_sequences=["END"]
    )
    assert (message.content[0].text, message.stop_reason) == ("one two ", "stop_sequence")
    assert message.stop_sequence == "END"
    (chat,) = upstream.chats()
    assert "stop" not in chat.body
    assert chat.body["stream"] is True


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_in_a_form_comes_without_its_fence(client, upstream, stream: bool):
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    form: Any = {"format": {"type": "json_schema", "schema": {**schema, "additionalProperties": False}}}
    upstream.script(Reply(text='```json\n{"n":1}\n```', pieces=6))
    message = answered(client, stream=stream, **ASKED, messages=HELLO, output_config=form)
    assert [block.text for block in message.content] == ['{"n":1}']
    (chat,) = upstream.chats()
    asked = {"type": "json_schema", "name": "response", "strict": True, **form["format"]}
    assert chat.body["text"] == {"format": asked}


def test_reasoning_that_the_server_cannot_read_is_left_out(client, upstream):
    lost = refusal(400, "The encrypted content gAAA could not be verified.", code="invalid_encrypted_content")
    upstream.script(Reply(text="hi", encrypted="ENC"), lost, Reply(text="again"))
    first = client.messages.create(**ASKED, messages=HELLO)
    said = {"role": "assistant", "content": [block.to_dict() for block in first.content]}
    second = client.messages.with_raw_response.create(
        **ASKED, messages=[*HELLO, said, {"role": "user", "content": "and?"}]
    )
    assert second.parse().content[0].text == "again"
    assert "dropped.thinking" in second.headers["x-gateway-warnings"]
    kinds = [[item.get("type", item.get("role")) for item in chat.body["input"]] for chat in upstream.chats()]
    assert kinds == [["user"], ["user", "reasoning", "assistant", "user"], ["user", "assistant", "user"]]


def test_model_that_does_not_reason_is_asked_without(start_gateway, settings, upstream):
    # A gateway of its own: what it learns of the model holds for all later requests.
    gateway = start_gateway(settings("responses", provider={"preset": "responses"}))
    client = anthropic.Anthropic(base_url=gateway.url, api_key="k", max_retries=0)
    body = "Unsupported parameter: 'reasoning.summary' is not supported with this model."
    upstream.script(refusal(400, body, code="unsupported_parameter"), Reply(text="hi"))
    shown = {**ASKED, "model": "claude-plain", "thinking": {"type": "adaptive"}}
    assert client.messages.create(**shown, messages=HELLO).content[0].text == "hi"
    first, second = upstream.chats()
    assert first.body["include"] == ["reasoning.encrypted_content"]
    assert not {"include", "reasoning"} & second.body.keys()


def test_failure_inside_a_stream_is_an_error(client, upstream):
    upstream.script(Reply(text="some text", ending="error"))
    with pytest.raises(anthropic.APIStatusError, match="the model runner has crashed"):
        answered(client, stream=True, **ASKED, messages=HELLO)


def test_counting_knows_what_is_sent(client):
    counted = client.messages.count_tokens(model="m", messages=HELLO, tools=[TOOL])
    more = client.messages.count_tokens(
        model="m", messages=[{"role": "user", "content": json.dumps(TOOL) * 5}], tools=[TOOL]
    )
    assert 0 < counted.input_tokens < more.input_tokens
