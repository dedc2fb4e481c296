"""One request over HTTP, from the client's question to what it is told, against raw servers on loopback."""

import asyncio
import gzip
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from attrs import define, evolve, field

from gateway import inbound as inbound_module
from gateway.anthropic.request.attachments import NO_ATTACHMENTS
from gateway.anthropic.request.decoding import decode_request
from gateway.attachments import Resolver
from gateway.attachments.requirements import required_attachments
from gateway.errors import Kind, UpstreamFailed
from gateway.exchange.exchange import Exchange
from gateway.inbound import Inbound
from gateway.parts import Finish, FinishReason, Notice, TextDelta
from gateway.settings.models import Provider, Secret, Server, Timeouts
from gateway.settings.quirks import PLAIN
from gateway.upstreams.base import Target
from gateway.upstreams.http import adapter as http
from gateway.upstreams.http.adapter import HttpAdapter
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama import adapter as ollama
from gateway.upstreams.openai import adapter as openai
from gateway.upstreams.responses import adapter as responses
from tests.upstreams.loopback import Loopback, answer, inbound, loopback, opened, reply, target

ADAPTERS = {"openai": openai.adapter, "ollama": ollama.adapter, "responses": responses.adapter}
KINDS = pytest.mark.parametrize("kind", ["openai", "ollama"])
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
PATIENT = Timeouts(connect=9, first_byte=9, idle=9, total=9)
EVENTS = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"
ROLE = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
SAID = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
ANSWER = b'{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}'

Play = Callable[[asyncio.StreamWriter], Awaitable[None]]


@define
class Client:
    """A client that notes what it gets; `slow` is waited for before each write is taken."""

    slow: Callable[[], Awaitable[None]] | None = None
    status: int = 0
    headers: dict[str, str] = field(factory=dict)
    body: bytes = b""

    async def start(self, status, headers):
        self.status = status
        self.headers = {name.decode(): value.decode() for name, value in headers}

    async def send(self, data, *, more):
        if self.slow:
            await self.slow()
        self.body += data

    async def gone(self):
        await asyncio.Event().wait()

    @property
    def text(self) -> str:
        if self.headers["content-type"] == "application/json":
            return json.loads(self.body)["content"][0]["text"]
        events = [json.loads(line[6:]) for line in self.body.splitlines() if line.startswith(b"data: ")]
        return "".join(event.get("delta", {}).get("text", "") for event in events)

    @property
    def error(self) -> str:
        return json.loads(self.body)["error"]["message"]


@asynccontextmanager
async def serving(play: Play) -> AsyncIterator[int]:
    """A server that takes each request and plays its answer. Yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length:")
            )
            await reader.readexactly(length)
            await play(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


def in_turn(*plays: Play) -> Play:
    """A play for each request."""
    waiting = list(plays)

    async def play(writer: asyncio.StreamWriter) -> None:
        await waiting.pop(0)(writer)

    return play


def answering(*steps: bytes | float) -> Play:
    """Bytes are written, a number is a pause in seconds."""

    async def play(writer: asyncio.StreamWriter) -> None:
        for step in steps:
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            else:
                await asyncio.sleep(step)

    return play


async def ask(
    play: Play,
    *,
    kind: str = "openai",
    stream: bool = False,
    timeouts: Timeouts = PATIENT,
    client: Client | None = None,
    **more,
) -> Client:
    body = json.dumps(
        {
            "model": "m",
            "max_tokens": 99,
            "stream": stream,
            "messages": [{"role": "user", "content": "hi"}],
            **more,
        }
    ).encode()
    client = client or Client()
    async with serving(play) as port:
        settings = Provider(kind, f"http://127.0.0.1:{port}", api_key=Secret("a-very-secret-key"))
        adapter = ADAPTERS[kind]("up", settings)
        target = Target(adapter, ModelInfo("up", "qwen", PLAIN), timeouts)
        inbound = Inbound("req_1", body, {}, decode_request(body))
        await Exchange(inbound, [target], Server(), client, Resolver()).run()
        await adapter.close()
    return client


def refusal(status: int, body: bytes, length: int | None = None, headers: bytes = b"") -> bytes:
    size = len(body) if length is None else length
    return b"HTTP/1.1 %d X\r\n%scontent-length: %d\r\n\r\n" % (status, headers, size) + body


# ------------------------------------------------------------ waiting


@KINDS
@BOTH
async def test_a_model_that_is_still_loading_when_patience_ends_is_a_503(kind, stream):
    loading = refusal(503, b'{"error":{"message":"Loading model","type":"unavailable_error","code":503}}')
    timeouts = Timeouts(connect=9, first_byte=0.5, idle=9, total=9)
    client = await ask(answering(loading), kind=kind, stream=stream, timeouts=timeouts)
    assert (client.status, client.headers["retry-after"]) == (503, "5")
    assert client.error == "[up] Loading model"


PAUSE = 0.25
SHORT = Timeouts(connect=9, first_byte=0.4, idle=0.4, total=9)
BODY_IN_PIECES = [step for at in range(0, len(ANSWER), 13) for step in (ANSWER[at : at + 13], PAUSE)]


async def test_a_body_that_comes_slowly_is_no_silence():
    client = await ask(answering(WHOLE, *BODY_IN_PIECES), timeouts=SHORT)
    assert (client.status, client.text) == (200, "Hi")


@pytest.mark.parametrize("first", [ROLE, b'data: {"choices":[]}\n\n', b'data: {"cho'], ids=str)
async def test_anything_of_an_answer_ends_the_wait_for_its_first_byte(first):
    timeouts = Timeouts(connect=9, first_byte=0.2, idle=9, total=9)
    rest = b'ices":[]}\n\n' + SAID if first.endswith(b"cho") else SAID
    client = await ask(answering(EVENTS, first, 0.4, rest), stream=True, timeouts=timeouts)
    assert (client.status, client.text) == (200, "Hi")


async def test_an_answer_held_for_its_form_is_no_silence():
    piece = b'data: {"choices":[{"delta":{"content":"1"}}]}\n\n'
    form = {"format": {"type": "json_schema", "schema": {"type": "integer"}}}
    steps = [step for _ in range(4) for step in (piece, PAUSE)]
    client = await ask(
        answering(EVENTS, *steps, SAID.replace(b"Hi", b"")), stream=True, timeouts=SHORT, output_config=form
    )
    assert (client.status, client.text) == (200, "1111")


@pytest.mark.parametrize("nothing", [b": wait\n\n", b"\n", b" \r\n", b"event: x\n\n"], ids=repr)
@BOTH
async def test_what_only_keeps_a_connection_open_is_no_answer(nothing, stream):
    steps = [step for _ in range(20) for step in (nothing, 0.05)]
    timeouts = Timeouts(connect=9, first_byte=0.3, idle=9, total=9)
    client = await ask(answering(EVENTS, *steps), stream=stream, timeouts=timeouts)
    assert client.status == 504
    assert "timeouts.first_byte" in client.error


async def test_a_client_that_is_slow_to_read_is_not_the_upstreams_silence():
    blocked = 0

    async def slow() -> None:
        nonlocal blocked
        blocked += 1
        if blocked == 1:
            await asyncio.sleep(0.5)

    timeouts = Timeouts(connect=9, first_byte=9, idle=0.2, total=9)
    play = answering(
        EVENTS, SAID.replace(b',"finish_reason":"stop"', b"").removesuffix(b"data: [DONE]\n\n"), SAID
    )
    client = await ask(play, stream=True, timeouts=timeouts, client=Client(slow))
    assert client.text == "HiHi"
    assert b"event: message_stop" in client.body


# ------------------------------------------------------------ refusals that break off


OVERFLOW = b'{"error":{"message":"request (99 tokens) exceeds the available context size (50 tokens)"}}'


@BOTH
@pytest.mark.parametrize(
    ("play", "status"),
    [
        (answering(refusal(429, b"{", 100)), 429),
        (answering(refusal(500, b"", 100)), 500),
        (answering(refusal(400, OVERFLOW, 400)), 400),
        (answering(refusal(400, OVERFLOW, 400), 8.0), 400),
    ],
    ids=["cut", "empty", "cut after its words", "stalled"],
)
async def test_a_status_counts_also_where_its_words_break_off(play, status, stream):
    client = await ask(play, stream=stream, timeouts=Timeouts(connect=9, first_byte=6, idle=6, total=9))
    assert client.status == status
    if status == 400:
        assert client.error == "prompt is too long: 99 tokens > 50 maximum"


# ------------------------------------------------------------ compression


@BOTH
async def test_an_answer_that_does_not_decompress_is_a_502(stream):
    body = bytearray(gzip.compress(SAID * 50))
    body[20:60] = b"\xff" * 40
    head = EVENTS.replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n")
    client = await ask(answering(head + bytes(body)), stream=stream)
    assert client.status == 502
    assert "does not decompress" in client.error


async def test_little_that_inflates_to_much_leaves_everyone_a_turn():
    body = gzip.compress(b": nothing\n" * 2_000_000 + SAID)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(turn())
    head = EVENTS.replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n")
    client = await ask(answering(head + body), stream=True)
    other.cancel()
    assert client.text == "Hi"
    assert turns > 20_000_000 // 65_536


# ------------------------------------------------------------ errors before anything was said


NAMELESS = (
    b'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"arguments":"{"}}]}}]}\n\n'
)
SLOW_DOWN = b'data: {"error":{"message":"slow down","code":429}}\n\n'
ITEM = (
    b'data: {"type":"response.output_text.delta","output_index":0,"delta":"<thi"}\n\n'
    b'data: {"type":"error","code":"rate_limit_exceeded","message":"slow down"}\n\n'
)


@pytest.mark.parametrize(
    ("kind", "events"), [("openai", NAMELESS + SLOW_DOWN), ("responses", ITEM)], ids=["call", "text"]
)
async def test_an_error_behind_what_was_held_back_has_its_status(kind, events):
    client = await ask(answering(EVENTS, events), kind=kind, stream=True)
    assert (client.status, client.error) == (429, "[up] slow down")


# ------------------------------------------------------------ errors and their words

LONGER = b'{"error":"the prompt is longer than the context length currently available to the model"}'
NDJSON = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n"
FAILED = (
    b'data: {"type":"response.failed","response":{"status":"failed","error":'
    b'{"code":"context_length_exceeded","message":"too long"}}}\n\n'
)


@pytest.mark.parametrize("reply", [refusal(400, LONGER), NDJSON + LONGER + b"\n"], ids=["status", "line"])
async def test_overflow_of_ollama_names_the_window_that_was_asked_for(reply):
    client = await ask(answering(reply), kind="ollama", stream=True)
    assert (client.status, client.error) == (400, "prompt is too long: 32769 tokens > 32768 maximum")


@pytest.mark.parametrize(
    ("kind", "events"),
    [
        ("responses", FAILED),
        ("openai", b'data: {"error":{"message":"x","code":"context_length_exceeded"}}\n\n'),
    ],
)
async def test_overflow_inside_an_answer_goes_by_our_own_guess(kind, events):
    client = await ask(answering(EVENTS + events), kind=kind, stream=True, padding="x" * 4000)
    assert client.status == 400
    said, limit = client.error.removeprefix("prompt is too long: ").split(" tokens > ")
    assert int(said) > 1000
    assert int(limit.split()[0]) == int(said) - 1


async def test_answer_that_does_not_fit_beside_its_prompt_is_asked_for_once_more():
    words = (
        b"Requested token count exceeds the model's maximum context length of 32768 tokens. You requested a "
        b"total of 33000 tokens: 1000 tokens from the input messages and 32000 tokens for the completion."
    )
    refused = answering(refusal(400, b'{"error":{"message":"%s"}}' % words))
    client = await ask(in_turn(refused, answering(WHOLE + ANSWER)), max_tokens=64_000)
    assert (client.status, client.text) == (200, "Hi")
    assert "clamped.max_tokens" in client.headers["x-gateway-warnings"]


async def test_the_pause_is_what_the_limits_say():
    limits = b"x-ratelimit-remaining-tokens: 0\r\nx-ratelimit-reset-tokens: 1m2.5s\r\n"
    client = await ask(answering(refusal(429, b"{}", headers=limits)))
    assert (client.status, client.headers["retry-after"]) == (429, "63")


ECHO = b'{"error":{"message":"no such key: a-very-secret-key","code":500}}'


@pytest.mark.parametrize(
    "reply",
    [refusal(500, ECHO), EVENTS + b"data: " + ECHO + b"\n\n", WHOLE + ECHO],
    ids=["status", "stream", "whole"],
)
async def test_the_providers_key_is_not_repeated_to_the_client(reply):
    client = await ask(answering(reply), stream=True)
    assert client.error == "[up] no such key: [hidden]"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("server_error", 500),
        ("rate_limit_exceeded", 429),
        ("invalid_prompt", 400),
        ("invalid_image_url", 400),
        ("bio_policy", 400),
        ("misalignment_policy_violation", 400),
        ("vector_store_timeout", 500),
        ("something_new", 500),
    ],
)
async def test_codes_of_responses_have_their_status(code, status):
    events = FAILED.replace(b"context_length_exceeded", code.encode())
    client = await ask(answering(EVENTS + events), kind="responses", stream=True)
    assert client.status == status


async def test_a_large_request_is_built_again_beside_the_event_loop():
    replies = [refusal(400, b'{"error":{"message":"Unsupported parameter: \'top_p\'"}}'), WHOLE + ANSWER]
    loop, threads = threading.get_ident(), []

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(replies.pop(0))
        await writer.drain()

    messages = [{"role": "user", "content": [{"type": "text", "text": "x"}] * 3000}]
    body = json.dumps({"model": "m", "max_tokens": 9, "top_p": 0.5, "messages": messages}).encode()
    async with serving(play) as port:
        adapter = openai.adapter("up", Provider("openai", f"http://127.0.0.1:{port}"))
        build = adapter._dialect.build

        def noted(*args):
            threads.append(threading.get_ident())
            return build(*args)

        adapter._dialect = evolve(adapter._dialect, build=noted)
        inbound = Inbound("req_1", body, {}, decode_request(body))
        attempt = await adapter.open(
            inbound, Target(adapter, ModelInfo("up", "qwen", PLAIN), PATIENT), NO_ATTACHMENTS
        )
        await attempt.close()
        await adapter.close()
    assert len(threads) == 2
    assert loop not in threads


async def test_what_a_large_request_shows_is_looked_for_beside_the_event_loop(monkeypatch):
    threads = []

    def noted(*args):
        threads.append(threading.get_ident())
        return required_attachments(*args)

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(WHOLE + ANSWER)
        await writer.drain()

    monkeypatch.setattr(inbound_module, "required_attachments", noted)
    blocks = [{"type": "text", "text": "x"}, {"type": "odd", "text": "y"}] * 2000
    assert (await ask(play, messages=[{"role": "user", "content": blocks}])).text == "Hi"
    assert len(threads) == 1
    assert threading.get_ident() not in threads


# ------------------------------------------------------------ the adapter alone

CHAT = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
UNREAD_CALL = {"error": {"message": "Failed to call a function.", "code": "tool_use_failed"}}
CUT_CALL = {"error": 'invalid tool call arguments for "f": unexpected end of JSON input'}
LOADING = {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}
REFUSED_TOP_P = {"error": {"message": "Unsupported parameter: 'top_p'"}}


@asynccontextmanager
async def chatting(*replies: bytes) -> AsyncIterator[tuple[HttpAdapter, Loopback]]:
    async with loopback(*replies) as server:
        adapter = openai.adapter("up", Provider("openai", server.url))
        yield adapter, server
        await adapter.close()


async def test_a_call_that_the_server_could_not_read_is_asked_for_once_more():
    async with chatting(reply(UNREAD_CALL, 400), reply(CHAT)) as (adapter, server):
        attempt = await opened(adapter, inbound())
        await attempt.close()
    assert server.requests[0].body == server.requests[1].body
    assert attempt.request.notices == (
        Notice("repaired.tool_call", "the upstream could not read its model's call"),
    )
    async with chatting(reply(UNREAD_CALL, 400), reply(UNREAD_CALL, 400)) as (adapter, server):
        with pytest.raises(UpstreamFailed) as caught:
            await opened(adapter, inbound())
    assert caught.value.kind is Kind.UPSTREAM_GARBAGE


async def test_a_server_that_loads_its_model_is_asked_until_it_answers(monkeypatch):
    monkeypatch.setattr(http, "LOADING_PAUSE", 0.01)
    async with chatting(reply(LOADING, 503), reply(LOADING, 503), reply(CHAT)) as (adapter, server):
        assert await answer(adapter, inbound()) == [TextDelta("Hi"), Finish()]
    assert len(server.requests) == 3


async def test_a_call_that_the_limit_cut_ends_the_answer():
    async with chatting(reply(CUT_CALL, 500)) as (adapter, _):
        parts = await answer(adapter, inbound())
    assert parts == [Notice("dropped.tool_call", "max_tokens cut its arguments"), Finish(FinishReason.LENGTH)]


async def test_a_refused_parameter_is_left_out_from_then_on():
    async with chatting(reply(REFUSED_TOP_P, 400), reply(CHAT), reply(CHAT)) as (adapter, server):
        for _ in range(2):
            await answer(adapter, inbound(top_p=0.5))
    assert ["top_p" in request.json for request in server.requests] == [True, False, False]


async def test_a_window_that_a_refusal_named_is_known_from_then_on():
    words = (
        "Requested token count exceeds the model's maximum context length of 32768 tokens. You requested a "
        "total of 65000 tokens: 1000 tokens from the input messages and 64000 tokens for the completion."
    )
    refused = reply({"error": {"message": words}}, 400)
    async with chatting(refused, reply(CHAT), reply(CHAT)) as (adapter, server):
        for _ in range(2):
            await answer(adapter, inbound(max_tokens=64_000))
    asked = [request.json["max_tokens"] for request in server.requests]
    assert asked[0] == 64_000
    assert all(limit < 32_768 for limit in asked[1:])


async def test_nothing_is_read_behind_the_end():
    async with chatting(reply(CHAT)) as (adapter, _):
        attempt = await opened(adapter, inbound())
        while await attempt.read() is not None:
            pass
        assert attempt.has_data
        assert await attempt.read() is None
        await attempt.close()


@pytest.mark.parametrize(("status", "problem"), [(200, None), (404, None), (500, "answers with status 500")])
async def test_a_probe_fails_by_the_servers_own_errors(status, problem):
    async with chatting(reply({}, status)) as (adapter, server):
        assert await adapter.probe() == problem
    assert server.request.line == "GET /models"


async def test_a_probe_without_a_server_says_why():
    adapter = openai.adapter("up", Provider("openai", "http://127.0.0.1:1"))
    assert (await adapter.probe() or "").startswith("[up] ")
    await adapter.close()


async def test_a_prompt_has_no_fields_of_the_configuration_and_no_count_of_its_server():
    adapter = openai.adapter("up", Provider("openai", "http://127.0.0.1:1"))
    asked = target(adapter, extra_body={"messages": []})
    assert adapter.prompt(inbound(), asked, NO_ATTACHMENTS).texts == ("hi",)
    assert await adapter.count(inbound(), asked) is None
