"""The registry of notices (dropped, emulated, repaired, clamped), whose names are stable across releases.

    python -m gateway.notices > docs/notices.md

Rules:
- One name, one meaning; the details (a tool's name, a number) are in the notice's detail.
- Every notice that the code emits is listed here, and tests trigger each of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Literal

from attrs import frozen


class Timing(Enum):
    """When a notice is known: a stream's headers are sent before its answer ends."""

    REQUEST = "the request"
    ANSWER = "the answer"
    EITHER = "either"


@frozen
class NoticeKind:
    """What happened, when it is known, and for which upstream kinds; no kinds: all."""

    says: str
    found: Timing = Timing.REQUEST
    kinds: tuple[str, ...] = ()


NoticeName = Literal[
    "clamped.document",
    "clamped.effort",
    "clamped.max_tokens",
    "clamped.temperature",
    "dropped.annotations",
    "dropped.block",
    "dropped.citations",
    "dropped.context_management",
    "dropped.document",
    "dropped.effort",
    "dropped.file",
    "dropped.image",
    "dropped.inference_geo",
    "dropped.output_format",
    "dropped.output_item",
    "dropped.parallel_tool_calls",
    "dropped.parameter",
    "dropped.reasoning",
    "dropped.role",
    "dropped.safeguards",
    "dropped.sampling",
    "dropped.schema_constraints",
    "dropped.search_option",
    "dropped.server_tool",
    "dropped.speed",
    "dropped.strict",
    "dropped.structured_output",
    "dropped.thinking",
    "dropped.tool",
    "dropped.tool_arguments",
    "dropped.tool_call",
    "dropped.tool_choice",
    "dropped.top_k",
    "empty_answer",
    "emulated.compaction",
    "emulated.disable_parallel_tool_use",
    "emulated.prewarm",
    "emulated.server_tool",
    "emulated.stop_sequences",
    "emulated.structured_output",
    "emulated.tool_choice_any",
    "emulated.tool_choice_none",
    "emulated.tool_choice_tool",
    "emulated.tool_result",
    "emulated.tool_search",
    "estimated.usage",
    "fallback.target",
    "repaired.answer",
    "repaired.request",
    "repaired.stop_reason",
    "repaired.structured_output",
    "repaired.tool_arguments",
    "repaired.tool_call",
]
"""Where a name is expected, the type checker accepts no other."""

NOTICES: Mapping[NoticeName, NoticeKind] = {
    "clamped.document": NoticeKind(
        "a PDF has more pages or text than is read; the text says how much is left out"
    ),
    "clamped.effort": NoticeKind(
        "the effort asked for is more, or less, than the model takes: the nearest one was sent"
    ),
    "clamped.max_tokens": NoticeKind(
        "`max_tokens` was more than the model's limit, or than its window leaves; it was lowered"
    ),
    "clamped.temperature": NoticeKind(
        "`temperature` was more than the server takes; it was lowered", kinds=("openai",)
    ),
    "dropped.annotations": NoticeKind(
        "what an answer cites: its text is passed on and its sources are, not which words are from where",
        Timing.ANSWER,
        kinds=("openai", "responses"),
    ),
    "dropped.block": NoticeKind(
        "a content block that no upstream knows, or in a place where it has no meaning"
    ),
    "dropped.citations": NoticeKind("citations were wished for; no upstream cites"),
    "dropped.context_management": NoticeKind(
        "an edit of `context_management` that is not done here, such as compaction by threshold"
    ),
    "dropped.document": NoticeKind(
        "a PDF without text, or a document that could not be fetched: a line in its place says so"
    ),
    "dropped.effort": NoticeKind("the effort asked for: the upstream has no place for it, or refuses it"),
    "dropped.file": NoticeKind("a file known by its id alone: a line in its place says so"),
    "dropped.image": NoticeKind(
        "the model has no vision, or an image could not be fetched: a line in its place says so"
    ),
    "dropped.inference_geo": NoticeKind(
        "the region asked for: the gateway cannot vouch for where a model runs"
    ),
    "dropped.output_format": NoticeKind("an output format other than a JSON schema"),
    "dropped.output_item": NoticeKind(
        "an item of an answer that the Messages API has no block for",
        Timing.ANSWER,
        kinds=("responses",),
    ),
    "dropped.parallel_tool_calls": NoticeKind(
        "the client allows one call at a time: the later calls", Timing.ANSWER
    ),
    "dropped.parameter": NoticeKind(
        "a field that the upstream refuses, and without which the answer still holds; "
        "at log level `debug` it is named"
    ),
    "dropped.reasoning": NoticeKind(
        "the model reasoned although the client did not ask for it", Timing.ANSWER
    ),
    "dropped.role": NoticeKind("a message of an unknown role was taken for the user's"),
    "dropped.safeguards": NoticeKind(
        "`safeguards`: the upstream gives no verdicts on tool calls, so Claude Code's auto mode has to ask a "
        "model (`gateway env` sets that up)"
    ),
    "dropped.sampling": NoticeKind(
        "`temperature` or `top_p`: the model refuses it", kinds=("openai", "responses")
    ),
    "dropped.schema_constraints": NoticeKind(
        "limits and patterns in a schema of which the upstream could make no grammar: descriptions say them"
    ),
    "dropped.search_option": NoticeKind(
        "what a web search may be told, such as `blocked_domains`, and the server that does it may not",
        kinds=("responses",),
    ),
    "dropped.server_tool": NoticeKind(
        "the call of a server tool in the history has no result, or a result no call"
    ),
    "dropped.speed": NoticeKind("`speed: fast`: the provider names no `fast_tier`, or its server refuses it"),
    "dropped.strict": NoticeKind(
        "`strict` of a tool or an answer: the upstream or the schema has no strict form"
    ),
    "dropped.structured_output": NoticeKind(
        "the answer still does not match its schema, after it was asked for twice", Timing.ANSWER
    ),
    "dropped.thinking": NoticeKind(
        "the client asked for reasoning, and there is no way to ask this upstream for it, or it refuses, or "
        "not beside tools, a forced tool or a continued answer; or a server of Responses could not read the "
        "reasoning that it was given back"
    ),
    "dropped.tool": NoticeKind(
        "a tool that the gateway cannot offer, such as Anthropic's own web search, or a name given twice"
    ),
    "dropped.tool_arguments": NoticeKind(
        "pieces of a tool call that came after its end", Timing.ANSWER, kinds=("openai", "responses")
    ),
    "dropped.tool_call": NoticeKind(
        "a tool call without a name, or one that `max_tokens` cut so that its own server could not read it",
        Timing.ANSWER,
    ),
    "dropped.tool_choice": NoticeKind(
        "a `tool_choice` of an unknown type, or a call that the client demanded and the model did not make",
        Timing.EITHER,
    ),
    "dropped.top_k": NoticeKind("the upstream has no `top_k`, or refuses it", kinds=("openai", "responses")),
    "empty_answer": NoticeKind("the upstream ended cleanly and said nothing", Timing.ANSWER),
    "emulated.compaction": NoticeKind("the summary was asked of the model as an ordinary answer"),
    "emulated.disable_parallel_tool_use": NoticeKind(
        "the upstream cannot forbid parallel calls: the first is kept"
    ),
    "emulated.prewarm": NoticeKind(
        "`max_tokens: 0` was answered without asking the upstream: it caches by itself"
    ),
    "emulated.server_tool": NoticeKind(
        "a web search or fetch was asked for and nobody can do it: the answer says so"
    ),
    "emulated.stop_sequences": NoticeKind(
        "the upstream does not tell which one matched, takes fewer, or refuses them: they are matched here"
    ),
    "emulated.structured_output": NoticeKind(
        "the schema of the answer is a line in the system prompt; the answer is checked"
    ),
    "emulated.tool_choice_any": NoticeKind(
        "the upstream cannot be told that a call is demanded, or refuses to be: a line in the system prompt "
        "says so"
    ),
    "emulated.tool_choice_none": NoticeKind(
        "the upstream cannot be told that no tool may be called, or refuses to be: none is offered"
    ),
    "emulated.tool_choice_tool": NoticeKind(
        "the upstream cannot be told which tool to call, or refuses to be: that one alone is offered, and "
        "a line in the system prompt, or a demand for any call, says the rest"
    ),
    "emulated.tool_result": NoticeKind(
        "a call in the history has no result: the model is told that it was interrupted"
    ),
    "emulated.tool_search": NoticeKind("a search for tools: all are there from the start"),
    "estimated.usage": NoticeKind("the upstream gave no token counts", Timing.ANSWER),
    "fallback.target": NoticeKind(
        "a target failed before it had said anything, and the next one of the route answered"
    ),
    "repaired.answer": NoticeKind(
        "the upstream's answer was not quite of its protocol's form: a number in a string, a null in a list; "
        "what could be read of it was taken",
        Timing.ANSWER,
    ),
    "repaired.request": NoticeKind("half a character in the request (a lone surrogate) became U+FFFD"),
    "repaired.stop_reason": NoticeKind(
        "the upstream's reason for ending did not fit what it had sent, or Ollama gave none when it stopped "
        "a model that repeated one token",
        Timing.ANSWER,
    ),
    "repaired.structured_output": NoticeKind(
        "the answer was JSON among other words, which are left out, or was asked for again because it did "
        "not match",
        Timing.ANSWER,
    ),
    "repaired.tool_arguments": NoticeKind(
        "the arguments of a call were broken JSON, or of another type than the tool wants",
        Timing.ANSWER,
    ),
    "repaired.tool_call": NoticeKind(
        "the upstream could not read the call that its own model made, and was asked once more"
    ),
}

_HEAD = """\
# Notices

What an upstream cannot express is left out, imitated or mended, and each time that is said by a short name
that stays the same from release to release:

- in the header `x-gateway-warnings`, as far as it is known when the answer begins;
- in the request's log line, under `notices`;
- in the counter `gateway_notices_total{name="..."}` of `/metrics`;
- in a stream, for what came up later, in one comment before `message_stop`.

*In* says where it is found: what is found in the request is always in the header; what is found in the answer
is in the header of a plain answer, and in the comment of a stream. *Upstreams* names the kinds it can come up
with, where these are not all. This page is written from the code, and a test brings each of them about.

| name | what happened | in | upstreams |
|---|---|---|---|
"""


def page() -> str:
    return _HEAD + "".join(_rows())


def _rows() -> Iterator[str]:
    for name, meaning in NOTICES.items():
        kinds = ", ".join(f"`{kind}`" for kind in meaning.kinds)
        cells = (f"`{name}`", meaning.says, meaning.found.value, kinds)
        yield f"| {' | '.join(cells)} |\n".replace("|  |", "| |")


if __name__ == "__main__":
    sys.stdout.write(page())
