"""Tools and forms of answers through a real gateway, as the SDK sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx
import pytest
from anthropic import Anthropic

from gateway.testing.upstream import Call, Reply, Usage, refusal

Asking = Callable[..., Anthropic]
LONG = "mcp__very_long_server_name_for_tests__an_even_longer_tool_name_that_exceeds"
SEARCH: Any = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
TOOL: Any = {"name": "look", "input_schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}
FORM: Any = {
    "type": "json_schema",
    "schema": {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    },
}


@pytest.fixture
def asking(start_gateway, settings) -> Iterator[Asking]:
    """`asking("openai", preset="vllm")`: the SDK before a gateway of that kind."""
    clients: list[Anthropic] = []

    def build(kind: str = "openai", **provider: object) -> Anthropic:
        gateway = start_gateway(settings(kind, provider=provider))
        clients.append(Anthropic(base_url=gateway.url, api_key="k", max_retries=0))
        return clients[-1]

    yield build
    for client in clients:
        client.close()


def hello(text: str = "hello") -> Any:
    return {"model": "claude-x", "max_tokens": 1000, "messages": [{"role": "user", "content": text}]}


def answered(client: Anthropic, asked: Any, *, stream: bool) -> Any:
    if not stream:
        return client.messages.create(**asked)
    with client.messages.stream(**asked) as events:
        return events.get_final_message()


@pytest.mark.parametrize("stream", [True, False])
def test_forced_search_is_answered_without_asking_the_upstream(asking: Asking, upstream, stream: bool):
    asked = hello("Perform a web search for the query: litestar")
    asked |= {"tools": [SEARCH], "tool_choice": {"type": "tool", "name": "web_search"}}
    client = asking()
    message = answered(client, asked, stream=stream)
    call, result, text = message.content
    assert (call.type, call.name, call.input) == ("server_tool_use", "web_search", {"query": "litestar"})
    assert (result.type, result.tool_use_id) == ("web_search_tool_result", call.id)
    assert result.content.error_code == "unavailable"
    assert text.text == "Web search is not available on this gateway."
    assert message.stop_reason == "end_turn"
    assert message.usage.server_tool_use.web_search_requests == 0
    assert message.usage.input_tokens > 0
    assert not upstream.chats()


def test_search_beside_other_tools_is_left_out(asking: Asking, upstream):
    upstream.script(Reply(text="ok"))
    answer = asking().messages.with_raw_response.create(**hello(), tools=[SEARCH, TOOL])
    assert answer.headers["x-gateway-warnings"] == "dropped.tool"
    (chat,) = upstream.chats()
    assert chat.tools == ["look"]


@pytest.mark.parametrize("stream", [True, False])
def test_strict_tool_with_a_long_name_comes_back_as_the_client_knows_it(asking, upstream, stream: bool):
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "n": {"type": "integer"}}}
    tool: Any = {"name": LONG, "strict": True, "input_schema": {**schema, "required": ["a"]}}
    choice: Any = {"type": "tool", "name": LONG, "disable_parallel_tool_use": True}
    client = asking(preset="openai")
    short = "mcp__very_long_server_name_for_tests__an_even_longer_to_8079513b"
    calls = (Call(short, {"a": "x", "n": None}, id="call_9"), Call(short, {"a": "y", "n": 1}, id="call_10"))
    upstream.script(Reply(calls=calls, finish="stop", usage=Usage(prompt=100, completion=9, cached=64)))
    asked = {**hello(), "tools": [tool], "tool_choice": choice}
    message = answered(client, asked, stream=stream)
    (use,) = message.content
    assert (use.id, use.name, use.input) == ("call_9", LONG, {"a": "x"})
    assert message.stop_reason == "tool_use"
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens) == (36, 64)
    (chat,) = upstream.chats()
    (sent,) = chat.body["tools"]
    assert sent["function"] == {
        "name": short,
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "string"}, "n": {"type": ["integer", "null"]}},
            "required": ["a", "n"],
            "additionalProperties": False,
        },
    }
    assert chat.body["tool_choice"] == {"type": "function", "function": {"name": short}}
    assert chat.body["parallel_tool_calls"] is False


@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_member_of_a_toolset_makes_its_round_trip(asking: Asking, upstream, kind: str):
    upstream.script(
        Reply(calls=(Call("computer__left_click", {"coordinate": [10, 20]}),)), Reply(text="done")
    )
    client = asking(kind)
    tools: Any = [{"type": "computer_toolset_20260801", "configs": {"zoom": {"enabled": False}}}]
    message = client.messages.create(**hello(), tools=tools)
    (use,) = message.content
    assert (use.name, use.toolset_name, use.input) == ("left_click", "computer", {"coordinate": [10, 20]})
    assert use.caller.type == "direct"
    image: Any = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    result: Any = {"type": "tool_result", "tool_use_id": use.id, "toolset_name": "computer"}
    result["content"] = [{"type": "image", "source": image}]
    asked = hello()
    asked["messages"] += [
        {"role": "assistant", "content": [use.model_dump(exclude_none=True)]},
        {"role": "user", "content": [result]},
    ]
    client.messages.create(**asked, tools=tools)
    first, second = upstream.chats()
    assert len(first.tools) == 16
    assert "computer__zoom" not in first.tools
    assert [name for _, name, _ in second.calls] == ["computer__left_click"]
    assert "AAAA" in str(second.body["messages"])


def test_computer_without_vision_is_refused(start_gateway, settings):
    config = settings(models={"*": {"provider": "up", "model": "blind", "vision": False}})
    client = Anthropic(base_url=start_gateway(config).url, api_key="k", max_retries=0)
    with pytest.raises(anthropic.BadRequestError, match=r"tools\.0: .* needs a model with vision"):
        client.messages.create(**hello(), tools=[{"type": "computer_toolset_20260801"}])  # type: ignore[list-item]
    client.close()


@pytest.mark.parametrize("more", [{}, {"tools": [SEARCH]}, {"max_tokens": 0}])
def test_mcp_servers_are_refused_by_the_providers_name(asking: Asking, upstream, more: dict):
    """Also where the answer would not come from the upstream."""
    servers = [{"type": "url", "url": "https://mcp.example", "name": "s"}]
    asked = {**hello(), **more, "mcp_servers": servers}
    with pytest.raises(anthropic.BadRequestError, match="mcp_servers: provider up cannot call MCP servers"):
        asking().beta.messages.create(**asked)
    assert not upstream.chats()


def test_declared_tool_that_nobody_runs_may_be_removed(asking: Asking, upstream):
    """The removal stays in the history: a refusal would end the conversation."""
    upstream.script(Reply(text="ok"))
    removal: Any = {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "web_search"}}
    asked = hello()
    asked["messages"].append({"role": "system", "content": [removal]})
    assert asking().beta.messages.create(**asked, tools=[SEARCH, TOOL]).content[0].text == "ok"
    (chat,) = upstream.chats()
    assert chat.tools == ["look"]


def test_forced_code_execution_is_refused(asking: Asking, upstream):
    tools: Any = [{"type": "code_execution_20250825", "name": "code_execution"}, TOOL]
    choice: Any = {"type": "tool", "name": "code_execution"}
    with pytest.raises(anthropic.BadRequestError, match="unsupported tool type 'code_execution_20250825'"):
        asking().messages.create(**hello(), tools=tools, tool_choice=choice)
    assert not upstream.chats()


@pytest.mark.parametrize(
    ("kind", "preset"),
    [("openai", "openai"), ("openai", "vllm"), ("ollama", "ollama"), ("responses", "responses")],
)
@pytest.mark.parametrize("stream", [True, False])
def test_answer_in_a_form_is_nothing_but_json(asking: Asking, upstream, kind: str, preset: str, stream: bool):
    upstream.script(Reply(text='```json\n{"n":1}\n```', pieces=5))
    client = asking(kind, preset=preset)
    asked = {**hello(), "output_config": {"format": FORM}}
    message = answered(client, asked, stream=stream)
    assert [block.text for block in message.content] == ['{"n":1}']
    (chat,) = upstream.chats()
    wanted = {"name": "response", "strict": True, "schema": FORM["schema"]}
    if kind == "ollama":
        assert chat.body["format"] == FORM["schema"]
    elif kind == "responses":
        assert chat.body["text"] == {"format": {"type": "json_schema", **wanted}}
    else:
        assert chat.body["response_format"] == {"type": "json_schema", "json_schema": wanted}


@pytest.mark.parametrize("stream", [True, False])
def test_answer_that_does_not_match_is_asked_for_once_more(asking: Asking, upstream, stream: bool):
    upstream.script(
        Reply(text="I think it is one.", usage=Usage(prompt=10, completion=5)),
        Reply(text='{"n":1}', usage=Usage(prompt=30, completion=4)),
    )
    client = asking("ollama")
    asked = {**hello(), "output_config": {"format": FORM}, "tools": [TOOL]}
    message = answered(client, asked, stream=stream)
    assert [block.text for block in message.content] == ['{"n":1}']
    assert (message.usage.input_tokens, message.usage.output_tokens) == (40, 9)
    first, second = upstream.chats()
    assert "matches this schema" in first.texts("system")[0]
    assert "format" not in first.body
    assert second.texts("assistant") == ["I think it is one."]
    assert "it is not JSON" in second.texts("user")[-1]


def test_two_forms_are_refused(asking: Asking, upstream):
    with pytest.raises(anthropic.BadRequestError, match="cannot be combined"):
        asking().messages.create(
            **hello(), extra_body={"output_config": {"format": FORM}, "output_format": FORM}
        )
    assert not upstream.chats()


def test_schemas_of_which_no_grammar_can_be_made_go_without_constraints(asking: Asking, upstream):
    upstream.script(refusal(400, "failed to parse grammar"), Reply(text="ok"), Reply(text="ok"))
    schema = {"type": "object", "properties": {"s": {"type": "string", "pattern": "^a+$"}}}
    tool: Any = {"name": "look", "input_schema": schema}
    client = asking(preset="llamacpp")
    for _ in range(2):
        assert client.messages.create(**hello(), tools=[tool]).content[0].text == "ok"
    first, *others = [chat.body["tools"][0]["function"]["parameters"] for chat in upstream.chats()]
    assert first["properties"]["s"] == {"type": "string", "pattern": "^a+$"}
    assert [other["properties"]["s"] for other in others] == [
        {"type": "string", "description": "{pattern: ^a+$}"}
    ] * 2


@pytest.mark.parametrize("stream", [True, False])
def test_broken_arguments_are_repaired_where_that_is_on(asking: Asking, upstream, stream: bool):
    upstream.script(Reply(calls=(Call("look", '{"n": "5",}', pieces=4),)))
    client = asking(quirks={"repair_tool_args": True})
    message = answered(client, {**hello(), "tools": [TOOL]}, stream=stream)
    (use,) = message.content
    assert use.input == {"n": 5}
    assert message.stop_reason == "tool_use"


@pytest.mark.parametrize(("kind", "stream"), [("openai", False), ("ollama", True), ("ollama", False)])
def test_what_was_certainly_meant_is_repaired_without_a_switch(asking, upstream, kind: str, stream: bool):
    upstream.script(Reply(calls=(Call("look", '{"n": 5,}', pieces=4),)))
    message = answered(asking(kind), {**hello(), "tools": [TOOL]}, stream=stream)
    (use,) = message.content
    assert use.input == {"n": 5}


@pytest.mark.parametrize("repair", [True, False])
@pytest.mark.parametrize("text", ['{"n": nope', '{"n": 5', '{"s": "rm -rf /tmp'])
def test_arguments_that_were_cut_off_are_never_made_whole(asking, upstream, text: str, repair: bool):
    upstream.script(Reply(calls=(Call("look", text),)))
    client = asking(quirks={"repair_tool_args": repair})
    with pytest.raises(anthropic.InternalServerError, match="invalid tool JSON"):
        client.messages.create(**hello(), tools=[TOOL])


def test_server_that_refuses_the_word_strict_is_asked_without_it(asking: Asking, upstream):
    said = "Unknown parameter: 'tools[0].function.strict'."
    upstream.script(refusal(400, said), Reply(text="ok"), Reply(text="ok"))
    tool: Any = {"name": "look", "strict": True, "input_schema": FORM["schema"]}
    client = asking()
    for _ in range(2):
        assert client.messages.create(**hello(), tools=[tool]).content[0].text == "ok"
    sent = [chat.body["tools"][0]["function"].get("strict") for chat in upstream.chats()]
    assert sent == [True, None, None]


@pytest.mark.parametrize("level", ["object", "none"])
def test_server_without_schemas_is_told_in_words(asking: Asking, upstream, level: str):
    upstream.script(Reply(text='Sure! {"n": 1}'))
    client = asking(quirks={"json_schema": level})
    message = client.messages.create(**hello(), output_config={"format": FORM})
    assert [block.text for block in message.content] == ['{"n": 1}']
    (chat,) = upstream.chats()
    assert "matches this schema" in chat.texts("system")[0]
    assert chat.body.get("response_format") == ({"type": "json_object"} if level == "object" else None)


FORCED = ({"type": "any"}, {"type": "tool", "name": "look"})


@pytest.mark.parametrize("kind", ["openai", "responses", "ollama", "anthropic"])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("choice", FORCED, ids=["any", "tool"])
def test_forced_choice_that_brought_no_call_is_told(start_gateway, settings, upstream, kind, stream, choice):
    gateway = start_gateway(settings(kind))
    asked = hello() | {"tools": [TOOL], "stream": stream}

    def warned(**more: Any) -> bool:
        with httpx.Client(base_url=gateway.url, trust_env=False) as client:
            answer = client.post("/v1/messages", json=asked | more)
        assert answer.status_code == 200
        told = answer.headers.get("x-gateway-warnings", "") + (answer.text if stream else "")
        return "dropped.tool_choice" in told

    upstream.script(Reply(text="No."), Reply(text="No."), Reply(calls=(Call("look", {"n": 1}),)))
    assert warned(tool_choice=choice)
    assert not warned(tool_choice={"type": "auto"})
    assert not warned(tool_choice=choice)


@pytest.mark.parametrize("preset", ["llamacpp", "vllm"])
def test_named_tool_is_offered_alone_where_its_name_means_nothing(start_gateway, settings, upstream, preset):
    gateway = start_gateway(settings("openai", provider={"preset": preset}))
    asked = hello() | {"tools": [TOOL, {**TOOL, "name": "other"}]}
    upstream.script(default=Reply(calls=(Call("look", {"n": 1}),)))
    choices = (*FORCED, {"type": "auto"})
    with httpx.Client(base_url=gateway.url, trust_env=False) as client:
        answers = [client.post("/v1/messages", json=asked | {"tool_choice": choice}) for choice in choices]
    sent = [chat.body for chat in upstream.chats()]
    told = [body.get("tool_choice") for body in sent]
    tools = [[tool["function"]["name"] for tool in body["tools"]] for body in sent]
    both = ["look", "other"]
    if preset == "llamacpp":
        assert told == ["required", "required", None]
        assert tools == [both, ["look"], both]
    else:
        assert told == ["required", {"type": "function", "function": {"name": "look"}}, None]
        assert tools == [both, both, both]
    emulated = [
        "emulated.tool_choice_tool" in answer.headers.get("x-gateway-warnings", "") for answer in answers
    ]
    assert emulated == [False, preset == "llamacpp", False]
