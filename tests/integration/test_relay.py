"""A real gateway before a server that speaks Messages itself: what that receives, and what a client gets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anthropic
import httpx
import pytest

from gateway.testing import messages
from gateway.testing.upstream import Call, Raw, Reply, Usage

ASKED: Any = {"model": "claude-outer", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
SENT = (
    '{"max_tokens":10,"model":"claude-outer","system":[ {"type":"text","text":'
    '"x-anthropic-billing-header: cc_version=2.1; \\u00e9"},{"text":"S","type":"text","cache_control":'
    '{"type":"ephemeral","ttl":"1h"}}],"messages":[ {"content":"h\\u00e9 é","role":"user"} , '
    '{"role":"system","content":[],"output_config":{"effort":"low"}}],"unknown":{"z": 1.50, "a":[1 ,2]},'
    '"thread":{"type":"create"},"mcp_servers":[{"type":"url","url":"http://x","name":"n"}]}'
)
HEADERS = {
    "anthropic-beta": "a-1,b-2",
    "anthropic-version": "2026-10-21",
    "x-claude-code-session-id": "S",
    "x-stainless-retry-count": "0",
    "user-agent": "claude-cli/2",
    "x-app": "cli",
}
WHOLE = Reply(
    reasoning="hm",
    text="Grüße",
    calls=(Call("f", {"a": "ü"}, id="toolu_1"), Call("g", {}, id="toolu_2")),
    usage=Usage(prompt=9, cached=4),
)
Post = Callable[..., httpx.Response]


@pytest.fixture
def gateway(start_gateway, settings):
    provider = {"api_key": "inner-key"}
    return start_gateway(settings("anthropic", server={"keys": ["outer-key"]}, provider=provider))


@pytest.fixture
def client(gateway):
    with anthropic.Anthropic(base_url=gateway.url, api_key="outer-key", max_retries=0) as client:
        yield client


@pytest.fixture
def post(gateway) -> Post:
    """`post(path, body, {...})`: these bytes and headers."""
    return lambda path, body, headers: send(gateway.url + path, body, {"x-api-key": "outer-key", **headers})


def send(url: str, body: str, headers: dict[str, str]) -> httpx.Response:
    with httpx.Client(trust_env=False, timeout=30) as http:
        return http.post(url, content=body.encode(), headers={"content-type": "application/json", **headers})


def answered(client: anthropic.Anthropic, *, stream: bool) -> anthropic.types.Message:
    if not stream:
        return client.messages.create(**ASKED)
    with client.messages.stream(**ASKED) as events:
        return events.get_final_message()


def plain(reply: Reply) -> Raw:
    """The reply as one message, whatever was asked for."""
    return Raw(chunks=(messages.whole(reply, "scripted").decode(),))


def streamed(reply: Reply) -> Raw:
    """The reply as events, whatever was asked for."""
    play = messages.streamed(reply, "scripted")
    chunks = tuple(chunk.decode() for chunk in (*play.opening, *play.content, *play.closing))
    return Raw(headers={"content-type": "text/event-stream"}, chunks=chunks, framing="chunked")


def refused(status: int, kind: str, message: str, **more: Any) -> Raw:
    """In the API's shape."""
    error = {"type": "error", "error": {"type": kind, "message": message, **more}, "request_id": "req_up"}
    return Raw(status=status, chunks=(json.dumps(error),))


def test_the_upstream_gets_the_clients_bytes_but_for_the_models_name(post: Post, upstream):
    upstream.script(Reply(text="hello"))
    assert post("/v1/messages?beta=true", SENT, HEADERS).status_code == 200
    (chat,) = upstream.chats()
    assert chat.raw == SENT.replace('"claude-outer"', '"scripted"')
    assert (chat.path, chat.query) == ("/v1/messages", "beta=true")


def test_headers_of_the_api_go_along_and_the_providers_own_key(post: Post, upstream):
    upstream.script(Reply(text="hello"))
    post("/v1/messages", json.dumps(ASKED), {**HEADERS, "cookie": "c=1", "x-custom": "no"})
    (chat,) = upstream.chats()
    assert {name: chat.headers.get(name) for name in HEADERS} == HEADERS
    assert chat.headers["x-api-key"] == "inner-key"
    assert not {"authorization", "cookie", "x-custom"} & chat.headers.keys()
    assert "outer-key" not in str(chat.headers)


@pytest.mark.parametrize("stream", [True, False])
def test_answers_pass_under_the_name_that_the_client_asked_for(client, upstream, stream: bool):
    upstream.script(WHOLE)
    message = answered(client, stream=stream)
    assert (message.model, message.id, message.stop_reason) == ("claude-outer", "msg_scripted", "tool_use")
    thought, said, first, second = message.content
    assert (thought.thinking, thought.signature, said.text) == ("hm", messages.SIGNATURE, "Grüße")
    assert [(use.id, use.input) for use in (first, second)] == [("toolu_1", {"a": "ü"}), ("toolu_2", {})]
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens) == (5, 4)


@pytest.mark.parametrize(("stream", "shape"), [(True, plain), (False, streamed)], ids=["whole", "events"])
def test_an_answer_in_the_wrong_shape_is_turned_into_the_other(client, upstream, stream: bool, shape):
    upstream.script(WHOLE, shape(WHOLE))
    expected = answered(client, stream=stream)
    assert answered(client, stream=stream).to_dict() == expected.to_dict()


def test_a_path_with_v1_is_the_servers_root(start_gateway, settings, upstream):
    gateway = start_gateway(settings("anthropic", provider={"base_url": upstream.url + "/v1"}))
    upstream.script(Reply(text="hello"))
    assert send(gateway.url + "/v1/messages", json.dumps(ASKED), {}).status_code == 200


def test_the_upstream_counts(post: Post, client, upstream):
    hello = [{"role": "user", "content": "hi there"}]
    assert client.messages.count_tokens(model="claude-outer", messages=hello).input_tokens > 1_000_000
    path = "/v1/messages/count_tokens"
    counted = post(f"{path}?beta=true", SENT, {"anthropic-beta": "token-counting-2024-11-01"})
    assert counted.json()["input_tokens"] > 1_000_000
    assert upstream.chats() == []
    asked = [request for request in upstream.requests() if request.path == path][-1]
    assert (asked.query, asked.body["model"]) == ("beta=true", "scripted")
    assert (asked.headers["anthropic-beta"], asked.headers["x-api-key"]) == (
        "token-counting-2024-11-01",
        "inner-key",
    )


def test_where_the_upstream_does_not_count_the_gateway_does(start_gateway, settings, upstream):
    gateway = start_gateway(settings("anthropic", provider={"base_url": upstream.url + "/elsewhere"}))
    counted = send(gateway.url + "/v1/messages/count_tokens", json.dumps(ASKED), {}).json()
    assert 0 < counted["input_tokens"] < 1_000
    assert upstream.requests()[-1].path == "/elsewhere/v1/messages/count_tokens"


def test_typed_errors_keep_their_details(client, upstream):
    details = {"error_code": "thread_unsupported_request"}
    upstream.script(refused(400, "invalid_request_error", "no threads", details=details))
    with pytest.raises(anthropic.BadRequestError, match="no threads") as error:
        client.messages.create(**ASKED)
    assert error.value.body["error"]["details"] == details


def test_a_wrong_key_of_ours_is_not_the_clients_fault(client, upstream):
    upstream.script(refused(401, "authentication_error", "invalid x-api-key"))
    with pytest.raises(anthropic.InternalServerError) as error:
        client.messages.create(**ASKED)
    assert "x-api-key" not in error.value.message


ANTHROPICS = "prompt is too long: 213001 tokens > 200000 maximum"
ROOM = (
    "input length and `max_tokens` exceed context limit: 9 + 8 > 16, decrease input length or `max_tokens` "
    "and try again"
)
LLAMA = "request (9031 tokens) exceeds the available context size (4096 tokens), try increasing it"
VLLM = "This model's maximum context length is 10 tokens. However, your prompt has at least 11 input tokens."


@pytest.mark.parametrize("inside", [False, True], ids=["as a status", "inside the stream"])
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (ANTHROPICS, ANTHROPICS),
        (ROOM, ROOM),
        (LLAMA, "prompt is too long: 9031 tokens > 4096 maximum"),
        (VLLM, "prompt is too long: 11 tokens > 10 maximum"),
    ],
    ids=["Anthropic", "Anthropic, of max_tokens", "llama.cpp", "vLLM"],
)
def test_overflow_is_told_in_words_that_clients_compact_on(client, upstream, words, told, inside: bool):
    answer = refused(400, "invalid_request_error", words)
    if inside:
        event = f"event: error\ndata: {answer.chunks[0]}\n\n"
        answer = Raw(headers={"content-type": "text/event-stream"}, chunks=(event,))
    upstream.script(answer)
    with pytest.raises(anthropic.BadRequestError) as error:
        answered(client, stream=inside)
    assert error.value.body["error"]["message"] == told


@pytest.mark.parametrize("inside", [False, True], ids=["as a status", "inside the stream"])
def test_words_that_pass_lose_their_secrets(client, upstream, inside: bool):
    said = "see https://internal.example/x for key sk-ant-abcdefghi"
    answer = refused(429, "rate_limit_error", said)
    if inside:
        answer = Raw(headers={"content-type": "text/event-stream"}, chunks=(f"data: {answer.chunks[0]}\n\n",))
    upstream.script(answer)
    with pytest.raises(anthropic.RateLimitError) as error:
        answered(client, stream=inside)
    assert error.value.body["error"]["message"] == "see [url] for key [hidden]"


def test_a_stream_without_its_last_event_is_whole_and_a_cut_one_is_not(client, upstream):
    upstream.script(Reply(text="hello", end_mark=False), Reply(text="hello", ending="cut", after=2))
    assert answered(client, stream=True).stop_reason == "end_turn"
    with pytest.raises(anthropic.APIStatusError, match="closed the connection"):
        answered(client, stream=True)


def test_what_only_this_gateway_wrote_is_taken_out(client, upstream):
    empty = {"type": "text", "text": ""}
    ours = {"type": "thinking", "thinking": "p", "signature": "gw1:eyJwIjoidmxsbSJ9"}
    said = {"role": "assistant", "content": [ours, empty, {"type": "text", "text": "hello"}]}
    nothing = {"role": "assistant", "content": [ours, empty]}
    user = ASKED["messages"][0]
    upstream.script(Reply(text="ok"))
    client.messages.create(**{**ASKED, "messages": [user, said, user, nothing, user]})
    assert upstream.chats()[0].body["messages"] == [
        user,
        {**said, "content": said["content"][2:]},
        user,
        user,
    ]


@pytest.fixture
def passing(start_gateway, settings):
    """The address of a gateway with a key of its own that passes credentials on."""
    provider = {"pass_credentials": True}
    return start_gateway(settings("anthropic", server={"keys": ["outer-key"]}, provider=provider)).url


def test_a_clients_own_key_goes_through_where_allowed(start_gateway, settings, upstream):
    gateway = start_gateway(settings("anthropic", provider={"pass_credentials": True}))
    upstream.script(Reply(text="hello"), refused(401, "authentication_error", "invalid x-api-key"))
    with anthropic.Anthropic(base_url=gateway.url, api_key="users-own", max_retries=0) as client:
        assert client.messages.create(**ASKED).content[0].text == "hello"
        assert upstream.chats()[0].headers["authorization"] == "Bearer users-own"
        with pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"):
            client.messages.create(**ASKED)


def test_the_gateways_own_key_goes_nowhere(passing: str, upstream):
    upstream.script(Reply(text="hello"), Reply(text="hello"), Reply(text="hello"))
    for headers in (
        {"x-api-key": "outer-key", "authorization": "Bearer users-own"},
        {"x-api-key": "outer-key", "authorization": "Bearer outer-key"},
        {"authorization": "Bearer outer-key"},
    ):
        assert send(passing + "/v1/messages", json.dumps(ASKED), headers).status_code == 200
    sent = [(chat.headers.get("x-api-key"), chat.headers.get("authorization")) for chat in upstream.chats()]
    assert sent == [(None, "Bearer users-own"), (None, None), (None, None)]
