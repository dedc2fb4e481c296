"""A reply as Anthropic's Messages: named events, or one message.

The shapes are those of Anthropic's own server: a ping after the start, a signature at the end of thinking, a
tool call's input in pieces of JSON, the stop reason and the final usage in the last event but one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.testing.answers import RenderedReply, cut_text
from gateway.testing.script import Call, Reply, Usage

SIGNATURE = "EqQBCkYIARgCKkBzY3JpcHRlZA=="
"""The signature of thinking without one in the reply. Like Anthropic's own, it has no meaning for other
servers."""
_STOPS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
Json = dict[str, Any]


def streamed(reply: Reply, model: str) -> RenderedReply:
    stop = _stop(reply)
    closing: list[bytes] = []
    if stop is not None:
        ending: Json = {"delta": {"stop_reason": stop, "stop_sequence": None}}
        closing.append(_event("message_delta", **ending, **_figures(reply)))
    if reply.end_mark:
        closing.append(_event("message_stop"))
    return RenderedReply(
        content_type="text/event-stream; charset=utf-8",
        opening=(_event("message_start", message=_message(reply, model, [], None)), _event("ping")),
        content=tuple(_content(reply)),
        closing=tuple(closing),
        error=_event("error", error={"type": "api_error", "message": reply.error}),
    )


def whole(reply: Reply, model: str) -> bytes:
    return msgspec.json.encode(_message(reply, model, _blocks(reply), _stop(reply)))


def counted(body: bytes) -> Json:
    """The answer of `count_tokens`: an unusual number that grows with the request."""
    return {"input_tokens": 1_000_000 + len(body)}


def _event(kind: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode({"type": kind, **fields}))


def _content(reply: Reply) -> Iterator[bytes]:
    calls = iter(reply.calls)
    for index, block in enumerate(_blocks(reply)):
        start, deltas = _in_pieces(block, reply, calls)
        yield _event("content_block_start", index=index, content_block=start)
        for delta in deltas:
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)


def _in_pieces(block: Json, reply: Reply, calls: Iterator[Call]) -> tuple[Json, list[Json]]:
    """The start of a block, and the deltas that fill it."""
    match block["type"]:
        case "thinking":
            start = {**block, "thinking": "", "signature": ""}
            deltas = [
                {"type": "thinking_delta", "thinking": piece}
                for piece in cut_text(reply.reasoning, reply.pieces)
            ]
            return start, [*deltas, {"type": "signature_delta", "signature": block["signature"]}]
        case "tool_use":
            call = next(calls)
            pieces = ["", *cut_text(call.arguments_text, call.pieces)]
            start: Json = {**block, "input": {}}
            return start, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        case _:
            pieces = cut_text(reply.text, reply.pieces)
            return {**block, "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces]


def _blocks(reply: Reply) -> list[Json]:
    blocks: list[Json] = []
    if reply.reasoning or reply.encrypted:
        signature = reply.encrypted or SIGNATURE
        blocks.append({"type": "thinking", "thinking": reply.reasoning, "signature": signature})
    if reply.text:
        blocks.append({"type": "text", "text": reply.text})
    return blocks + [_call(call) for call in reply.calls]


def _call(call: Call) -> Json:
    arguments = call.arguments if isinstance(call.arguments, dict) else {}
    return {"type": "tool_use", "id": call.id or "", "name": call.name, "input": arguments}


def _stop(reply: Reply) -> str | None:
    if reply.finish is not None:
        return _STOPS.get(reply.finish, reply.finish) or None
    return "tool_use" if reply.calls else "end_turn"


def _message(reply: Reply, model: str, content: list[Json], stop: str | None) -> Json:
    message: Json = {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
    }
    return message | _figures(reply)


def _figures(reply: Reply) -> Json:
    return {} if reply.usage_in == "none" else {"usage": _usage(reply.usage)}


def _usage(usage: Usage) -> Json:
    return {
        "input_tokens": usage.prompt - usage.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.completion,
        "service_tier": "standard",
    }
