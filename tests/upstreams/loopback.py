"""A server on loopback that records the requests of an adapter and answers from a list."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, field

from gateway.anthropic.request.attachments import NO_ATTACHMENTS
from gateway.anthropic.request.decoding import decode_request
from gateway.inbound import Inbound
from gateway.parts import Part
from gateway.settings.models import Timeouts
from gateway.settings.quirks import PLAIN, Quirks
from gateway.upstreams.base import Adapter, Attempt, Target
from gateway.upstreams.model_info import ModelInfo

QUESTION = {"model": "asked", "max_tokens": 99, "messages": [{"role": "user", "content": "hi"}]}


@define
class Recorded:
    line: str
    """Method and path."""
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@define
class Loopback:
    url: str
    replies: list[bytes]
    requests: list[Recorded] = field(factory=list)

    @property
    def request(self) -> Recorded:
        """The only one."""
        (one,) = self.requests
        return one


@asynccontextmanager
async def loopback(*replies: bytes) -> AsyncIterator[Loopback]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.splitlines()
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            server.requests.append(Recorded(first.removesuffix(" HTTP/1.1"), headers, body))
            writer.write(server.replies.pop(0))
            await writer.drain()
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    server = Loopback(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", list(replies))
    try:
        yield server
    finally:
        listening.close()


def reply(body: bytes | dict, status: int = 200, **headers: str) -> bytes:
    """JSON, or the bytes of a stream."""
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    sent = {
        "content_type": "application/json" if isinstance(body, dict) else "text/event-stream",
        "content_length": str(len(data)),
        **headers,
    }
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in sent.items())
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + data


def inbound(headers: dict[str, str] | None = None, query: str = "", **fields: Any) -> Inbound:
    body = json.dumps(QUESTION | fields).encode()
    return Inbound("req_1", body, headers or {}, decode_request(body), query=query)


def target(adapter: Adapter, quirks: Quirks = PLAIN, **info: Any) -> Target:
    return Target(adapter, ModelInfo("up", "theirs", quirks, **info), Timeouts(connect=9, first_byte=9))


async def opened(adapter: Adapter, asked: Inbound, quirks: Quirks = PLAIN, **info: Any) -> Attempt:
    return await adapter.open(asked, target(adapter, quirks, **info), NO_ATTACHMENTS)


async def answer(adapter: Adapter, asked: Inbound, quirks: Quirks = PLAIN, **info: Any) -> list[Part]:
    """All parts of the answer."""
    attempt = await opened(adapter, asked, quirks, **info)
    parts: list[Part] = []
    while (read := await attempt.read()) is not None:
        parts += read
    await attempt.close()
    return parts
