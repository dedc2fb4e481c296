"""Connections to one provider, against raw servers on loopback that misbehave on purpose."""

import asyncio
import gzip
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from gateway.errors import Kind, UpstreamFailed
from gateway.settings.models import Provider, Secret
from gateway.upstreams.http import transport
from gateway.upstreams.http.redaction import redacted
from gateway.upstreams.http.transport import ProviderConnections

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


@asynccontextmanager
async def server(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=tls)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


async def head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def request(reader: asyncio.StreamReader) -> bytes:
    """The head of one request, its body read and thrown away."""
    text = await head(reader)
    length = next(
        (int(line[15:]) for line in text.lower().splitlines() if line.startswith(b"content-length:")), 0
    )
    await reader.readexactly(length)
    return text


@asynccontextmanager
async def channel(port: int, scheme: str = "http", **settings: object) -> AsyncIterator[ProviderConnections]:
    built = ProviderConnections.build("p", Provider("openai", f"{scheme}://127.0.0.1:{port}", **settings))
    try:
        yield built
    finally:
        await built.close()


async def ask(built: ProviderConnections) -> bytes:
    reply = await built.post("/chat", b"{}", 2.0)
    try:
        return await reply.read_all(1000)
    finally:
        await reply.close()


async def test_the_key_and_extra_headers_go_along_and_compression_is_not_asked_for():
    seen: list[bytes] = []

    async def serve(reader, writer):
        seen.append(await request(reader))
        writer.write(OK)

    async with (
        server(serve) as port,
        channel(port, api_key=Secret("k-1"), headers={"X-Team": "research"}) as built,
    ):
        assert await ask(built) == b"{}"
    assert b"authorization: Bearer k-1\r\n" in seen[0]
    assert b"x-team: research\r\n" in seen[0]
    assert b"accept-encoding: identity\r\n" in seen[0]


async def test_a_stale_pooled_connection_is_replaced_once():
    connections = 0

    async def serve(reader, writer):
        nonlocal connections
        connections += 1
        await request(reader)
        writer.write(OK)
        await writer.drain()
        if connections == 1:
            await request(reader)  # take the second request and hang up without a word

    async with server(serve) as port, channel(port) as built:
        assert [await ask(built), await ask(built)] == [b"{}", b"{}"]
    assert connections == 2


async def test_a_fresh_connection_that_is_closed_is_not_tried_again():
    connections = 0

    async def serve(reader, writer):
        nonlocal connections
        connections += 1
        await request(reader)

    async with server(serve) as port, channel(port) as built:
        with pytest.raises(UpstreamFailed) as failed:
            await ask(built)
    assert (failed.value.kind, connections) == (Kind.UPSTREAM_CUT, 1)


async def test_a_body_that_breaks_off_is_a_cut():
    async def serve(reader, writer):
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")

    async with server(serve) as port, channel(port) as built:
        with pytest.raises(UpstreamFailed) as failed:
            await ask(built)
    assert failed.value.kind is Kind.UPSTREAM_CUT


async def test_nobody_listening_names_the_address():
    async with server(lambda *_: asyncio.sleep(0)) as port:
        pass
    async with channel(port) as built:
        with pytest.raises(UpstreamFailed) as failed:
            await ask(built)
    assert failed.value.kind is Kind.UPSTREAM_UNREACHABLE
    assert f"[p] cannot reach provider at 127.0.0.1:{port}" in failed.value.message


async def test_something_that_is_not_http_is_garbage():
    async def serve(reader, writer):
        await request(reader)
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

    async with server(serve) as port, channel(port) as built:
        with pytest.raises(UpstreamFailed) as failed:
            await ask(built)
    assert failed.value.kind is Kind.UPSTREAM_GARBAGE


async def test_an_answer_that_is_compressed_all_the_same_is_inflated():
    body = gzip.compress(b'{"a":1}')

    async def serve(reader, writer):
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(body))
        writer.write(body)

    async with server(serve) as port, channel(port) as built:
        assert await ask(built) == b'{"a":1}'


async def test_requests_go_through_the_configured_proxy():
    seen: list[bytes] = []

    async def proxy(reader, writer):
        seen.append(await request(reader))
        writer.write(OK)

    async with server(proxy) as port:
        built = ProviderConnections.build(
            "p", Provider("openai", "http://upstream.test", proxy=f"http://127.0.0.1:{port}")
        )
        assert await ask(built) == b"{}"
        await built.close()
    assert seen[0].startswith(b"POST http://upstream.test/chat HTTP/1.1\r\n")


async def test_the_environments_proxy_is_used_but_never_for_loopback(monkeypatch):
    through: list[bytes] = []

    async def proxy(reader, writer):
        through.append(await request(reader))
        writer.write(OK)

    async def upstream(reader, writer):
        await request(reader)
        writer.write(OK)

    async with server(proxy) as proxy_port, server(upstream) as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy_port}")
        monkeypatch.delenv("no_proxy", raising=False)
        async with channel(port) as local:
            await ask(local)
        assert through == []
        remote = ProviderConnections.build("p", Provider("openai", "http://upstream.test"))
        await ask(remote)
        await remote.close()
        assert len(through) == 1


@pytest.fixture(scope="module")
def private_ca(tmp_path_factory) -> dict[str, str]:
    """A CA of our own and a certificate for 127.0.0.1 signed by it."""
    at = tmp_path_factory.mktemp("tls")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=at, check=True, capture_output=True)

    new = ("-newkey", "rsa:2048", "-nodes")
    openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA", "-days", "2")
    openssl("req", *new, "-keyout", "key.pem", "-out", "csr.pem", "-subj", "/CN=127.0.0.1")
    (at / "ext").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl(
        *"x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem".split(),
        "-days",
        "2",
        "-extfile",
        "ext",
    )
    return {name: str(at / f"{name}.pem") for name in ("ca", "cert", "key")}


async def over_tls(files: dict[str, str], **settings: object) -> bytes:
    async def serve(reader, writer):
        await request(reader)
        writer.write(OK)

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(files["cert"], files["key"])
    async with server(serve, tls) as port, channel(port, "https", **settings) as built:
        return await ask(built)


async def test_a_private_ca_is_trusted_when_named(private_ca):
    assert await over_tls(private_ca, ca_file=private_ca["ca"]) == b"{}"


async def test_verification_can_be_turned_off(private_ca):
    assert await over_tls(private_ca, verify=False) == b"{}"


async def test_an_unknown_ca_is_refused_and_the_setting_named(private_ca):
    with pytest.raises(UpstreamFailed) as failed:
        await over_tls(private_ca)
    assert failed.value.kind is Kind.UPSTREAM_TLS
    assert "ca_file" in failed.value.message


async def test_a_server_without_tls_is_named_as_one():
    async def serve(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with server(serve) as port, channel(port, "https") as built:
        with pytest.raises(UpstreamFailed) as failed:
            await ask(built)
    assert failed.value.kind is Kind.UPSTREAM_TLS
    assert "use http://" in failed.value.message
    assert "ca_file" not in failed.value.message


async def test_connecting_has_a_limit():
    async with server(lambda *_: asyncio.sleep(0)) as port:
        built = ProviderConnections.build("p", Provider("openai", f"http://127.0.0.1:{port}"))
        with pytest.raises(UpstreamFailed) as failed:
            await built.post("/chat", b"{}", 1e-6)
        await built.close()
    assert failed.value.kind is Kind.UPSTREAM_CONNECT_TIMEOUT


async def test_secrets_of_the_provider_are_struck_out_of_a_refusal():
    said = b"Bearer k-1234567890 and tok-abcdefgh are wrong, ask the research team"

    async def serve(reader, writer):
        await request(reader)
        writer.write(b"HTTP/1.1 400 X\r\ncontent-length: %d\r\n\r\n" % len(said) + said)

    headers = {"X-Auth": "tok-abcdefgh", "X-Team": "research"}
    async with server(serve) as port, channel(port, api_key=Secret("k-1234567890"), headers=headers) as built:
        reply = await built.post("/chat", b"{}", 2.0)
        assert (
            await reply.error_body(1000) == b"Bearer [hidden] and [hidden] are wrong, ask the research team"
        )
        assert redacted("k-1234567890", reply.secrets) == "[hidden]"
        await reply.close()


async def test_the_query_of_an_address_goes_with_every_request():
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await request(reader)).split(b" HTTP")[0])
        writer.write(OK)

    async with server(serve) as port:
        provider = Provider("openai", f"http://127.0.0.1:{port}/deployments/d?api-version=1")
        up = ProviderConnections.build("p", provider)
        reply = await up.post("/chat/completions", b"{}", 2.0)
        await reply.close()
        await up.close()
    assert seen == [b"POST /deployments/d/chat/completions?api-version=1"]


@pytest.mark.parametrize(
    ("base_url", "settings", "loads"),
    [
        ("http://127.0.0.1:9/v1", {}, False),
        ("http://model.example/v1", {}, False),
        ("HTTP://127.0.0.1:9/v1", {}, True),
        ("https://model.example/v1", {}, True),
        ("http://model.example/v1", {"proxy": "https://proxy.example"}, True),
    ],
)
async def test_public_authorities_are_loaded_where_tls_may_be_spoken(
    monkeypatch: pytest.MonkeyPatch, base_url: str, settings: dict[str, str], loads: bool
):
    loaded: list[bool] = []

    def load(trust_env: bool) -> ssl.SSLContext:
        loaded.append(trust_env)
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    monkeypatch.setattr(transport, "_public_tls", load)
    connections = ProviderConnections.build("up", Provider("openai", base_url, trust_env=False, **settings))
    await connections.close()
    assert bool(loaded) is loads
