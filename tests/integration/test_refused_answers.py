"""Whatever an answer is refused for, its connection is closed at once: the server need not generate on."""

from __future__ import annotations

import socket
import threading
import time

import httpx
import pytest

ASKED = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n"
LINE = b"x" * 60_000
REFUSED = {
    "brotli": (OK + CHUNKED + b"content-encoding: br\r\n\r\n", b"10\r\n" + b"x" * 16 + b"\r\n"),
    "zstd": (OK + CHUNKED + b"content-encoding: zstd\r\n\r\n", b"10\r\n" + b"x" * 16 + b"\r\n"),
    "several encodings": (
        OK + CHUNKED + b"content-encoding: gzip, br\r\n\r\n",
        b"10\r\n" + b"x" * 16 + b"\r\n",
    ),
    "damaged gzip": (OK + CHUNKED + b"content-encoding: gzip\r\n\r\n", b"10\r\n" + b"x" * 16 + b"\r\n"),
    "a line without end": (OK + b"\r\n", b"data: " + LINE * 20),
    "a redirect": (b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /x\r\n" + CHUNKED + b"\r\n", b"1\r\nx\r\n"),
    "an error that goes on": (
        b"HTTP/1.1 500 Oops\r\n" + CHUNKED + b"\r\n",
        b"ffff\r\n" + b"x" * 65535 + b"\r\n",
    ),
    "a page": (b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n" + CHUNKED + b"\r\n", b"8\r\n<html>\r\n\r\n"),
}
WITHIN = 20.0
"""Seconds: an error's words are waited for, everything else ends at once."""


class Endless:
    """A server that sends a head and then the same piece again and again, until it is cut off."""

    def __init__(self, head: bytes, piece: bytes) -> None:
        self._head, self._piece = head, piece
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.cut = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection:
            connection.settimeout(60)
            received = b""
            while b"\r\n\r\n" not in received:
                received += connection.recv(65536)
            try:
                connection.sendall(self._head)
                while True:
                    connection.sendall(self._piece)
                    time.sleep(0.05)
            except OSError:
                self.cut.set()


CASES = [
    (why, kind, stream) for why in REFUSED for kind in ("openai", "anthropic") for stream in (False, True)
]
TIMEOUTS = {"first_byte": "3s", "idle": "3s", "total": "10s"}


@pytest.fixture(scope="module")
def servers() -> dict[str, Endless]:
    return {"-".join(map(str, case)).replace(" ", "-"): Endless(*REFUSED[case[0]]) for case in CASES}


@pytest.fixture
def gateway(start_gateway, servers):
    """One for all cases: each has a provider of its own."""
    providers = {
        name: {
            "kind": "openai" if "-openai-" in name else "anthropic",
            "base_url": f"http://127.0.0.1:{server.port}",
            "timeouts": TIMEOUTS,
        }
        for name, server in servers.items()
    }
    return start_gateway({"providers": providers, "models": {name: f"{name}/m" for name in servers}})


@pytest.mark.parametrize(("why", "kind", "stream"), CASES)
def test_the_connection_of_a_refused_answer_is_closed(gateway, servers, why: str, kind: str, stream: bool):
    name = f"{why}-{kind}-{stream}".replace(" ", "-")
    asked = {**ASKED, "model": name, "stream": stream}
    answered = httpx.post(f"{gateway.url}/v1/messages", json=asked, trust_env=False, timeout=60)
    assert answered.status_code >= 500 or '"type":"error"' in answered.text
    assert servers[name].cut.wait(WITHIN)
