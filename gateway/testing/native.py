"""A reply as Ollama's `/api/chat`: NDJSON lines, or one JSON object.

As in Ollama, tool calls are sent whole, with an object as arguments, and the counts are in the last line.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.testing.answers import RenderedReply, cut_text
from gateway.testing.script import Call, Reply

CREATED = "2026-11-22T07:00:00.000000Z"


def streamed(reply: Reply, model: str) -> RenderedReply:
    content = [
        _line(model, {"content": "", "thinking": piece}) for piece in cut_text(_thinking(reply), reply.pieces)
    ]
    content += [_line(model, {"content": piece}) for piece in cut_text(_visible(reply), reply.pieces)]
    content += [_line(model, {"content": "", "tool_calls": [_call(call)]}) for call in reply.calls]
    return RenderedReply(
        content_type="application/x-ndjson",
        opening=(),
        content=tuple(content),
        closing=(_line(model, {"content": ""}, _closing(reply)),),
        error=msgspec.json.encode({"error": reply.error}) + b"\n",
    )


def whole(reply: Reply, model: str) -> bytes:
    message: dict[str, Any] = {"content": _visible(reply)}
    if thinking := _thinking(reply):
        message["thinking"] = thinking
    if reply.calls:
        message["tool_calls"] = [_call(call) for call in reply.calls]
    return _line(model, message, _closing(reply))


def _line(model: str, message: dict[str, Any], closing: dict[str, Any] | None = None) -> bytes:
    body: dict[str, Any] = {
        "model": model,
        "created_at": CREATED,
        "message": {"role": "assistant", **message},
    }
    return msgspec.json.encode(body | (closing or {"done": False})) + b"\n"


def _closing(reply: Reply) -> dict[str, Any]:
    closing: dict[str, Any] = {
        "done": True,
        "done_reason": reply.finish or "stop",
        "total_duration": 1_000_000,
    }
    if reply.usage_in != "none":
        closing |= {"prompt_eval_count": reply.usage.prompt, "eval_count": reply.usage.completion}
    return closing


def _call(call: Call) -> dict[str, Any]:
    function: dict[str, Any] = {"name": call.name, "arguments": call.arguments}
    if call.index is not None:
        function["index"] = max(call.index, 0)
    return {"function": function} if call.id is None else {"id": call.id, "function": function}


def _thinking(reply: Reply) -> str:
    return "" if reply.think_tags else reply.reasoning


def _visible(reply: Reply) -> str:
    return f"<think>{reply.reasoning}</think>{reply.text}" if reply.think_tags else reply.text
