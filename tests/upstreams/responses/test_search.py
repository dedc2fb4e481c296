"""Anthropic's web search as Responses' own, both ways."""

import json

import pytest
from attrs import evolve

from gateway.anthropic.request.decoding import decode_request
from gateway.errors import RequestRefused
from gateway.inbound import Inbound
from gateway.parts import Finish, Notice, Part, PassthroughBlock, TextDelta, Usage
from gateway.upstreams.errors.adapt import adapt
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.response.reader import ResponseReader
from gateway.upstreams.responses.reader import ResponsesReader
from gateway.upstreams.responses.request import prompt_of, to_responses_request
from gateway.upstreams.upstream_request import NO_ADAPTATIONS, Adaptations, ResponseOptions, UpstreamRequest

FACTS = ModelInfo("up", "gpt", PRESETS["responses"])
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
TOOL = {"name": "look", "input_schema": {"type": "object", "properties": {}}}
NAMED = {"type": "tool", "name": "web_search"}


def build(
    adaptations: Adaptations = NO_ADAPTATIONS, info: ModelInfo = FACTS, **request: object
) -> UpstreamRequest:
    body = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "x"}], **request}
    sent = json.dumps(body).encode()
    return to_responses_request(Inbound("r", sent, {}, decode_request(sent)), info, adaptations)


def sent(**request: object) -> dict:
    return json.loads(build(**request).body)


def notices(built: UpstreamRequest) -> list[tuple[str, str]]:
    return [(notice.name, notice.detail) for notice in built.notices]


def test_search_is_offered_with_what_it_may_be_told():
    place = {"type": "approximate", "city": "Bern", "country": "CH", "region": None, "planet": "Earth"}
    told = {"allowed_domains": ["a.example"], "user_location": place, "max_uses": 8}
    body = sent(tools=[TOOL, {**SEARCH, **told}])
    search, function = body["tools"]
    assert search == {
        "type": "web_search",
        "filters": {"allowed_domains": ["a.example"]},
        "user_location": {"type": "approximate", "city": "Bern", "country": "CH", "region": None},
    }
    assert function["name"] == "look"
    assert body["include"] == ["web_search_call.action.sources"]
    assert body["max_tool_calls"] == 8
    assert "tool_choice" not in body
    assert notices(build(tools=[TOOL, {**SEARCH, **told}])) == []


def test_what_responses_has_no_word_for_is_said():
    odd = {**SEARCH, "blocked_domains": ["b.example"], "max_uses": "many"}
    built = build(tools=[odd])
    assert json.loads(built.body)["tools"] == [{"type": "web_search"}]
    assert ("dropped.search_option", "blocked_domains") in notices(built)
    assert ("dropped.search_option", "max_uses") in notices(built)


@pytest.mark.parametrize(
    ("choice", "told", "names"),
    [
        ({"type": "auto"}, None, [None, "look"]),
        ({"type": "any"}, "required", [None, "look"]),
        ({"type": "none"}, "none", [None, "look"]),
        (NAMED, "required", [None]),
        ({"type": "tool", "name": "look"}, {"type": "function", "name": "look"}, [None, "look"]),
    ],
)
def test_a_forced_search_is_offered_alone(choice: dict, told: object, names: list):
    body = sent(tools=[TOOL, SEARCH], tool_choice=choice)
    assert body.get("tool_choice") == told
    assert [tool.get("name") for tool in body["tools"]] == names


def test_thinking_asks_for_both():
    body = sent(tools=[SEARCH], thinking={"type": "adaptive"})
    assert body["include"] == ["web_search_call.action.sources", "reasoning.encrypted_content"]


def test_a_tool_of_the_clients_own_with_that_name_is_the_clients():
    built = build(tools=[SEARCH, {**TOOL, "name": "web_search"}])
    (tool,) = json.loads(built.body)["tools"]
    assert tool["type"] == "function"
    assert [name for name, _ in notices(built)] == ["dropped.tool"]


def test_a_search_that_messages_took_away_is_not_offered():
    removal = {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "web_search"}}
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": "y"},
        {"role": "system", "content": [removal]},
        {"role": "user", "content": "z"},
    ]
    assert [tool["type"] for tool in sent(tools=[TOOL, SEARCH], messages=messages)["tools"]] == ["function"]


def test_without_the_switch_it_is_left_out():
    info = evolve(FACTS, quirks=evolve(FACTS.quirks, web_search=False))
    built = build(info=info, tools=[TOOL, SEARCH])
    assert [tool["type"] for tool in json.loads(built.body)["tools"]] == ["function"]
    assert notices(built) == [("dropped.tool", "web_search_20250305")]


REFUSAL = {
    "error": {
        "message": "Invalid value: 'web_search'. Supported values are: 'function'.",
        "type": "invalid_request_error",
        "param": "tools[0].type",
        "code": "invalid_value",
    }
}


def test_a_server_that_refuses_it_is_asked_without_and_never_for_an_answer_from_memory():
    built = build(tools=[TOOL, SEARCH])
    adaptations = adapt(NO_ADAPTATIONS, 400, json.dumps(REFUSAL).encode(), built)
    assert adaptations is not None
    again = build(adaptations, tools=[TOOL, SEARCH])
    assert [tool["type"] for tool in json.loads(again.body)["tools"]] == ["function"]
    assert notices(again) == [("dropped.tool", "web_search_20250305")]
    with pytest.raises(RequestRefused, match="does not search the web"):
        build(adaptations, tools=[SEARCH])
    with pytest.raises(RequestRefused, match="unsupported tool type"):
        build(adaptations, tools=[TOOL, SEARCH], tool_choice=NAMED)
    assert "tools" not in json.loads(build(adaptations).body)


def test_counting_knows_the_tool():
    assert prompt_of(build(tools=[TOOL, SEARCH])).texts


# ---------------------------------------------------------------- answers


def call(action: dict, status: str = "completed") -> dict:
    return {"type": "web_search_call", "id": "ws_1", "status": status, "action": action}


FOUND = call(
    {"type": "search", "query": "litestar", "sources": [{"type": "url", "url": "https://a.example"}]}
)
SAID = {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "Here."}]}


def read(*items: dict, stream: bool) -> list[Part]:
    response = {"status": "completed", "output": items, "usage": {"input_tokens": 9, "output_tokens": 3}}
    reader = ResponseReader(ResponsesReader(FACTS, ResponseOptions()))
    if not stream:
        return reader.whole(json.dumps(response).encode())
    events = [
        event
        for i, item in enumerate(items)
        for event in (
            {"type": "response.output_item.added", "output_index": i, "item": {**item, "action": None}},
            {"type": "response.web_search_call.searching", "output_index": i},
            {"type": "response.output_item.done", "output_index": i, "item": item},
        )
    ]
    events.append({"type": "response.completed", "response": response})
    return reader.whole(b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events))


@pytest.mark.parametrize("stream", [True, False])
def test_a_search_is_a_call_with_what_it_found(stream: bool):
    use, result, text, usage, end = read(FOUND, SAID, stream=stream)
    assert use == PassthroughBlock(
        {
            "type": "server_tool_use",
            "id": "srvtoolu_ws_1",
            "name": "web_search",
            "input": {"query": "litestar"},
        }
    )
    assert isinstance(result, PassthroughBlock)
    assert (result.block["type"], result.block["tool_use_id"]) == ("web_search_tool_result", "srvtoolu_ws_1")
    (hit,) = result.block["content"]
    assert (hit["url"], hit["title"]) == ("https://a.example", "https://a.example")
    assert text == TextDelta("Here.")
    assert isinstance(usage, Usage)
    assert usage.server_tools == {"web_search_requests": 1, "web_fetch_requests": 0}
    assert end == Finish()


@pytest.mark.parametrize("stream", [True, False])
def test_a_search_that_failed_says_so(stream: bool):
    parts = read(call({"type": "search", "queries": ["a", "b"]}, "failed"), SAID, stream=stream)
    use, result = (part.block for part in parts if isinstance(part, PassthroughBlock))
    assert use["input"] == {"query": "a; b"}
    assert result["content"] == {"type": "web_search_tool_result_error", "error_code": "unavailable"}


@pytest.mark.parametrize("stream", [True, False])
def test_what_a_text_cites_is_said_to_be_left_out_once(stream: bool):
    cited = [
        {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 4}
    ]
    content = [{"type": "output_text", "text": "Here.", "annotations": cited * 2}]
    parts = read(FOUND, {**SAID, "content": content}, stream=stream)
    assert parts.count(Notice("dropped.annotations")) == 1


def test_pages_that_were_opened_are_said_to_be_left_out():
    parts = read(call({"type": "open_page", "url": "https://a.example"}), SAID, stream=True)
    assert Notice("dropped.output_item", "web_search_call: open_page") in parts
    assert not [part for part in parts if isinstance(part, PassthroughBlock)]
