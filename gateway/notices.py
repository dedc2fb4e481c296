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
"""The type checker accepts no other name in a notice."""

NOTICES: Mapping[NoticeName, NoticeKind] = {
    "clamped.document": NoticeKind(
        "a PDF has more pages or text than the limit; the text names how much is left out"
    ),
    "clamped.effort": NoticeKind("the model does not support the requested effort; the nearest one was sent"),
    "clamped.max_tokens": NoticeKind(
        "`max_tokens` exceeded the model's limit or the room left in its window; it was lowered"
    ),
    "clamped.temperature": NoticeKind(
        "`temperature` exceeded the server's maximum; it was lowered", kinds=("openai",)
    ),
    "dropped.annotations": NoticeKind(
        "citations in an answer: its text and the sources are passed on, the cited ranges are not",
        Timing.ANSWER,
        kinds=("openai", "responses"),
    ),
    "dropped.block": NoticeKind(
        "a content block of an unknown type, or in a place where that type has no meaning"
    ),
    "dropped.citations": NoticeKind("citations were requested, but no upstream supports them"),
    "dropped.context_management": NoticeKind(
        "an edit of `context_management` that the gateway does not perform, such as compaction by threshold"
    ),
    "dropped.document": NoticeKind(
        "a PDF without text, or a document that could not be fetched; a line of text replaces it"
    ),
    "dropped.effort": NoticeKind("the requested effort: the upstream has no field for it, or refuses it"),
    "dropped.file": NoticeKind("a file known only by its id; a line of text replaces it"),
    "dropped.image": NoticeKind(
        "the model has no vision, or an image could not be fetched; a line of text replaces it"
    ),
    "dropped.inference_geo": NoticeKind(
        "the requested region: the gateway cannot guarantee where a model runs"
    ),
    "dropped.output_format": NoticeKind("an output format other than a JSON schema"),
    "dropped.output_item": NoticeKind(
        "an item of an answer that has no content block in the Messages API",
        Timing.ANSWER,
        kinds=("responses",),
    ),
    "dropped.parallel_tool_calls": NoticeKind(
        "the client allows one tool call at a time; later calls were dropped", Timing.ANSWER
    ),
    "dropped.parameter": NoticeKind(
        "an optional field that the upstream refuses; log level `debug` names it"
    ),
    "dropped.reasoning": NoticeKind(
        "the model reasoned although the client did not ask for it", Timing.ANSWER
    ),
    "dropped.role": NoticeKind("a message of an unknown role was treated as a user message"),
    "dropped.safeguards": NoticeKind(
        "`safeguards`: the upstream gives no verdicts on tool calls, so Claude Code's auto mode must "
        "ask a model (`gateway env` sets that up)"
    ),
    "dropped.sampling": NoticeKind(
        "`temperature` or `top_p`: the model refuses it", kinds=("openai", "responses")
    ),
    "dropped.schema_constraints": NoticeKind(
        "limits and patterns in a schema that the upstream could not compile to a grammar; the "
        "descriptions state them"
    ),
    "dropped.search_option": NoticeKind(
        "an option of the web search, such as `blocked_domains`, that the searching server does not support",
        kinds=("responses",),
    ),
    "dropped.server_tool": NoticeKind(
        "a server tool call in the history without a result, or a result without a call"
    ),
    "dropped.speed": NoticeKind(
        "`speed: fast`: the provider configures no `fast_tier`, or its server refuses it"
    ),
    "dropped.strict": NoticeKind(
        "`strict` of a tool or an answer: the upstream or the schema has no strict form"
    ),
    "dropped.structured_output": NoticeKind(
        "the answer still does not match its schema after a second request", Timing.ANSWER
    ),
    "dropped.thinking": NoticeKind(
        "reasoning was requested, but this upstream cannot be asked for it, refuses it, or refuses it "
        "with tools, a forced tool or a continued answer; or a server of Responses could not read "
        "the reasoning sent back to it"
    ),
    "dropped.tool": NoticeKind(
        "a tool that the gateway cannot offer, such as Anthropic's own web search, or a duplicate name"
    ),
    "dropped.tool_arguments": NoticeKind(
        "deltas of a tool call that arrived after its end", Timing.ANSWER, kinds=("openai", "responses")
    ),
    "dropped.tool_call": NoticeKind(
        "a tool call without a name, or one that `max_tokens` truncated so that its own server could "
        "not parse it",
        Timing.ANSWER,
    ),
    "dropped.tool_choice": NoticeKind(
        "a `tool_choice` of an unknown type, or a required call that the model did not make",
        Timing.EITHER,
    ),
    "dropped.top_k": NoticeKind("the upstream has no `top_k`, or refuses it", kinds=("openai", "responses")),
    "empty_answer": NoticeKind("the upstream ended cleanly without any content", Timing.ANSWER),
    "emulated.compaction": NoticeKind("the model was asked for the summary as an ordinary answer"),
    "emulated.disable_parallel_tool_use": NoticeKind(
        "the upstream cannot forbid parallel calls; the first one is kept"
    ),
    "emulated.prewarm": NoticeKind(
        "`max_tokens: 0` was answered without an upstream request, since the upstream caches without it"
    ),
    "emulated.server_tool": NoticeKind(
        "a web search or fetch was requested, but no server can run it; the answer reports that"
    ),
    "emulated.stop_sequences": NoticeKind(
        "the upstream does not report the matched stop sequence, takes fewer, or refuses them; the "
        "gateway matches them"
    ),
    "emulated.structured_output": NoticeKind(
        "the answer's schema is a line in the system prompt, and the gateway validates the answer"
    ),
    "emulated.tool_choice_any": NoticeKind(
        "the upstream cannot require a tool call, or refuses to; a line in the system prompt requires it"
    ),
    "emulated.tool_choice_none": NoticeKind(
        "the upstream cannot forbid tool calls, or refuses to; no tool is offered"
    ),
    "emulated.tool_choice_tool": NoticeKind(
        "the upstream cannot require a named tool, or refuses to; only that tool is offered, and a "
        "line in the system prompt or `tool_choice: any` requires the call"
    ),
    "emulated.tool_result": NoticeKind(
        "a tool call in the history has no result; the model sees it as interrupted"
    ),
    "emulated.tool_search": NoticeKind("tool search: all tools are offered from the start"),
    "estimated.usage": NoticeKind("the upstream sent no token counts", Timing.ANSWER),
    "fallback.target": NoticeKind(
        "a target failed before its first content, and the next target of the route answered"
    ),
    "repaired.answer": NoticeKind(
        "the upstream's answer deviated from its protocol, such as a number in a string or a null in "
        "a list; what could be read was used",
        Timing.ANSWER,
    ),
    "repaired.request": NoticeKind("a lone surrogate in the request became U+FFFD"),
    "repaired.stop_reason": NoticeKind(
        "the upstream's finish reason did not fit what it sent, or Ollama sent none when it stopped a "
        "model that repeated one token",
        Timing.ANSWER,
    ),
    "repaired.structured_output": NoticeKind(
        "the JSON was extracted from surrounding text, or requested again because it did not match",
        Timing.ANSWER,
    ),
    "repaired.tool_arguments": NoticeKind(
        "a tool call's arguments were malformed JSON, or of a type that the tool's schema refuses",
        Timing.ANSWER,
    ),
    "repaired.tool_call": NoticeKind(
        "the upstream could not parse its own model's tool call, and was asked once more"
    ),
}

_HEAD = """\
# Notices

If an upstream cannot express something, the gateway drops, emulates or repairs it, and reports a notice. The
names of notices are stable across releases. A notice stands:

- in the header `x-gateway-warnings`, if it is known when the answer begins;
- in the request's log line, under `notices`;
- in the counter `gateway_notices_total{name="..."}` of `/metrics`;
- in a stream, for later notices, in one comment before `message_stop`.

*In* tells where the gateway finds the reason: notices about the request are always in the header; notices
about the answer are in the header of a plain answer, and in the comment of a stream. *Upstreams* lists the
kinds that can cause it, if not all can. This page is generated from the code, and a test causes each notice.

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
