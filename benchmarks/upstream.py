"""A fast fake upstream: one process, pre-rendered bytes, so that the gateway is what gets measured.

    python benchmarks/upstream.py --port 9100

Speaks OpenAI's Chat Completions, Ollama's /api/chat and Anthropic's Messages, streamed and not, on loopback.
GET /_set?chunks=200&delay_ms=0&burst=0&stamp=0 changes what the next streams are:
  chunks    text chunks per stream
  delay_ms  time between chunks; 0: one write per turn of the event loop, so a gateway gets a few per read
  burst     1: the whole stream in one write
  stamp     1: each chunk's text is `t<monotonic ns>z`, so that the receiver can tell its age
"""

import argparse
import asyncio
import json
import re
import signal
import time
from urllib.parse import parse_qsl

from attrs import frozen

TEXTS = [f" lorem ipsum token{number}" for number in range(40, 50)]
"""Varied: LiteLLM aborts a stream that repeats one chunk 100 times."""

ANSWER = TEXTS[0] * 5

STREAM = re.compile(rb'"stream"\s*:\s*true')
NO_STREAM = re.compile(rb'"stream"\s*:\s*false')
LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:\s*chunked", re.IGNORECASE)

settings = {"chunks": 200, "delay_ms": 0, "burst": 0, "stamp": 0}


def http_chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def http_json(value: object, status: bytes = b"200 OK") -> bytes:
    body = json.dumps(value).encode()
    head = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % (status, len(body)) + body


@frozen
class Dialect:
    """A protocol's bytes: a stream is `first`, then `before` + text + `after` for each chunk, then `last`."""

    content_type: bytes
    first: bytes
    before: bytes
    after: bytes
    last: bytes
    whole: bytes
    pieces: list[bytes]

    @property
    def head(self) -> bytes:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ntransfer-encoding: chunked\r\n\r\n"
        return head % self.content_type + (http_chunk(self.first) if self.first else b"")

    @property
    def tail(self) -> bytes:
        return http_chunk(self.last) + b"0\r\n\r\n"


def dialect(content_type: bytes, first: bytes, around: bytes, last: bytes, whole: object) -> Dialect:
    before, after = around.split(b"@@@")
    pieces = [http_chunk(before + text.encode() + after) for text in TEXTS]
    return Dialect(content_type, first, before, after, last, http_json(whole), pieces)


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def openai() -> Dialect:
    def event(**fields: object) -> bytes:
        head = {"id": "chatcmpl-7f3c9a5e1b2d4c6f8a0b1c2d", "object": "chat.completion.chunk"}
        return b"data: " + compact({**head, "created": 1795330000, "model": "bench", **fields}) + b"\n\n"

    def choice(delta: dict[str, str], finish: str | None = None) -> bytes:
        return event(choices=[{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}])

    usage = {"prompt_tokens": 25, "completion_tokens": 200, "total_tokens": 225}
    message = {"role": "assistant", "content": ANSWER}
    return dialect(
        b"text/event-stream; charset=utf-8",
        choice({"role": "assistant", "content": ""}),
        choice({"content": "@@@"}),
        choice({}, "stop") + event(choices=[], usage=usage) + b"data: [DONE]\n\n",
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1795330000,
            "model": "bench",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
            "usage": usage,
        },
    )


def ollama() -> Dialect:
    def line(content: str, **fields: object) -> dict[str, object]:
        head = {"model": "bench", "created_at": "2026-11-22T07:00:00.000000Z"}
        return {**head, "message": {"role": "assistant", "content": content}, **fields}

    end = {
        "done": True,
        "done_reason": "stop",
        "total_duration": 1,
        "load_duration": 1,
        "prompt_eval_count": 25,
        "prompt_eval_duration": 1,
        "eval_count": 200,
        "eval_duration": 1,
    }
    return dialect(
        b"application/x-ndjson",
        b"",
        compact(line("@@@", done=False)) + b"\n",
        compact(line("", **end)) + b"\n",
        line(ANSWER, **end),
    )


def anthropic() -> Dialect:
    def event(kind: str, **fields: object) -> bytes:
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), compact({"type": kind, **fields}))

    start = {"id": "msg_1", "type": "message", "role": "assistant", "model": "bench", "content": []}
    start |= {"stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 25, "output_tokens": 1}}
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    return dialect(
        b"text/event-stream; charset=utf-8",
        event("message_start", message=start)
        + event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": "@@@"}),
        event("content_block_stop", index=0)
        + event("message_delta", delta=stop, usage={"output_tokens": 200})
        + event("message_stop"),
        start | stop | {"content": [{"type": "text", "text": ANSWER}]},
    )


DIALECTS = {b"/chat/completions": openai(), b"/api/chat": ollama(), b"/messages": anthropic()}
MODELS = http_json(
    {
        "object": "list",
        "models": [{"name": "bench", "model": "bench"}],
        "data": [{"id": "bench", "object": "model", "created": 1, "owned_by": "bench"}],
    }
)


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests are answered one after another."""

    def connection_made(self, transport):
        self.transport = transport
        self.loop = asyncio.get_running_loop()
        self.received = bytearray()
        self.head = None
        self.timer = None

    def connection_lost(self, _error):
        if self.timer is not None:
            self.timer.cancel()
        self.transport = None

    def data_received(self, data):
        self.received += data
        while self.take_head():
            body = self.take_body()
            if body is None:
                return
            head, self.head = self.head, None
            self.answer(head, body)

    def take_head(self) -> bool:
        if self.head is None:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.head = bytes(self.received[: end + 4])
            del self.received[: end + 4]
        return True

    def take_body(self) -> bytes | None:
        if CHUNKED.search(self.head):
            size = len(self.received) if self.received.endswith(b"0\r\n\r\n") else -1
        else:
            found = LENGTH.search(self.head)
            size = int(found[1]) if found else 0
        if size < 0 or len(self.received) < size:
            return None
        body = bytes(self.received[:size])
        del self.received[:size]
        return body

    def answer(self, head: bytes, body: bytes) -> None:
        method, target = head.split(b" ", 2)[:2]
        path, _, query = target.partition(b"?")
        if path == b"/_set":
            settings.update((name, int(value)) for name, value in parse_qsl(query.decode()))
            self.transport.write(http_json(settings))
        elif method == b"POST":
            self.speak(path, body)
        else:
            self.transport.write(MODELS)

    def speak(self, path: bytes, body: bytes) -> None:
        spoken = next((dialect for ending, dialect in DIALECTS.items() if path.endswith(ending)), None)
        if spoken is None:
            self.transport.write(http_json({"error": {"message": "no such path"}}, b"404 Not Found"))
        elif STREAM.search(body) or (path.endswith(b"/api/chat") and not NO_STREAM.search(body)):
            self.stream(spoken)
        else:
            self.transport.write(spoken.whole)

    def stream(self, spoken: Dialect) -> None:
        self.spoken, self.sent = spoken, 0
        self.chunks, self.stamp = settings["chunks"], settings["stamp"]
        self.delay = settings["delay_ms"] / 1000
        if settings["burst"]:
            pieces = b"".join(spoken.pieces[number % len(TEXTS)] for number in range(self.chunks))
            self.transport.write(spoken.head + pieces + spoken.tail)
            return
        self.transport.write(spoken.head)
        self.schedule(self.loop.time())

    def schedule(self, now: float) -> None:
        if self.delay:
            self.timer = self.loop.call_at(now + self.delay, self.tick, now + self.delay)
        else:
            self.timer = self.loop.call_soon(self.tick, now)

    def tick(self, due: float) -> None:
        self.timer = None
        if self.transport is None:
            return
        piece = self.piece()
        self.sent += 1
        if self.sent >= self.chunks:
            self.transport.write(piece + self.spoken.tail)
            return
        self.transport.write(piece)
        self.schedule(due)

    def piece(self) -> bytes:
        if self.stamp:
            return http_chunk(self.spoken.before + b"t%dz" % time.monotonic_ns() + self.spoken.after)
        return self.spoken.pieces[self.sent % len(TEXTS)]


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", port, backlog=1024, reuse_address=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="A fast fake upstream on loopback.")
    parser.add_argument("--port", type=int, default=9100)
    port = parser.parse_args().port
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve(port))
    else:
        uvloop.run(serve(port))


if __name__ == "__main__":
    main()
