"""A reply as OpenAI's Responses: named events, or one JSON object.

The shapes are those of OpenAI's own server: every item is announced, streamed in pieces, and repeated as a
whole; reasoning is a summary with its encrypted content; the usage is in the last event.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import msgspec

from gateway.testing.answers import RenderedReply, cut_text
from gateway.testing.script import Call, Reply, Usage

CREATED = 1_795_330_000
Json = dict[str, Any]


def streamed(reply: Reply, model: str) -> RenderedReply:
    number = count()

    def event(kind: str, **fields: Any) -> bytes:
        data = msgspec.json.encode({"type": kind, "sequence_number": next(number), **fields})
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)

    opening = event("response.created", response=_response(reply, model, "in_progress", []))
    content = tuple(event(kind, **fields) for kind, fields in _content(reply))
    status = _status(reply)
    last = _response(reply, model, status, _items(reply))
    failed = {"code": "server_error", "message": reply.error}
    return RenderedReply(
        content_type="text/event-stream",
        opening=(opening,),
        content=content,
        closing=(event(f"response.{status}", response=last),) if reply.finish != "" else (),
        error=event("response.failed", response={**last, "status": "failed", "error": failed}),
    )


def whole(reply: Reply, model: str) -> bytes:
    return msgspec.json.encode(_response(reply, model, _status(reply), _items(reply)))


def _content(reply: Reply) -> Iterator[tuple[str, Json]]:
    calls = iter(reply.calls)
    for place, item in enumerate(_items(reply)):
        where = {"output_index": place, "item_id": item["id"]}
        empty = {"status": "in_progress", **_EMPTY[item["type"]]}
        yield "response.output_item.added", {"output_index": place, "item": {**item, **empty}}
        match item["type"]:
            case "reasoning" if reply.reasoning:
                yield from _thinking(reply, where)
            case "message":
                yield from _speaking(reply, where)
            case "function_call":
                yield from _calling(next(calls), where)
            case _:
                pass
        yield "response.output_item.done", {"output_index": place, "item": item}


_EMPTY: dict[str, Json] = {
    "reasoning": {"summary": [], "encrypted_content": None},
    "message": {"content": []},
    "function_call": {"arguments": ""},
}


def _thinking(reply: Reply, where: Json) -> Iterator[tuple[str, Json]]:
    where = {**where, "summary_index": 0}
    name = "response.reasoning_summary"
    yield f"{name}_part.added", {**where, "part": {"type": "summary_text", "text": ""}}
    for piece in cut_text(reply.reasoning, reply.pieces):
        yield f"{name}_text.delta", {**where, "delta": piece}
    yield f"{name}_text.done", {**where, "text": reply.reasoning}
    yield f"{name}_part.done", {**where, "part": {"type": "summary_text", "text": reply.reasoning}}


def _speaking(reply: Reply, where: Json) -> Iterator[tuple[str, Json]]:
    where = {**where, "content_index": 0}
    yield "response.content_part.added", {**where, "part": _text("")}
    for piece in cut_text(reply.text, reply.pieces):
        yield "response.output_text.delta", {**where, "delta": piece, "logprobs": []}
    yield "response.output_text.done", {**where, "text": reply.text, "logprobs": []}
    yield "response.content_part.done", {**where, "part": _text(reply.text)}


def _calling(call: Call, where: Json) -> Iterator[tuple[str, Json]]:
    name = "response.function_call_arguments"
    for piece in cut_text(call.arguments_text, call.pieces):
        yield f"{name}.delta", {**where, "delta": piece}
    yield f"{name}.done", {**where, "name": call.name, "arguments": call.arguments_text}


def _items(reply: Reply) -> list[Json]:
    items: list[Json] = []
    if reply.reasoning or reply.encrypted:
        summary = [{"type": "summary_text", "text": reply.reasoning}] if reply.reasoning else []
        items.append(
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": summary,
                "encrypted_content": reply.encrypted or None,
            }
        )
    if reply.text:
        message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"}
        items.append({**message, "content": [_text(reply.text)]})
    return items + [_call(call, place) for place, call in enumerate(reply.calls)]


def _call(call: Call, place: int) -> Json:
    return {
        "type": "function_call",
        "id": f"fc_{place}",
        "call_id": call.id or "",
        "name": call.name,
        "arguments": call.arguments_text,
        "status": "completed",
    }


def _text(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _status(reply: Reply) -> str:
    return "incomplete" if reply.finish == "length" else "completed"


def _response(reply: Reply, model: str, status: str, output: list[Json]) -> Json:
    over = status != "in_progress"
    return {
        "id": "resp_scripted",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": _usage(reply.usage) if over and reply.usage_in != "none" else None,
    }


def _usage(usage: Usage) -> Json:
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cached},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.completion,
    }
