"""Connections as clients and attackers really make them, byte by byte, to a real gateway process."""

from __future__ import annotations

import json
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from gateway.testing.script import Reply

BODY = json.dumps({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}).encode()
LIMITED = {"head_timeout": "1s", "body_timeout": "1s", "max_headers": 30, "max_connections": 5}
OFFERS = {
    "h2c": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAA\r\n",
    "websocket": b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
    "TLS": b"Upgrade: TLS/1.2\r\nConnection: Upgrade\r\n",
}


def head(
    method: bytes = b"POST", path: bytes = b"/v1/messages", more: bytes = b"", size: int | None = len(BODY)
):
    length = b"" if size is None else b"Content-Length: %d\r\n" % size
    return b"%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n%s%s\r\n" % (
        method,
        path,
        length,
        more,
    )


class Connection:
    """One connection. `read` gives the answers that came within so many seconds."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=10)

    def send(self, *segments: bytes) -> Connection:
        for segment in segments:
            self.socket.sendall(segment)
            if len(segments) > 1:
                time.sleep(0.02)
        return self

    def answers(self, count: int) -> list[tuple[int, dict]]:
        """So many answers with a content-length: status and JSON."""
        found = []
        data = b""
        while len(found) < count:
            begin, end, rest = data.partition(b"\r\n\r\n")
            lengths = [line for line in begin.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            size = int(lengths[0].partition(b":")[2]) if end and lengths else 0
            if end and len(rest) >= size:
                found.append((int(begin.split()[1]), json.loads(rest[:size] or b"{}")))
                data = rest[size:]
                continue
            more = self.socket.recv(65536)
            assert more, (found, data)
            data += more
        assert not data
        return found

    def sends_until_closed(self, data: bytes, within: float) -> bool:
        """Whether the gateway closes the connection while it is being sent this again and again."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            try:
                self.socket.sendall(data)
            except OSError:
                return True
            time.sleep(0.05)
        return False

    def ends(self, within: float) -> bool:
        """Whether the gateway closes the connection, without a further byte."""
        self.socket.settimeout(within)
        try:
            return self.socket.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True


@pytest.fixture
def connect(gateway, upstream):
    upstream.script(default=Reply(text="fine"))
    opened: list[Connection] = []

    def to(url: str = gateway.url) -> Connection:
        opened.append(Connection(url))
        return opened[-1]

    yield to
    for one in opened:
        one.socket.close()


@pytest.fixture
def limited(start_gateway, settings):
    return start_gateway(settings(server=LIMITED))


def text(answer: tuple[int, dict]) -> str:
    assert answer[0] == 200
    return answer[1]["content"][0]["text"]


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("split", ["one segment", "head and body", "anywhere", "chunked"])
def test_an_offered_upgrade_is_ignored_and_the_request_answered_once(
    connect, upstream, offer: str, split: str
):
    if split == "chunked":
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
        asked = head(more=OFFERS[offer] + b"Transfer-Encoding: chunked\r\n", size=None) + body
    else:
        asked = head(more=OFFERS[offer]) + BODY
    at = asked.index(b"\r\n\r\n") + 4
    segments = {
        "head and body": [asked[:at], asked[at:]],
        "anywhere": [asked[i : i + 29] for i in range(0, len(asked), 29)],
    }
    connection = connect().send(*segments.get(split, [asked]))
    assert text(connection.answers(1)[0]) == "fine"
    connection.send(head() + BODY)
    assert text(connection.answers(1)[0]) == "fine"
    assert len(upstream.chats()) == 2


@pytest.mark.parametrize("path", [b"/v1/messages/count_tokens", b"/messages/count_tokens"])
def test_an_upgrade_may_be_offered_to_any_endpoint(connect, path: bytes):
    (status, counted), (healthy, _) = (
        connect()
        .send(head(path=path, more=OFFERS["h2c"]) + BODY + head(b"GET", b"/health", OFFERS["h2c"], None))
        .answers(2)
    )
    assert (status, counted["input_tokens"] > 0, healthy) == (200, True, 200)


def test_a_stream_begins_behind_an_offered_upgrade(connect):
    body = BODY[:-1] + b',"stream":true}'
    connection = connect().send(head(more=OFFERS["h2c"], size=len(body)) + body)
    received = b""
    while b"message_stop" not in received:
        received += connection.socket.recv(65536)
    assert received.startswith(b"HTTP/1.1 200 ")


def test_the_log_advises_no_websocket_library(connect, gateway):
    before = gateway.log.stat().st_size
    connect().send(head(more=OFFERS["websocket"]) + BODY).answers(1)
    assert "ebsocket" not in gateway.read_log(before)


def test_two_requests_at_once_are_answered_in_turn(connect):
    assert [text(answer) for answer in connect().send((head() + BODY) * 2).answers(2)] == ["fine", "fine"]


def test_of_many_requests_at_once_two_are_answered_and_the_connection_ends(connect, upstream):
    connection = connect().send((head() + BODY) * 50)
    assert [text(answer) for answer in connection.answers(2)] == ["fine", "fine"]
    assert connection.ends(5)
    assert len(upstream.chats()) == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (b"".join(b"x-%d: y\r\n" % i for i in range(300)), "server.max_headers"),
        (b"x: y\r\n" * 300, "server.max_headers"),
        (b"x: " + b"y" * 70_000 + b"\r\n", "server.max_header_bytes"),
        (b"x: " + b"y" * 3_000_000, "server.max_header_bytes"),
        (b"x: y\r\n" * 100 + b"z: " + b"y" * 70_000 + b"\r\n", "server.max_header_bytes"),
    ],
    ids=["many", "one name", "long", "endless", "both"],
)
def test_too_many_and_too_large_headers_are_431_and_name_the_setting(connect, more: bytes, said: str):
    connection = connect().send(head(more=more) + BODY)
    ((status, answer),) = connection.answers(1)
    assert (status, answer["error"]["type"]) == (431, "invalid_request_error")
    assert said in answer["error"]["message"]
    assert connection.ends(5)


def test_a_long_address_counts_as_part_of_the_head(connect):
    ((status, _),) = connect().send(head(b"GET", b"/" + b"x" * 100_000, size=None)).answers(1)
    assert status == 431


def test_headers_of_an_ordinary_client_are_no_trouble(connect):
    more = b"".join(b"x-header-%d: %s\r\n" % (i, b"v" * 200) for i in range(100))
    assert text(connect().send(head(more=more) + BODY).answers(1)[0]) == "fine"


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00", b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
def test_what_is_no_http_is_told_so_in_the_apis_shape(connect, sent: bytes):
    connection = connect().send(sent)
    ((status, answer),) = connection.answers(1)
    assert (status, answer["type"], answer["error"]["type"]) == (400, "error", "invalid_request_error")
    assert connection.ends(5)


def test_nonsense_behind_a_request_does_not_spoil_its_answer(connect):
    connection = connect().send(head() + BODY + b"nonsense\r\n\r\n")
    assert text(connection.answers(1)[0]) == "fine"
    assert connection.ends(5)


def test_a_tunnel_is_refused(connect):
    ((status, _),) = (
        connect().send(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n").answers(1)
    )
    assert status == 405


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"POST /v1/mess", head()[:-2]])
def test_a_connection_that_sends_no_whole_head_ends(connect, limited, sent: bytes):
    connection = connect(limited.url).send(sent)
    if sent.strip():
        ((status, answer),) = connection.answers(1)
        assert (status, "server.head_timeout" in answer["error"]["message"]) == (408, True)
    assert connection.ends(5)


def test_a_connection_that_goes_on_sending_empty_lines_ends(connect, limited):
    connection = connect(limited.url).send(head(b"GET", b"/health", size=None))
    connection.answers(1)
    assert connection.sends_until_closed(b"\r\n", 10)


@pytest.mark.parametrize("sent", [b"", BODY[:10]])
def test_a_body_that_stalls_is_408(connect, limited, sent: bytes):
    connection = connect(limited.url).send(head() + sent)
    ((status, answer),) = connection.answers(1)
    assert (status, "server.body_timeout" in answer["error"]["message"]) == (408, True)
    assert connection.ends(5)


def test_a_body_that_trickles_is_408_in_the_end(connect, start_gateway, settings):
    gateway = start_gateway(settings(server={"body_timeout": "300ms"}))
    connection = connect(gateway.url).send(head(size=1000))
    assert connection.sends_until_closed(b" ", 10)


def test_a_refused_body_does_not_keep_its_connection_for_ever(connect, start_gateway, settings):
    gateway = start_gateway(settings(server={**LIMITED, "keys": ["right"]}))
    connection = connect(gateway.url).send(head(size=10_000_000))
    ((status, _),) = connection.answers(1)
    assert status == 401
    assert connection.sends_until_closed(b" " * 10, 10)


def test_a_slow_body_within_the_limits_is_served(connect, limited):
    connection = connect(limited.url).send(head())
    for i in range(0, len(BODY), 30):
        time.sleep(0.3)
        connection.send(BODY[i : i + 30])
    assert text(connection.answers(1)[0]) == "fine"


def test_connections_over_the_limit_are_503_and_room_is_made_when_others_end(connect, limited):
    others = [connect(limited.url) for _ in range(5)]
    others[0].send(head(b"GET", b"/health", size=None)).answers(1)
    ((status, answer),) = connect(limited.url).send(head() + BODY).answers(1)
    assert (status, "server.max_connections" in answer["error"]["message"]) == (503, True)
    for one in others:
        one.socket.close()
    time.sleep(0.2)
    assert httpx.get(f"{limited.url}/health", trust_env=False).status_code == 200


def test_limits_follow_the_file(connect, start_gateway, settings):
    """They are read anew for each request: a reload needs no restart."""
    gateway = start_gateway(settings(server={"max_headers": 20}))
    more = b"".join(b"x-%d: y\r\n" % i for i in range(25))
    assert connect(gateway.url).send(head(more=more) + BODY).answers(1)[0][0] == 431
    file = gateway.log.parent / "gateway.yaml"
    text_before = file.read_text()
    file.write_text(text_before.replace("max_headers: 20", "max_headers: 40"))
    try:
        deadline = time.monotonic() + 10
        while (status := connect(gateway.url).send(head(more=more) + BODY).answers(1)[0][0]) == 431:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert status == 200
    finally:
        file.write_text(text_before)


CHUNKED = b"Transfer-Encoding: chunked\r\n"


def chunks(*parts: bytes, trailers: bytes = b"") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n" + trailers + b"\r\n"


def log_lines(gateway, since: int, path: str = "/v1/messages") -> list[str]:
    return [line for line in gateway.read_log(since).splitlines() if f"path={path}" in line]


BROKEN = {
    "size": b'5\r\n{"mod\r\nzz\r\n',
    "no data": b"zz\r\n",
    "end of chunk": b'5\r\n{"mod--',
    "trailer": b"0\r\nno colon here\r\n\r\n",
    "negative": b"-1\r\n",
}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("how", ["at once", "later", "100-continue", "upgrade"])
@pytest.mark.parametrize("path", [b"/v1/messages", b"/v1/messages/count_tokens"])
def test_a_malformed_body_is_400_at_once_and_holds_nothing(
    connect, gateway, broken: str, how: str, path: bytes
):
    since = gateway.log.stat().st_size
    more = {"100-continue": b"Expect: 100-continue\r\n", "upgrade": OFFERS["h2c"]}.get(how, b"")
    asked = head(path=path, more=CHUNKED + more, size=None)
    connection = connect()
    if how == "at once":
        connection.send(asked + BROKEN[broken])
    else:
        connection.send(asked)
        if how == "100-continue":
            assert connection.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        time.sleep(0.1)
        connection.send(BROKEN[broken])
    ((status, answer),) = connection.answers(1)
    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")
    assert connection.ends(5)
    (line,) = log_lines(gateway, since, path.decode())
    assert "method=POST" in line
    assert 'why="the request is not valid HTTP/1.1"' in line
    metrics = httpx.get(f"{gateway.url}/metrics", trust_env=False).text
    assert "gateway_requests_in_flight 0.0" in metrics
    assert "Traceback" not in gateway.read_log(since)


def test_a_malformed_body_gives_back_what_it_took_of_the_budget(connect, start_gateway, settings):
    gateway = start_gateway(settings(server={"max_body": "1MB", "max_bodies": "1MB"}))
    for _ in range(5):
        connection = connect(gateway.url).send(
            head(more=CHUNKED, size=None) + b"%x\r\n%s\r\nzz\r\n" % (600_000, b" " * 600_000)
        )
        assert connection.answers(1)[0][0] == 400
    body = BODY + b" " * 600_000
    assert text(connect(gateway.url).send(head(size=len(body)) + body).answers(1)[0]) == "fine"


def test_a_malformed_body_behind_another_request_does_not_spoil_that_ones_answer(connect, upstream):
    upstream.script(default=Reply(text="slow", before_headers=0.5))
    connection = connect().send(head() + BODY + head(more=CHUNKED, size=None) + BROKEN["size"])
    first, (status, answer) = connection.answers(2)
    assert (text(first), status, answer["error"]["type"]) == ("slow", 400, "invalid_request_error")
    assert connection.ends(5)
    assert len(upstream.chats()) == 1


def test_a_malformed_body_of_a_request_that_was_refused_gets_no_second_answer(
    connect, start_gateway, settings
):
    gateway = start_gateway(settings(server={"keys": ["right"]}))
    connection = connect(gateway.url).send(head(more=CHUNKED, size=None))
    assert connection.answers(1)[0][0] == 401
    connection.send(BROKEN["size"])
    assert connection.ends(5)


def test_a_trailer_is_no_header(connect, start_gateway, settings):
    gateway = start_gateway(settings(server={"keys": ["right"]}))
    for field in (b"x-api-key: right\r\n", b"Authorization: Bearer right\r\n"):
        ((status, _),) = (
            connect(gateway.url).send(head(more=CHUNKED, size=None) + chunks(BODY, trailers=field)).answers(1)
        )
        assert status == 401
    keyed = head(more=CHUNKED + b"x-api-key: right\r\n", size=None)
    trailers = b"x-api-key: wrong\r\nx-checksum: abc\r\nanthropic-beta: none\r\n"
    connection = connect(gateway.url).send(keyed + chunks(BODY[:9], BODY[9:], trailers=trailers))
    assert text(connection.answers(1)[0]) == "fine"
    assert text(connection.send(keyed + chunks(BODY)).answers(1)[0]) == "fine"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (chunks(BODY, trailers=b"x: y\r\n" * 300), "server.max_headers"),
        (chunks(BODY, trailers=b"x: %s\r\n" % (b"y" * 70_000)), "server.max_header_bytes"),
        (chunks(BODY)[:-2] + b"x: " + b"y" * 3_000_000, "server.max_header_bytes"),
        (b"5;x=" + b"y" * 3_000_000, "server.max_header_bytes"),
    ],
    ids=["many", "long", "endless", "chunk extension"],
)
def test_too_many_and_too_large_trailers_are_431(connect, upstream, body: bytes, said: str):
    connection = connect().send(head(more=CHUNKED, size=None))
    connection.send(body)
    ((status, answer),) = connection.answers(1)
    assert (status, said in answer["error"]["message"]) == (431, True)
    assert connection.ends(5)
    assert not upstream.chats()


def test_a_body_in_many_chunks_is_no_trouble(connect):
    body = BODY + b" " * 300_000
    parts = [body[i : i + 7] for i in range(0, len(body), 7)]
    connection = connect().send(head(more=CHUNKED, size=None), chunks(*parts))
    assert text(connection.answers(1)[0]) == "fine"
    large = BODY + b" " * 2_000_000
    assert text(connection.send(head(more=CHUNKED, size=None) + chunks(large)).answers(1)[0]) == "fine"


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        (b"nonsense\r\n\r\n", 'status=400 error=invalid_request why="the request is not valid'),
        (b"POST /line HTTP/1.1\r\nno colon\r\n\r\n", "method=POST path=/line status=400"),
        (b"CONNECT a.test:443 HTTP/1.1\r\nHost: a\r\n\r\n", "method=CONNECT path=a.test:443 status=405"),
        (head(b"PUT", b"/long", b"x: y\r\n" * 300), "method=PUT path=/long status=431"),
        (head(b"PUT", b"/many", b"x: " + b"y" * 70_000), "method=PUT path=/many status=431"),
    ],
    ids=["no method", "400", "405", "431", "431 endless"],
)
def test_a_refused_connection_is_logged_with_method_and_reason(connect, gateway, sent: bytes, fields: str):
    gateway.read_log()  # lines of earlier tests are written now
    since = gateway.log.stat().st_size
    connect().send(sent).answers(1)
    (line,) = [line for line in gateway.read_log(since).splitlines() if "not-read-log" not in line][:1]
    assert fields in line
    assert "why=" in line
    assert ("method=" in line) == (sent[:8] != b"nonsense")


def test_a_slow_head_and_a_surplus_connection_are_logged_with_method_and_reason(connect, limited):
    since = limited.log.stat().st_size
    connect(limited.url).send(b"PUT /slow HTTP/1.1\r\nHost: a\r\n").answers(1)
    for _ in range(5):
        connect(limited.url)
    connect(limited.url).send(head(path=b"/surplus") + BODY).answers(1)
    time.sleep(2)
    log = limited.read_log(since)
    assert "method=PUT path=/slow status=408" in log
    assert "method=POST path=/surplus status=503" in log
    assert "server.head_timeout" in log
    assert "server.max_connections" in log


def test_connections_over_the_limit_take_nothing_from_one_that_was_there_before(connect, limited):
    early = connect(limited.url).send(head() + BODY)
    assert text(early.answers(1)[0]) == "fine"
    silent = [connect(limited.url) for _ in range(20)]
    time.sleep(0.1)
    for _ in range(3):
        assert text(early.send(head() + BODY).answers(1)[0]) == "fine"
    ((status, _),) = silent[-1].send(head() + BODY).answers(1)
    assert status == 503
