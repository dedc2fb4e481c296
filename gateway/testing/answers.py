"""An answer as the server plays it: a head, then bytes and pauses, then an ending."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Literal

from attrs import frozen

from gateway.testing.script import Ending, Raw, Reply

JSON = {"content-type": "application/json"}


@frozen
class Playback:
    """`steps`: bytes are sent in one write, a float is a pause in seconds."""

    status: int
    headers: tuple[tuple[str, str], ...]
    steps: tuple[bytes | float, ...]
    before_headers: float = 0.0
    ending: Ending = "done"
    framing: Literal["length", "chunked", "none"] = "chunked"
    keep_alive: bool = True

    def head(self) -> bytes:
        if self.framing == "none":
            return b""
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.framing == "chunked":
            lines.append("transfer-encoding: chunked")
        else:
            size = sum(len(step) for step in self.steps if isinstance(step, bytes))
            lines.append(f"content-length: {size}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def frame(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self.framing == "chunked" else data

    def last(self) -> bytes:
        return b"0\r\n\r\n" if self.framing == "chunked" else b""


@frozen
class RenderedReply:
    """A reply rendered in one protocol: the bytes before the content, the content, and the bytes after it."""

    content_type: str
    opening: tuple[bytes, ...]
    content: tuple[bytes, ...]
    closing: tuple[bytes, ...]
    error: bytes
    """The bytes for the ending `error`."""


def stream_playback(reply: Reply, rendered: RenderedReply) -> Playback:
    steps = tuple(_split(_steps(reply, rendered), reply.split))
    return Playback(
        status=200,
        headers=(("content-type", rendered.content_type),),
        steps=steps,
        before_headers=reply.before_headers,
        ending="done" if reply.ending == "error" else reply.ending,
    )


def _steps(reply: Reply, rendered: RenderedReply) -> Iterator[bytes | float]:
    if reply.before_content:
        yield reply.before_content
    yield from rendered.opening
    whole = reply.ending == "done" or reply.after is None
    for number, chunk in enumerate(rendered.content if whole else rendered.content[: reply.after]):
        if reply.pause and number == reply.pause_after:
            yield reply.pause
        if reply.delay:
            yield reply.delay
        yield chunk
    if reply.ending == "done":
        yield from rendered.closing
    elif reply.ending == "error":
        yield rendered.error


def _split(steps: Iterable[bytes | float], size: int) -> Iterator[bytes | float]:
    """Cut the bytes into pieces of `size`; the pause between them separates the reads."""
    for step in steps:
        if not isinstance(step, bytes) or not size:
            yield step
            continue
        for start in range(0, len(step), size):
            yield step[start : start + size]
            yield 0.0005


def whole_playback(reply: Reply, body: bytes) -> Playback:
    """A JSON answer. An ending other than `done` occurs in the middle of the body."""
    broken = reply.ending != "done"
    silence = reply.before_content + reply.pause
    return Playback(
        status=200,
        headers=tuple(JSON.items()),
        steps=(silence, body[: len(body) // 2] if broken else body),
        before_headers=reply.before_headers,
        ending="cut" if reply.ending == "error" else reply.ending,
        framing="chunked" if broken else "length",
    )


def raw(answer: Raw) -> Playback:
    return Playback(
        status=answer.status,
        headers=tuple(answer.headers.items()),
        steps=tuple(
            chunk.encode(answer.encoding) if isinstance(chunk, str) else float(chunk)
            for chunk in answer.chunks
        ),
        before_headers=answer.before_headers,
        ending=answer.ending,
        framing=answer.framing,
        keep_alive=answer.keep_alive,
    )


def json(status: int, body: bytes) -> Playback:
    return Playback(status=status, headers=tuple(JSON.items()), steps=(body,), framing="length")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def cut_text(text: str, pieces: int) -> list[str]:
    """`text` in at most `pieces` non-empty pieces of about equal length."""
    size = max(1, -(-len(text) // max(1, pieces)))
    return [text[start : start + size] for start in range(0, len(text), size)]
