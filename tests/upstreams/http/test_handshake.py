"""TLS where a server speaks plain HTTP: said at once, with the address."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from gateway.errors import Kind, UpstreamFailed
from gateway.settings.models import Provider
from gateway.upstreams.http.handshake import is_nearby, speaks_plain_http
from gateway.upstreams.http.transport import ProviderConnections

OK = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
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
    channel = ProviderConnections.build("up", Provider("openai", f"https://127.0.0.1:{port}"))
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


def redirect(status: int, to: str) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nserver: x\r\nLocation: {to}\r\ncontent-length: 0\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("answer", "plain"),
    [
        (OK, True),
        (b"HTTP/1.0 200\r\n\r\n", True),
        (CONFUSED, False),
        (b"HTTP/1.1 426 Upgrade Required\r\n\r\n", False),
        (b"SSH-2.0-x\r\n", False),
        (b"", False),
        (redirect(301, "https://127.0.0.1/"), False),
        (redirect(302, "HTTPS://box/"), False),
        (redirect(307, "https://box:8443/v1"), False),
        (redirect(308, "https://box/"), False),
        (redirect(302, "/ui/"), True),
        (redirect(301, "http://box/https://"), True),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", True),
    ],
)
async def test_what_a_tls_server_answers_to_plain_http_is_no_sign(answer, plain):
    async with serving(answer) as port:
        assert await speaks_plain_http(httpx.URL(f"https://127.0.0.1:{port}/v1")) is plain


@pytest.mark.parametrize("plain", [redirect(307, "https://localhost/"), redirect(302, "/"), OK, CONFUSED])
async def test_a_slow_answer_of_a_tls_server_is_waited_for(tmp_path, plain):
    """Whatever the server answers to plain HTTP on the same port."""
    async with both(tmp_path, plain, pause=2.0) as (port, asked):
        channel = ProviderConnections.build(
            "up", Provider("openai", f"https://127.0.0.1:{port}", verify=False)
        )
        for reply in await asyncio.gather(*(channel.post("/v1/x", b"{}", 5.0) for _ in range(2))):
            assert reply.status == 200
            await reply.close()
        await channel.close()
    assert not asked


async def test_one_that_waits_for_a_free_connection_is_not_taken_for_one_without_tls(tmp_path):
    async with both(tmp_path, OK, pause=1.3) as (port, asked):
        provider = Provider("openai", f"https://127.0.0.1:{port}", verify=False, max_connections=1)
        channel = ProviderConnections.build("up", provider)

        async def ask() -> int:
            reply = await channel.post("/v1/x", b"{}", 5.0)
            await reply.close()
            return reply.status

        assert await asyncio.gather(ask(), ask()) == [200, 200]
        await channel.close()
    assert not asked


async def test_a_slow_handshake_is_not_ended_by_a_redirect_to_https(tmp_path):
    async with both(tmp_path, redirect(308, "https://localhost/"), handshake=1.5) as (port, asked):
        channel = ProviderConnections.build(
            "up", Provider("openai", f"https://127.0.0.1:{port}", verify=False)
        )
        reply = await channel.post("/v1/x", b"{}", 5.0)
        assert reply.status == 200
        await reply.close()
        await channel.close()
    assert asked


@contextlib.asynccontextmanager
async def both(
    folder: Path, plain: bytes, *, pause: float = 0.0, handshake: float = 0.0
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A port where TLS is answered after `pause`, and plain HTTP at once. With what came in plain HTTP."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(await _certificate(folder))
    asked: list[bytes] = []

    async def secure(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(pause)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            first = await reader.readexactly(1)
            if first == b"\x16":
                await asyncio.sleep(handshake)
                await _relayed(first, reader, writer, inner.sockets[0].getsockname()[1])
            else:
                asked.append(first + await reader.readuntil(b"\r\n\r\n"))
                writer.write(plain)
        writer.close()

    inner = await asyncio.start_server(secure, "127.0.0.1", 0, ssl=context)
    outer = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with inner, outer:
        yield outer.sockets[0].getsockname()[1], asked


async def _relayed(
    first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int
) -> None:
    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
    far_writer.write(first)

    async def copied(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
        sink.close()

    await asyncio.gather(copied(reader, far_writer), copied(far_reader, writer))


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
