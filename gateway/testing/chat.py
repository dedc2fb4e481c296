"""A reply as Chat Completions: SSE chunks, or one JSON object.

The shapes are those of OpenAI's own server: the role in a chunk of its own, ids and names in the first
fragment of a call, finish_reason in an empty chunk, usage in a chunk without choices.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import msgspec

from gateway.testing.answers import RenderedReply, cut_text
from gateway.testing.script import Call, Reply, Usage

CREATED = 1_795_330_000


def streamed(reply: Reply, model: str, *, usage_wanted: bool) -> RenderedReply:
    render = _Chunks(model, reply)
    closing = [render.finish()] if reply.finish != "" else []
    if reply.usage_in == "own" and usage_wanted:
        closing.append(render.event({"choices": [], "usage": _usage(reply.usage)}))
    if reply.end_mark:
        closing.append(b"data: [DONE]\n\n")
    return RenderedReply(
        content_type="text/event-stream",
        opening=(render.delta({"role": "assistant", "content": None if reply.calls else ""}),),
        content=tuple(render.delta(delta) for delta in _content(reply)),
        closing=tuple(closing),
        error=render.event({"error": {"message": reply.error, "type": "server_error", "code": 500}}),
    )


def whole(reply: Reply, model: str) -> bytes:
    message: dict[str, Any] = {"role": "assistant", "content": _visible(reply) or None}
    if reply.reasoning and not reply.think_tags:
        message[reply.reasoning_field] = reply.reasoning
    if reply.details:
        message["reasoning_details"] = reply.details
    if reply.calls:
        message["tool_calls"] = [_without_index(_piece(call, 0, call.arguments_text)) for call in reply.calls]
    body: dict[str, Any] = {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": CREATED,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": _finish(reply)}],
    }
    if reply.usage_in != "none":
        body["usage"] = _usage(reply.usage)
    return msgspec.json.encode(body)


class _Chunks:
    def __init__(self, model: str, reply: Reply) -> None:
        self._model = model
        self._reply = reply
        self._every = _usage(reply.usage) if reply.usage_in == "every" else None

    def delta(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        body: dict[str, Any] = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        if self._every:
            body["usage"] = self._every
        return self.event(body)

    def finish(self) -> bytes:
        body: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": _finish(self._reply)}]}
        if self._reply.usage_in in ("last", "every"):
            body["usage"] = _usage(self._reply.usage)
        return self.event(body)

    def event(self, body: dict[str, Any]) -> bytes:
        frame: dict[str, Any] = {"id": "chatcmpl-scripted", "object": "chat.completion.chunk"}
        frame |= {"created": CREATED, "model": self._model}
        return b"data: " + msgspec.json.encode(frame | body) + b"\n\n"


def _content(reply: Reply) -> Iterator[dict[str, Any]]:
    if not reply.think_tags:
        yield from ({reply.reasoning_field: piece} for piece in cut_text(reply.reasoning, reply.pieces))
    yield from ({"reasoning_details": [piece]} for detail in reply.details for piece in _grown(detail, reply))
    yield from ({"content": piece} for piece in cut_text(_visible(reply), reply.pieces))
    calls = [list(_fragments(call, place)) for place, call in enumerate(reply.calls)]
    ordered = _alternating(calls) if reply.interleave else chain.from_iterable(calls)
    yield from ({"tool_calls": [fragment]} for fragment in ordered)


def _grown(detail: dict[str, Any], reply: Reply) -> Iterator[dict[str, Any]]:
    """A detail as OpenRouter streams it: its text piece by piece, then its signature alone."""
    grows = next((name for name in ("text", "summary") if name in detail), None)
    if grows is None:
        yield detail
        return
    signature = {name: value for name, value in detail.items() if name == "signature"}
    piece = {name: value for name, value in detail.items() if name != "signature"}
    yield from ({**piece, grows: text} for text in cut_text(detail[grows], reply.pieces))
    if signature:
        yield {name: value for name, value in piece.items() if name != grows} | signature


def _alternating(calls: list[list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    longest = max(map(len, calls), default=0)
    return (call[turn] for turn in range(longest) for call in calls if turn < len(call))


def _fragments(call: Call, place: int) -> Iterator[dict[str, Any]]:
    """The first fragment has the name and no arguments yet, as OpenAI sends it."""
    first = _piece(call, place, "")
    yield first
    for piece in cut_text(call.arguments_text, call.pieces):
        fragment: dict[str, Any] = {"function": {"arguments": piece}}
        yield {"index": first["index"], **fragment} if "index" in first else fragment


def _piece(call: Call, place: int, arguments: str) -> dict[str, Any]:
    piece: dict[str, Any] = {"type": "function", "function": {"name": call.name, "arguments": arguments}}
    if call.index is not None:
        piece["index"] = place if call.index < 0 else call.index
    if call.id is not None:
        piece["id"] = call.id
    if call.signature:
        piece["extra_content"] = {"google": {"thought_signature": call.signature}}
    return piece


def _without_index(piece: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in piece.items() if key != "index"}


def _visible(reply: Reply) -> str:
    return f"<think>{reply.reasoning}</think>{reply.text}" if reply.think_tags else reply.text


def _finish(reply: Reply) -> str | None:
    if reply.finish is not None:
        return reply.finish or None
    return "tool_calls" if reply.calls else "stop"


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
