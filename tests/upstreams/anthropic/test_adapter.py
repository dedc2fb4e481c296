"""The Messages API over HTTP: the request of the adapter, its answer, its refusals, and token counting."""

import json

import pytest

from gateway.anthropic.request.attachments import NO_ATTACHMENTS
from gateway.errors import Kind, UpstreamFailed
from gateway.parts import Finish, FinishReason, Notice, PassthroughEvent, Usage
from gateway.settings.models import Provider, Secret
from gateway.upstreams.anthropic.adapter import adapter
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.token_prompt import TokenCount
from tests.upstreams.loopback import QUESTION, answer, inbound, loopback, opened, reply, target

MESSAGES = PRESETS["anthropic"]
WHOLE = {
    "type": "message",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 1},
}
UNUSED = "http://127.0.0.1:1"
"""No server is there."""


def error(type_: str, message: str, **more: object) -> dict:
    return {"type": "error", "error": {"type": type_, "message": message, **more}}


def sse(*events: dict) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


async def refused(answered: bytes, **settings: object) -> UpstreamFailed:
    async with loopback(answered) as server:
        up = adapter("up", Provider("anthropic", server.url, **settings))
        with pytest.raises(UpstreamFailed) as caught:
            await answer(up, inbound(), MESSAGES, context_window=8192)
        await up.close()
    return caught.value


async def test_a_message_passes_whole():
    async with loopback(reply(WHOLE)) as server:
        up = adapter("up", Provider("anthropic", server.url, api_key=Secret("k")))
        headers = {"anthropic-beta": "b", "x-api-key": "of the client", "cookie": "c"}
        parts = await answer(up, inbound(headers, query="beta=true", new={"a": 1}), MESSAGES)
        await up.close()
    passed = PassthroughEvent("message", json.dumps(WHOLE).encode(), "end_turn")
    assert parts == [Usage(input=3, output=1), passed]
    sent = server.request
    assert sent.line == "POST /v1/messages?beta=true"
    assert sent.json == {
        "model": "theirs",
        "max_tokens": 99,
        "messages": [{"role": "user", "content": "hi"}],
        "new": {"a": 1},
    }
    assert sent.headers["x-api-key"] == "k"
    assert sent.headers["anthropic-beta"] == "b"
    assert sent.headers["anthropic-version"] == "2023-06-01"
    assert "cookie" not in sent.headers


async def test_events_pass_one_by_one():
    events = [
        {"type": "message_start", "message": {"usage": {"input_tokens": 3}}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]
    async with loopback(reply(sse(*events))) as server:
        up = adapter("up", Provider("anthropic", server.url))
        attempt = await opened(up, inbound(stream=True), MESSAGES)
        parts = await attempt.read() or []
        await attempt.close()
        await up.close()
    assert [json.loads(part.data) for part in parts if isinstance(part, PassthroughEvent)] == events
    assert [part for part in parts if isinstance(part, Usage)] == [Usage(input=3), Usage(output=1)]
    assert attempt.has_data


@pytest.mark.parametrize(("passes", "keys"), [(False, None), (True, "of the client")])
async def test_credentials_of_the_client_are_forwarded_only_if_configured(passes: bool, keys: str | None):
    async with loopback(reply(WHOLE)) as server:
        up = adapter("up", Provider("anthropic", server.url, pass_credentials=passes))
        await answer(up, inbound({"x-api-key": "of the client"}), MESSAGES)
        await up.close()
    assert server.request.headers.get("x-api-key") == keys


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (429, error("rate_limit_error", "slow down"), Kind.RATE_LIMITED, "slow down"),
        (529, error("overloaded_error", "Overloaded"), Kind.UPSTREAM_OVERLOADED, "Overloaded"),
        (404, error("not_found_error", "see https://a.example"), Kind.NOT_FOUND, "see [url]"),
        (
            400,
            error("invalid_request_error", "prompt is too long: 9000 tokens > 8192 maximum"),
            Kind.CONTEXT_OVERFLOW,
            "prompt is too long: 9000 tokens > 8192 maximum",
        ),
        (
            400,
            error("invalid_request_error", "the request exceeds the available context size"),
            Kind.CONTEXT_OVERFLOW,
            "prompt is too long: 8193 tokens > 8192 maximum",
        ),
    ],
)
async def test_a_refusal_keeps_the_servers_words(status: int, body: dict, kind: Kind, message: str):
    failure = await refused(reply(body, status=status))
    assert (failure.kind, failure.message, failure.upstream_status) == (kind, message, status)


async def test_a_refusal_keeps_its_details_and_its_pause():
    body = error("rate_limit_error", "slow down", details={"limit": 5})
    failure = await refused(reply(body, status=429, retry_after="7"))
    assert (failure.details, failure.retry_after) == ({"limit": 5}, 7)


async def test_a_refusal_of_another_form_has_its_status():
    page = b"<html><title>Bad gateway</title></html>"
    failure = await refused(reply(page, status=502, content_type="text/html"))
    assert failure.upstream_status == 502
    assert failure.message.startswith("[up] ")


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_of_the_provider_is_hidden_and_one_of_the_client_is_not(status: int):
    body = error("authentication_error", "invalid x-api-key", details={"a": 1})
    ours = await refused(reply(body, status=status), api_key=Secret("k"))
    assert ours.kind is Kind.UPSTREAM_CREDENTIALS
    assert "invalid x-api-key" not in ours.message
    assert ours.details is None
    theirs = await refused(reply(body, status=status), pass_credentials=True)
    assert theirs.kind is (Kind.AUTHENTICATION if status == 401 else Kind.PERMISSION)
    assert (theirs.message, theirs.details) == ("invalid x-api-key", {"a": 1})


async def test_a_call_that_the_limit_cut_ends_the_answer():
    cut = error("api_error", 'invalid tool call arguments for "f": unexpected end of JSON input')
    async with loopback(reply(cut, status=500)) as server:
        up = adapter("up", Provider("anthropic", server.url))
        parts = await answer(up, inbound(), MESSAGES)
        await up.close()
    assert parts == [Notice("dropped.tool_call", "max_tokens cut its arguments"), Finish(FinishReason.LENGTH)]


@pytest.mark.parametrize(
    ("status", "body", "count"),
    [
        (200, {"input_tokens": 7}, TokenCount(7)),
        (
            200,
            {"input_tokens": 7, "context_management": {"original_input_tokens": 9}},
            TokenCount(7, 9),
        ),
        (200, {"input_tokens": "many"}, None),
        (200, b"{", None),
        (404, error("not_found_error", "no such path"), None),
    ],
)
async def test_tokens_are_counted_if_the_server_counts(
    status: int, body: bytes | dict, count: TokenCount | None
):
    async with loopback(reply(body, status=status)) as server:
        up = adapter("up", Provider("anthropic", server.url))
        assert await up.count(inbound(query="beta=true"), target(up, MESSAGES)) == count
        await up.close()
    assert server.request.line == "POST /v1/messages/count_tokens?beta=true"
    assert server.request.json["model"] == "theirs"


async def test_without_a_server_there_is_no_count_and_a_probe_says_why():
    up = adapter("up", Provider("anthropic", UNUSED))
    assert await up.count(inbound(), target(up, MESSAGES)) is None
    assert "[up]" in (await up.probe() or "")
    await up.close()


@pytest.mark.parametrize(("status", "problem"), [(200, None), (404, None), (500, "answers with status 500")])
async def test_a_probe_asks_for_the_models(status: int, problem: str | None):
    async with loopback(reply({}, status=status)) as server:
        up = adapter("up", Provider("anthropic", server.url))
        assert await up.probe() == problem
        await up.close()
    assert server.request.line == "GET /v1/models"


def test_the_prompt_is_the_request():
    up = adapter("up", Provider("anthropic", UNUSED))
    prompt = up.prompt(inbound(), target(up, MESSAGES), NO_ATTACHMENTS)
    assert json.loads("".join(prompt.texts)) == {**QUESTION, "model": "theirs"}
    assert (prompt.messages, prompt.media_tokens) == (0, 0)
