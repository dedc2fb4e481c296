"""Servers of one test: canned answers by path, or bytes that are no HTTP at all."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gateway.doctor import examination
from gateway.doctor.client import ProbeClient
from gateway.doctor.finding import Finding
from gateway.doctor.identity import identify
from gateway.doctor.server import DetectedServer
from gateway.settings.models import Provider, Secret

Answers = Mapping[str, Any]


@pytest.fixture
def canned() -> Iterator[Callable[[Answers], str]]:
    """`canned({"/props": {...}, "/version": (404, b"...")})`: the address of a server that says this.

    A value is JSON, bytes, a pair of status and either, or a function of the request's body that gives one.
    """
    with contextlib.ExitStack() as stack:

        def start(answers: Answers) -> str:
            server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(answers))
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield start


def _handler(answers: Answers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("content-length") or 0)))

        def _answer(self, body: bytes) -> None:
            found = answers.get(self.path, answers.get("*", (404, {"error": {"message": "File Not Found"}})))
            if callable(found):
                found = found(json.loads(body or b"null"))
            status, said = found if isinstance(found, tuple) else (200, found)
            data = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def raw() -> Iterator[Callable[[bytes], str]]:
    """`raw(b"...")`: a server that answers every connection with these bytes and closes it."""
    with contextlib.ExitStack() as stack:

        def start(data: bytes) -> str:
            sock = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def serve() -> None:
                with contextlib.suppress(OSError):
                    while True:
                        connection, _ = sock.accept()
                        with connection, contextlib.suppress(OSError):
                            connection.recv(65536)
                            connection.sendall(data)

            threading.Thread(target=serve, daemon=True).start()
            return f"http://127.0.0.1:{sock.getsockname()[1]}"

        yield start


@pytest.fixture
def look():
    """`await look(url)`: what the server is."""

    async def run(url: str, key: str = ""):
        provider = Provider("openai", url, api_key=Secret(key) if key else None)
        async with ProbeClient.to(url, provider) as line:
            return await identify(line)

    return run


@pytest.fixture
def examine():
    """`await examine(url, examination.QUICK)`: what these trials found, by name, and the whole."""

    async def run(url: str, trials=examination.FULL, **known: Any):
        async with ProbeClient.to(url) as line:
            server = await identify(line)
            assert isinstance(server, DetectedServer), server
            subject = examination.probe_context(line, server, server.chats[0])
            for name, value in known.items():
                setattr(subject, name, value)
            found: dict[str, Finding] = {}
            async for finding in examination.examine(subject, trials):
                found[finding.name] = finding
            return found, examination.corrected_model(subject)

    return run
