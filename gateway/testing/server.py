"""The scripted upstream's server: HTTP/1.1 on raw asyncio, so that it can violate the protocol.

Rules:
- `POST /_script`, `GET /_requests`, `POST /_reset` are for the test; everything else is the upstream's.
- `/v1/models`, `/v1/messages/count_tokens`, `/api/tags`, `/api/version`, `/api/show`, `/api/ps` and `/health`
  have fixed answers; the script answers chat requests (`.../chat/completions`, `/v1/responses`,
  `/v1/messages`, `/api/chat`).
- When a client disconnects, the answer ends at once, and the time is recorded.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import Any, cast
from urllib.parse import urlsplit

import httptools
import msgspec
from attrs import define, field

from gateway.testing import answers, chat, messages, native, responses
from gateway.testing.answers import Playback
from gateway.testing.matching import ChatRequestSummary, ScriptPlayer, read_chat_request
from gateway.testing.record import Received, UpstreamReport
from gateway.testing.script import Answer, Raw, Reply, Script

MODEL = "scripted"
CHAT = ("/v1/chat/completions", "/chat/completions", "/v1/responses", "/v1/messages", "/api/chat")


@define
class Stage:
    """The state shared by all connections."""

    director: ScriptPlayer = field(factory=ScriptPlayer)
    received: list[Received] = field(factory=list[Received])
    connections: int = 0

    def reset(self) -> None:
        self.director = ScriptPlayer()
        self.received = []

    def answer(self, path: str, body: bytes, record: Received) -> Playback:
        if path == "/api/ps":
            return answers.json(200, msgspec.json.encode({"models": self._loaded()}))
        if path == "/v1/messages/count_tokens":
            return answers.json(200, msgspec.json.encode(messages.counted(body)))
        if (still := _still(path)) is not None:
            return answers.json(200, msgspec.json.encode(still))
        if path not in CHAT:
            return answers.json(404, b'{"error":{"message":"not found","type":"not_found_error","code":404}}')
        asked = read_chat_request(body)
        scripted = self.director.choose(path, body, asked)
        if scripted is None:
            record.scripted = False
            return answers.json(500, b'{"error":{"message":"the script has no answer for this request"}}')
        return _render(scripted, path, asked)

    def _loaded(self) -> list[dict[str, object]]:
        """The model that Ollama would have in memory: the one used last, with the requested window."""
        asked = [one for one in self.received if one.path == "/api/chat" and isinstance(one.body, dict)]
        if not asked:
            return []
        last = cast("dict[str, Any]", asked[-1].body)
        window = last.get("options", {}).get("num_ctx", 4096)
        return [{"name": last.get("model", MODEL), "context_length": window}]

    def control(self, path: str, body: bytes) -> Playback:
        try:
            return answers.json(200, self._control(path, body))
        except msgspec.DecodeError as error:
            return answers.json(400, msgspec.json.encode({"error": str(error)}))

    def _control(self, path: str, body: bytes) -> bytes:
        match path:
            case "/_script":
                self.director.set(msgspec.json.decode(body, type=Script))
            case "/_reset":
                self.reset()
            case _:
                return msgspec.json.encode(UpstreamReport(self.received, self.director.left))
        return b"{}"


def _still(path: str) -> object | None:
    """The fixed answer for a path, if any."""
    match path:
        case "/v1/models" | "/models":
            return {"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "test"}]}
        case "/api/tags":
            return {"models": [{"name": MODEL, "model": MODEL, "size": 1, "details": {"family": "test"}}]}
        case "/api/version":
            return {"version": "0.0.0-scripted"}
        case "/api/show":
            return {
                "capabilities": ["completion", "tools", "thinking"],
                "model_info": {"test.context_length": 32768},
            }
        case "/health":
            return {"status": "ok"}
        case _:
            return None


def _render(answer: Answer, path: str, asked: ChatRequestSummary) -> Playback:
    if isinstance(answer, Raw):
        return answers.raw(answer)
    model = asked.model or MODEL
    if asked.stream or (asked.stream is None and path == "/api/chat"):
        return answers.stream_playback(answer, _streamed(answer, path, model, asked))
    return answers.whole_playback(answer, _whole(answer, path, model))


def _streamed(reply: Reply, path: str, model: str, asked: ChatRequestSummary) -> answers.RenderedReply:
    match path.rpartition("/")[2]:
        case "chat":
            return native.streamed(reply, model)
        case "responses":
            return responses.streamed(reply, model)
        case "messages":
            return messages.streamed(reply, model)
        case _:
            return chat.streamed(reply, model, usage_wanted=asked.usage_wanted)


def _whole(reply: Reply, path: str, model: str) -> bytes:
    match path.rpartition("/")[2]:
        case "chat":
            return native.whole(reply, model)
        case "responses":
            return responses.whole(reply, model)
        case "messages":
            return messages.whole(reply, model)
        case _:
            return chat.whole(reply, model)


class Connection(asyncio.Protocol):
    """One client connection. Requests are answered one at a time, in order."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._playing: asyncio.Task[None] | None = None
        self._record: Received | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._new_request()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._number = self._stage.connections = self._stage.connections + 1
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._record is not None and self._record.done_at is None:
            self._record.gone_at = time.monotonic()
        if self._playing is not None:
            self._playing.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        url = urlsplit(self._url.decode())
        body = bytes(self._body)
        if url.path.startswith("/_"):
            play = self._stage.control(url.path, body)
        else:
            self._record = self._note(url.path, url.query, body)
            play = self._stage.answer(url.path, body, self._record)
        self._playing = asyncio.get_running_loop().create_task(self._play(play, self._record))
        self._new_request()

    def _new_request(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body = bytearray()

    def _note(self, path: str, query: str, body: bytes) -> Received:
        record = Received(
            number=len(self._stage.received),
            connection=self._number,
            method=self._parser.get_method().decode(),
            path=path,
            query=query,
            headers=self._headers,
            body=_json(body),
            raw=body.decode("utf-8", "replace") if path == "/v1/messages" else "",
            at=time.monotonic(),
        )
        self._stage.received.append(record)
        return record

    async def _play(self, play: Playback, record: Received | None) -> None:
        await asyncio.sleep(play.before_headers)
        if play.framing != "none":
            self._transport.write(play.head())
        for step in play.steps:
            if not isinstance(step, bytes):
                await asyncio.sleep(step)
                continue
            if record is not None and record.first_byte_at is None:
                record.first_byte_at = time.monotonic()
            self._transport.write(play.frame(step))
            await asyncio.sleep(0)
        await self._end(play)
        if record is not None and record.gone_at is None:
            record.done_at = time.monotonic()

    async def _end(self, play: Playback) -> None:
        match play.ending:
            case "stall":
                await asyncio.Event().wait()
            case "reset":
                linger = struct.pack("ii", 1, 0)
                self._transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, linger
                )
                self._transport.abort()
            case "cut":
                self._transport.close()
            case "done" | "error":
                self._transport.write(play.last())
                if not play.keep_alive or play.framing == "none":
                    self._transport.close()


def _json(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None


async def serve_upstream(host: str, port: int, stage: Stage | None = None) -> asyncio.Server:
    shared = stage or Stage()
    return await asyncio.get_running_loop().create_server(lambda: Connection(shared), host, port)
