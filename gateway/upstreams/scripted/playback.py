"""A reply of the script -> the parts of an answer, with the pauses between them.

A number is a pause in seconds, a list the parts of one read. An answer that stalls ends in an endless pause.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from gateway.errors import Kind
from gateway.parts import Finish, FinishReason, Part, StreamError, TextDelta, ToolCallDelta, Usage
from gateway.settings import scripted_replies as r
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.response.text import TextReader
from gateway.upstreams.upstream_request import ResponseOptions

Step = float | list[Part]
ENDLESS = math.inf

_FINISHES = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOLS,
    "content_filter": FinishReason.REFUSAL,
}


def steps(reply: r.ScriptedReply, info: ModelInfo, options: ResponseOptions) -> Iterator[Step]:
    if reply.before_content:
        yield reply.before_content
    content = list(_content(reply, TextReader(info, options)))
    whole = reply.ending == "done" or reply.after is None
    for number, parts in enumerate(content if whole else content[: reply.after]):
        if reply.pause and number == reply.pause_after:
            yield reply.pause
        if reply.delay:
            yield reply.delay
        yield parts
    yield from _ending(reply, info)


def _content(reply: r.ScriptedReply, prose: TextReader) -> Iterator[list[Part]]:
    for piece in split_text(reply.reasoning, reply.pieces):
        yield prose.add_reasoning(piece)
    for piece in split_text(reply.text, reply.pieces):
        yield [TextDelta(piece)]
    for key, call in enumerate(reply.calls):
        fragments = split_text(arguments_text(call), call.pieces) or [""]
        for number, fragment in enumerate(fragments, 1):
            yield [ToolCallDelta(key, call.id or "", call.name, fragment, whole=number == len(fragments))]


def _ending(reply: r.ScriptedReply, info: ModelInfo) -> Iterator[Step]:
    match reply.ending:
        case "done":
            yield [_usage(reply.usage), Finish(_finish(reply))]
        case "cut" | "reset":
            yield [StreamError(Kind.UPSTREAM_CUT, f"[{info.provider}] the script breaks the answer off here")]
        case "error":
            yield [StreamError(Kind.UPSTREAM_FAILED, reply.error)]
        case "stall":
            yield ENDLESS


def _finish(reply: r.ScriptedReply) -> FinishReason:
    if reply.finish is not None:
        return _FINISHES[reply.finish]
    return FinishReason.TOOLS if reply.calls else FinishReason.STOP


def _usage(usage: r.ScriptedUsage) -> Usage:
    return Usage(
        input=max(0, usage.prompt - usage.cached),
        output=usage.completion,
        cache_read=usage.cached,
        thinking=usage.reasoning or None,
    )


def arguments_text(call: r.ScriptedCall) -> str:
    if isinstance(call.arguments, str):
        return call.arguments
    return msgspec.json.encode(call.arguments).decode()


def split_text(text: str, pieces: int) -> list[str]:
    """`text` in at most `pieces` non-empty pieces of about equal length."""
    size = max(1, -(-len(text) // pieces))
    return [text[start : start + size] for start in range(0, len(text), size)]
