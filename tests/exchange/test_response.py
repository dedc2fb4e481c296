"""Events reach the client as a stream or as one JSON answer."""

import asyncio
import json

import pytest

from gateway.anthropic.response import events as e
from gateway.anthropic.response.writer import MessageWriter
from gateway.anthropic.tool_ids import ClientCallIds
from gateway.codecs.buffer_limit import LIMIT
from gateway.errors import Kind, RequestRefused, UpstreamFailed
from gateway.exchange.keepalive import KeepaliveSchedule
from gateway.exchange.response import (
    PING,
    Headers,
    JsonResponse,
    ResponseContext,
    StreamingResponse,
    error_headers,
    error_json,
    warning_names,
)
from gateway.parts import Finish, Notice, PassthroughEvent, TextDelta, Usage
from gateway.settings.models import Server

RULES = Server(commit_after=5, ping_every=10, drip_after=20, drip_every=30)
STREAM_HEADERS: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"request-id", b"req_x"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]
BUSY = UpstreamFailed(Kind.UPSTREAM_OVERLOADED, "überlastet")
BUSY_BODY = {
    "type": "error",
    "error": {"type": "overloaded_error", "message": "überlastet"},
    "request_id": "req_x",
}


class Client:
    """Keeps what was sent; `stuck` is held while the client does not read."""

    def __init__(self) -> None:
        self.started: list[tuple[int, Headers]] = []
        self.sent: list[tuple[bytes, bool]] = []
        self.stuck = asyncio.Lock()

    async def start(self, status: int, headers: Headers) -> None:
        self.started.append((status, headers))

    async def send(self, data: bytes, *, more: bool) -> None:
        async with self.stuck:
            self.sent.append((data, more))

    async def gone(self) -> None: ...


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def context(client: Client, clock: Clock, *, route: str = "") -> ResponseContext:
    writer = MessageWriter("msg_x", "m", "req_x", 11, ClientCallIds(lambda: "toolu_1", {}))
    return ResponseContext(client, "req_x", writer, clock, route=route)


def streaming(route: str = "") -> tuple[Client, Clock, ResponseContext, StreamingResponse]:
    client, clock = Client(), Clock()
    to = context(client, clock, route=route)
    return client, clock, to, StreamingResponse(to, KeepaliveSchedule(RULES, 0.0))


async def test_events_of_one_read_are_one_write_after_the_headers():
    client, clock, to, response = streaming()
    clock.time = 3.0
    events = to.writer.write(TextDelta("é"))
    await response.events(events)
    assert client.started == [(200, STREAM_HEADERS)]
    assert client.sent == [(e.render(events), True)]
    assert (to.status, to.first_event) == (200, 3.0)
    end = [*to.writer.write(Usage(1, 2)), *to.writer.write(Finish())]
    await response.events(end)
    assert (client.sent[1:], len(client.started)) == ([(e.render(end), False)], 1)


async def test_late_notices_are_a_comment_before_the_last_event():
    client, _, to, response = streaming()
    to.notices.append(Notice("dropped.image"))
    await response.events(to.writer.write(TextDelta("x")))
    assert (b"x-gateway-warnings", b"dropped.image") in client.started[0][1]
    to.notices += [Notice("dropped.block", "a"), Notice("dropped.block", "b")]
    end = to.writer.write(Finish())
    await response.events(end)
    comment = b": gateway-warnings: dropped.block\n\n"
    assert client.sent[1] == (e.render(end[:-1]) + comment + e.render(end[-1:]), False)


async def test_failure_before_any_event_is_an_http_status():
    client, _, to, response = streaming(route="up/modèl\n")
    await response.fail(BUSY)
    ((status, headers),) = client.started
    ((body, more),) = client.sent
    assert (status, to.status, json.loads(body), more) == (529, 529, BUSY_BODY, False)
    assert headers == [
        (b"content-type", b"application/json"),
        (b"request-id", b"req_x"),
        (b"x-gateway-model", b"up/mod?l?"),
        (b"retry-after", b"2"),
        (b"content-length", str(len(body)).encode()),
    ]


async def test_failure_after_an_event_is_an_error_event():
    client, _, to, response = streaming()
    await response.events(to.writer.write(TextDelta("x")))
    await response.fail(BUSY)
    data, more = client.sent[-1]
    assert data.startswith(b"event: error\ndata: ")
    assert json.loads(data.removeprefix(b"event: error\ndata: ")) == BUSY_BODY
    assert (more, len(client.started)) == (False, 1)


async def test_silence_is_covered_by_pings_and_then_empty_deltas():
    client, clock, to, response = streaming()
    await response.keepalive()
    assert (client.sent, response.due()) == ([], 5.0)
    clock.time = 5.0
    await response.keepalive()
    assert (client.sent, client.started) == ([(PING, True)], [(200, STREAM_HEADERS)])
    await response.events(to.writer.write(TextDelta("x")))
    clock.time = 15.0
    await response.keepalive()
    assert client.sent[2:] == [(PING, True)]
    clock.time = 25.0
    await response.keepalive()
    assert client.sent[3:] == [(e.render([e.ContentBlockDelta(0, e.TextDelta(""))]), True)]


async def test_no_keepalive_is_queued_behind_a_write_or_after_the_end():
    client, clock, to, response = streaming()
    events = to.writer.write(TextDelta("x"))
    async with client.stuck:
        writing = asyncio.create_task(response.events(events))
        await asyncio.sleep(0)
        clock.time = 50.0
        assert response.due() == 51.0
        await response.keepalive()
    await writing
    await response.events(to.writer.write(Finish()))
    clock.time = 500.0
    await response.keepalive()
    assert len(client.sent) == 2


async def test_json_answer_is_sent_when_it_is_complete():
    client, clock = Client(), Clock()
    to = context(client, clock, route="up/m")
    response = JsonResponse(to)
    await response.events(to.writer.write(TextDelta("é")))
    await response.keepalive()
    assert (client.sent, response.due()) == ([], float("inf"))
    to.notices.append(Notice("empty_answer"))
    await response.events([*to.writer.write(Usage(1, 2)), *to.writer.write(Finish())])
    ((body, more),) = client.sent
    message = json.loads(body)
    assert (message["content"], message["stop_reason"]) == ([{"type": "text", "text": "é"}], "end_turn")
    assert (more, to.status, to.first_event) == (False, 200, 0.0)
    assert client.started == [
        (
            200,
            [
                (b"content-type", b"application/json"),
                (b"request-id", b"req_x"),
                (b"x-gateway-model", b"up/m"),
                (b"x-gateway-warnings", b"empty_answer"),
                (b"content-length", str(len(body)).encode()),
            ],
        )
    ]


async def test_whole_message_of_a_server_passes_as_the_body():
    client = Client()
    to = context(client, Clock())
    sent = b'{"type":"message","id":"msg_1","model":"theirs","content":[],"stop_reason":"end_turn"}'
    await JsonResponse(to).events(to.writer.write(PassthroughEvent("message", sent, "end_turn")))
    assert client.sent == [(sent.replace(b"theirs", b"m"), False)]


async def test_json_answer_has_a_size_limit_and_fails_with_a_status():
    client = Client()
    to = context(client, Clock())
    response = JsonResponse(to)
    to.writer.written = LIMIT + 1
    with pytest.raises(UpstreamFailed, match="too large") as raised:
        await response.events([e.Ping()])
    await response.fail(raised.value)
    assert client.started[0][0] == 502


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (BUSY, [(b"retry-after", b"2")]),
        (UpstreamFailed(Kind.RATE_LIMITED, "x", retry_after=7), [(b"retry-after", b"7")]),
        (RequestRefused("x"), [(b"x-should-retry", b"false")]),
        (UpstreamFailed(Kind.UPSTREAM_CUT, "x"), []),
    ],
)
def test_headers_of_an_error(error: UpstreamFailed | RequestRefused, headers: Headers):
    assert error_headers(error) == headers


def test_body_of_an_error_has_its_details():
    body = json.loads(error_json(RequestRefused("x", details={"error_code": "c"}), "req_x"))
    assert body == {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": "x", "details": {"error_code": "c"}},
        "request_id": "req_x",
    }


def test_warnings_are_distinct_names_in_order():
    notices = [Notice("dropped.image", "a"), Notice("empty_answer"), Notice("dropped.image", "b")]
    assert (warning_names(notices), warning_names([])) == ("dropped.image, empty_answer", "")
