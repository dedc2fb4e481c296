"""An answer that is refused, for whatever reason: its connection is closed at once."""

from __future__ import annotations

import asyncio
import json

import pytest

from gateway.anthropic.request.decoding import decode_request
from gateway.attachments import Resolver
from gateway.codecs.lines import LIMIT
from gateway.exchange.exchange import Exchange
from gateway.inbound import Inbound
from gateway.settings.models import Provider, Server, Timeouts
from gateway.settings.quirks import PLAIN
from gateway.upstreams.anthropic import adapter as anthropic
from gateway.upstreams.base import Target
from gateway.upstreams.http import transport
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama import adapter as ollama
from gateway.upstreams.openai import adapter as openai
from gateway.upstreams.responses import adapter as responses
from tests.upstreams.http.test_adapter import Client

ADAPTERS = {
    "openai": openai.adapter,
    "responses": responses.adapter,
    "ollama": ollama.adapter,
    "anthropic": anthropic.adapter,
}
PATIENT = Timeouts(connect=60, first_byte=60, idle=60, total=60)
AT_ONCE = 10.0
"""Seconds, on a busy machine. What is waited for takes `LONG`."""
LONG = 30.0


@pytest.fixture(autouse=True)
def _waiting_takes_long(monkeypatch):
    monkeypatch.setattr(transport, "DRAIN", LONG)
    monkeypatch.setattr(transport, "EXPLAINING", LONG)


def head(status: int = 200, **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", "transfer-encoding: chunked"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def sse(*payloads: object) -> bytes:
    return b"".join(b"data: " + json.dumps(payload).encode() + b"\n\n" for payload in payloads)


async def left_after(kind: str, begin: bytes, then: bytes, *, stream: bool) -> tuple[float, Client]:
    """Seconds from the answer's begin until its server, which goes on with `then`, finds itself left."""
    left = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        try:
            said = await reader.readuntil(b"\r\n\r\n")
            sizes = [line for line in said.lower().splitlines() if line.startswith(b"content-length:")]
            await reader.readexactly(int(sizes[0].split(b":")[1]))
            began = loop.time()
            writer.write(begin)
            going = asyncio.create_task(reader.read(1))
            while not going.done():
                writer.write(then)
                await asyncio.wait([going], timeout=0.02)
            left.set_result(loop.time() - began)
        except (ConnectionError, asyncio.IncompleteReadError):
            left.set_result(loop.time() - began)
        finally:
            writer.close()

    body = {"model": "m", "max_tokens": 99, "stream": stream}
    body["messages"] = [{"role": "user", "content": "hi"}]
    sent = json.dumps(body).encode()
    client = Client()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        provider = Provider(kind, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        adapter = ADAPTERS[kind]("up", provider)
        target = Target(adapter, ModelInfo("up", "m", PLAIN), PATIENT)
        inbound = Inbound("req_1", sent, {}, decode_request(sent))
        await Exchange(inbound, [target], Server(), client, Resolver()).run()
        seconds = await asyncio.wait_for(left, 50)
        await adapter.close()
    return seconds, client


KINDS = pytest.mark.parametrize("kind", list(ADAPTERS))
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
ENCODINGS = ["br", "zstd", "gzip, br", "x-unknown"]


@KINDS
@STREAM
@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_answer_in_an_unknown_compression(kind, stream, encoding):
    begin = head(content_type="text/event-stream", content_encoding=encoding)
    seconds, client = await left_after(kind, begin, chunk(b"\x8b\x02\x80"), stream=stream)
    assert seconds < AT_ONCE
    assert client.status == 502
    assert f"compressed with {encoding}" in client.error


@KINDS
@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_refusal_in_an_unknown_compression_keeps_its_status(kind, encoding):
    begin = head(429, content_type="application/json", content_encoding=encoding)
    seconds, client = await left_after(kind, begin, chunk(b"\x8b\x02\x80"), stream=False)
    assert seconds < AT_ONCE
    assert client.status == 429


EVENTS, LINES = head(content_type="text/event-stream"), head(content_type="application/x-ndjson")
ERROR = {"error": {"message": "out of memory"}}
DAMAGED = head(content_encoding="gzip") + chunk(b"no gzip at all, but text")
BAD = [
    *((kind, EVENTS + chunk(b"data: no JSON\n\n")) for kind in ADAPTERS if kind != "ollama"),
    *((kind, EVENTS + chunk(sse(ERROR))) for kind in ADAPTERS if kind != "ollama"),
    ("ollama", LINES + chunk(b"no JSON\n")),
    ("ollama", LINES + chunk(b'{"error":"out of memory"}\n')),
    *((kind, DAMAGED) for kind in ADAPTERS),
]


@STREAM
@pytest.mark.parametrize(("kind", "begin"), BAD)
async def test_answer_that_cannot_be_read(kind, begin, stream):
    seconds, client = await left_after(kind, begin, chunk(b": still at work\n\n"), stream=stream)
    assert seconds < AT_ONCE
    assert client.status >= 500


@KINDS
async def test_answer_that_is_too_large(kind):
    begin = head(content_type="application/octet-stream") + chunk(b"{" + b"x" * LIMIT)
    seconds, client = await left_after(kind, begin, chunk(b"x" * 20_000), stream=False)
    assert seconds < AT_ONCE
    assert client.status == 502


@KINDS
@pytest.mark.parametrize("status", [302, 307, 400, 404, 429, 500])
async def test_refusal_whose_words_do_not_end(kind, status, monkeypatch):
    """They are waited for a little, then it is left."""
    monkeypatch.setattr(transport, "EXPLAINING", 0.2)
    begin = head(status, content_type="application/json", location="/elsewhere")
    seconds, client = await left_after(kind, begin, chunk(b" "), stream=False)
    assert seconds < AT_ONCE
    assert client.status >= 400


@STREAM
async def test_call_that_is_no_json(stream):
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{]"}}
    said = {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}
    begin = head(content_type="text/event-stream") + chunk(
        sse(said, {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}, "x")
    )
    seconds, _ = await left_after("openai", begin, chunk(b": still at work\n\n"), stream=stream)
    assert seconds < AT_ONCE
