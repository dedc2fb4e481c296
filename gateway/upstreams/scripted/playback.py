"""A reply of the script -> the parts of an answer, with the silences between them.

A number is a silence in seconds, a list the parts of one read. An answer that stalls ends in an endless one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from gateway.errors import Kind
from gateway.parts import End, Fault, Finish, Part, Text, Tool, Usage
from gateway.settings import scripted_replies as r
from gateway.upstreams.model_info import ModelFacts
from gateway.upstreams.response.text import Prose
from gateway.upstreams.upstream_request import ReplyWish

Step = float | list[Part]
ENDLESS = math.inf

_FINISHES = {
    "stop": Finish.STOP,
    "length": Finish.LENGTH,
    "tool_calls": Finish.TOOLS,
    "content_filter": Finish.REFUSAL,
}


def steps(reply: r.Reply, facts: ModelFacts, wish: ReplyWish) -> Iterator[Step]:
    if reply.before_content:
        yield reply.before_content
    content = list(_content(reply, Prose(facts, wish)))
    whole = reply.ending == "done" or reply.after is None
    for number, parts in enumerate(content if whole else content[: reply.after]):
        if reply.pause and number == reply.pause_after:
            yield reply.pause
        if reply.delay:
            yield reply.delay
        yield parts
    yield from _ending(reply, facts)


def _content(reply: r.Reply, prose: Prose) -> Iterator[list[Part]]:
    for piece in cut(reply.reasoning, reply.pieces):
        yield prose.thought(piece)
    for piece in cut(reply.text, reply.pieces):
        yield [Text(piece)]
    for key, call in enumerate(reply.calls):
        fragments = cut(arguments_text(call), call.pieces) or [""]
        for number, fragment in enumerate(fragments, 1):
            yield [Tool(key, call.id or "", call.name, fragment, whole=number == len(fragments))]


def _ending(reply: r.Reply, facts: ModelFacts) -> Iterator[Step]:
    match reply.ending:
        case "done":
            yield [_usage(reply.usage), End(_finish(reply))]
        case "cut" | "reset":
            yield [Fault(Kind.UPSTREAM_CUT, f"[{facts.provider}] the script breaks the answer off here")]
        case "error":
            yield [Fault(Kind.UPSTREAM_FAILED, reply.error)]
        case "stall":
            yield ENDLESS


def _finish(reply: r.Reply) -> Finish:
    if reply.finish is not None:
        return _FINISHES[reply.finish]
    return Finish.TOOLS if reply.calls else Finish.STOP


def _usage(said: r.Usage) -> Usage:
    return Usage(
        input=max(0, said.prompt - said.cached),
        output=said.completion,
        cache_read=said.cached,
        thinking=said.reasoning or None,
    )


def arguments_text(call: r.Call) -> str:
    if isinstance(call.arguments, str):
        return call.arguments
    return msgspec.json.encode(call.arguments).decode()


def cut(text: str, pieces: int) -> list[str]:
    """`text` in at most `pieces` non-empty pieces of about equal length."""
    size = max(1, -(-len(text) // pieces))
    return [text[start : start + size] for start in range(0, len(text), size)]
