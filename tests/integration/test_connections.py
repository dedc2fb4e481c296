"""Connections: clients that leave, many streams at once, retries, stale connections, bytes split anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import time

import httpx
import pytest

from gateway.testing.upstream import Call, Raw, Reply, Usage, refusal

QUESTION = {"model": "claude-x", "max_tokens": 1000, "messages": [{"role": "user", "content": "hello"}]}
MANY = 150


def wait_for_gone(upstream, seconds: float):
    deadline = time.monotonic() + seconds
    while (chat := upstream.chats()[0]).gone_at is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return chat


def ask_and_leave(url: str, *, stream: bool) -> None:
    """Gives up after a second, in the middle of the answer or before it."""
    begin = time.monotonic()
    with (
        httpx.Client(base_url=url, trust_env=False, timeout=1) as client,
        contextlib.suppress(httpx.ReadTimeout),
        client.stream("POST", "/v1/messages", json={**QUESTION, "stream": stream}) as response,
    ):
        for _ in response.iter_raw():
            if time.monotonic() > begin + 1:
                return


@pytest.mark.parametrize("kind", ["openai", "responses", "ollama", "anthropic"])
@pytest.mark.parametrize("stream", [True, False], ids=["streaming", "not streaming"])
@pytest.mark.parametrize(
    "reply",
    [
        Reply(text="word " * 400, pieces=400, delay=0.05, before_headers=0),
        Reply(text="late", before_headers=20),
    ],
    ids=["while it answers", "before it answers"],
)
def test_the_upstream_request_ends_with_the_clients(
    # It would last 20 seconds.
    start_gateway,
    settings,
    upstream,
    kind,
    stream,
    reply,
):
    gateway = start_gateway(settings(kind))
    if not stream and not reply.before_headers:
        reply = Reply(text="late", before_content=20)
    upstream.script(reply)
    ask_and_leave(gateway.url, stream=stream)
    chat = wait_for_gone(upstream, 10)
    assert chat.gone_at is not None, "half of its time is over"
    assert chat.done_at is None


async def test_150_streams_run_at_once(start_gateway, settings, upstream):
    gateway = start_gateway(settings())
    upstream.script(default=Reply(text="word " * 10, pieces=10, delay=0.4))
    limits = httpx.Limits(max_connections=MANY)
    async with httpx.AsyncClient(base_url=gateway.url, trust_env=False, timeout=60, limits=limits) as client:

        async def one() -> str:
            response = await client.post("/v1/messages", json={**QUESTION, "stream": True})
            return response.text

        answers = await asyncio.gather(*(one() for _ in range(MANY)))
    assert all("event: message_stop" in answer for answer in answers)
    chats = upstream.chats()
    assert len(chats) == MANY
    assert max(chat.at for chat in chats) < min(chat.done_at for chat in chats), "not all at once"


@pytest.mark.parametrize("kind", ["openai", "responses", "ollama", "anthropic"])
@pytest.mark.parametrize("size", [1, 7, 64])
def test_splitting_the_upstreams_bytes_changes_nothing(start_gateway, settings, upstream, ask, kind, size):
    gateway = start_gateway(settings(kind))
    reply = {
        "text": "Grüße — 你好 🎈",
        "reasoning": "weil",
        "calls": (Call("f", {"a": "ü"}, id="call_a"), Call("g", {"b": [1, 2]}, id="call_b")),
    }
    upstream.script(Reply(**reply), Reply(**reply, split=size))
    whole, split = (events_without_ids(ask(gateway, thinking={"type": "adaptive"})) for _ in "ab")
    assert split == whole


def events_without_ids(answered) -> list:
    content = answered.content
    assert content[0]["message"].pop("id")
    return content


def test_a_stream_that_ends_early_is_an_error_not_an_end(gateway, upstream, ask):
    upstream.script(Reply(text="half of it", pieces=4, after=2, ending="cut", delay=0.02))
    answered = ask(gateway)
    assert answered.status == 200
    assert answered.types[-1] == "error"
    assert "message_stop" not in answered.types
    assert answered.types.count("content_block_stop") == 0


@pytest.mark.parametrize("ending", ["cut", "reset"])
def test_a_connection_that_breaks_before_any_content_is_502(gateway, upstream, ask, ending):
    upstream.script(Reply(ending=ending, after=0, before_content=0.1))
    answered = ask(gateway)
    assert (answered.status, answered.body["error"]["type"]) == (502, "api_error")


@pytest.mark.parametrize(
    "failure",
    [
        refusal(502, "bad"),
        refusal(503, "unavailable"),
        refusal(504, "late"),
        Raw(ending="reset", framing="none"),
        Raw(headers={"content-type": "text/event-stream"}, framing="chunked"),
    ],
    ids=["502", "503", "504", "reset", "nothing at all"],
)
def test_a_retry_is_made_where_the_settings_say_so(start_gateway, settings, upstream, ask, failure):
    gateway = start_gateway(settings(provider={"retries": 1}))
    upstream.script(failure, Reply(text="second try"))
    answered = ask(gateway)
    assert (answered.status, answered.text) == (200, "second try")
    assert len(upstream.chats()) == 2


def test_no_retry_is_made_unless_the_settings_say_so(gateway, upstream, ask):
    upstream.script(refusal(503, "unavailable"))
    assert ask(gateway).status == 503
    assert len(upstream.chats()) == 1


def test_a_connection_that_went_stale_in_the_pool_does_no_harm(gateway, upstream, ask):
    first = Raw(
        headers={"content-type": "application/json"},
        chunks=('{"choices":[{"message":{"content":"one"},"finish_reason":"stop"}]}',),
        keep_alive=False,
    )
    for _ in range(5):
        upstream.script(first, Reply(text="two"))
        assert ask(gateway, stream=False).status == 200
        answered = ask(gateway, stream=False)
        assert (answered.status, answered.body["content"][0]["text"]) == (200, "two")


def test_connections_to_the_upstream_are_kept(start_gateway, settings, upstream, ask):
    # A gateway of its own: one that other tests have used holds many idle connections, and takes the oldest.
    gateway = start_gateway(settings(provider={"max_connections": 8}))
    upstream.script(default=Reply(text="x", usage=Usage()))
    for _ in range(8):
        ask(gateway)
    assert len({chat.connection for chat in upstream.chats()}) < 4
