"""TLS where a server speaks plain HTTP: said at once, with the address."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.errors import Kind, UpstreamFailed
from gateway.settings.models import Provider
from gateway.upstreams import handshake
from gateway.upstreams.handshake import is_nearby, speaks_plain_http
from gateway.upstreams.transport import Channel

OK = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
REDIRECT = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: https://127.0.0.1/\r\n\r\n"
ELSEWHERE = b"HTTP/1.1 302 Found\r\nlocation: /docs\r\n\r\n"
CONFUSED = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"


@contextlib.asynccontextmanager
async def serving(answer: bytes, *, until: bytes = b"\r\n\r\n") -> AsyncIterator[int]:
    """A plain server that waits for the end of a request's head before it says anything."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await reader.readuntil(until)
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def refusal(port: int, connect: float = 5.0) -> UpstreamFailed:
    channel = Channel.build("up", Provider("openai", f"https://127.0.0.1:{port}"))
    try:
        with pytest.raises(UpstreamFailed) as found:
            await channel.post("/v1/chat/completions", b"{}", connect)
        return found.value
    finally:
        await channel.close()


async def test_a_plain_server_that_waits_is_told_at_once():
    async with serving(OK) as port:
        begun = time.monotonic()
        error = await refusal(port, connect=60)
        assert time.monotonic() - begun < 30, "not only when the connection was given up"
    assert error.kind is Kind.UPSTREAM_TLS
    assert f"TLS was not answered at 127.0.0.1:{port}" in error.message
    assert "http://" in error.message


async def test_a_plain_server_that_hangs_up_is_told(upstream):
    error = await refusal(upstream.port)
    assert error.kind is Kind.UPSTREAM_TLS
    assert f"127.0.0.1:{upstream.port}" in error.message
    assert not upstream.chats()


async def test_a_server_that_says_nothing_at_all_is_no_plain_one():
    async with serving(b"", until=b"never") as port:
        error = await refusal(port, connect=0.2)
    assert error.kind is Kind.UPSTREAM_CONNECT_TIMEOUT
    assert f"127.0.0.1:{port}" in error.message


@pytest.mark.parametrize(
    ("answer", "plain"),
    [
        (OK, True),
        (ELSEWHERE, True),
        (CONFUSED, False),
        (REDIRECT, False),
        (b"HTTP/1.1 200", True),
        (b"SSH-2.0-x\r\n", False),
    ],
)
async def test_what_a_tls_server_answers_to_plain_http_is_no_sign(answer, plain):
    async with serving(answer) as port:
        assert await speaks_plain_http(httpx.URL(f"https://127.0.0.1:{port}/v1")) is plain


@pytest.mark.parametrize("plain", [True, False])
async def test_a_slow_answer_of_a_tls_server_is_waited_for(tmp_path, monkeypatch, plain: bool):
    """Whatever it would say in plain HTTP: it has shown that it speaks TLS."""

    async def speaks(_: httpx.URL) -> bool:
        return plain

    monkeypatch.setattr(handshake, "speaks_plain_http", speaks)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = await _certificate(tmp_path)
    context.load_cert_chain(certificate)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(1.5)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        channel = Channel.build("up", Provider("openai", f"https://127.0.0.1:{port}", verify=False))
        reply = await channel.post("/v1/chat/completions", b"{}", 5.0)
        assert reply.status == 200
        await reply.close()
        await channel.close()


async def _certificate(folder) -> str:
    path = folder / "server.pem"
    process = await asyncio.create_subprocess_exec(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
        "-keyout", path, "-out", folder / "cert.pem", "-subj", "/CN=localhost", "-days", "1",
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await process.wait() == 0
    path.write_text(path.read_text() + (folder / "cert.pem").read_text())
    return str(path)


@pytest.mark.parametrize(
    ("host", "near"),
    [("127.0.0.1", True), ("10.0.0.8", True), ("gpu-one", True), ("box.local", True), ("::1", True),
     ("api.openai.com", False), ("8.8.8.8", False)],
)  # fmt: skip
def test_only_servers_nearby_are_asked_meanwhile(host, near):
    assert is_nearby(host) is near
