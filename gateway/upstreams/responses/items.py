"""Turns of the normal form -> input items of Responses.

Rules:
- An assistant's text and calls are separate items, and so is each piece of reasoning, before the item it led
  to. Reasoning without a following item is left out: the server refuses it.
- Images and PDFs in a tool result stay in it.
- `arguments` is the client's own JSON text, byte for byte: the prompt stays the same from turn to turn.
- Contents of messages are always lists: a turn may grow at its end from one request to the next.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.anthropic.conversation import turns as t
from gateway.anthropic.conversation.content_parts import (
    ContentPart,
    ImagePart,
    PdfPart,
    merge_texts,
    separate_texts,
)
from gateway.anthropic.wire import as_it_is
from gateway.upstreams.request.cache_control import system_sections
from gateway.upstreams.request.plan import RequestPlan
from gateway.upstreams.responses import wire as r
from gateway.upstreams.responses.marks import keep_last_breakpoints, mark_outputs, marked_text, set_mark

_BEHIND = t.ReasoningItem("", "", "", text_length=2**31, calls=2**31)
"""Sentinel for the end of every turn."""


def input_items(plan: RequestPlan, system_role: str, *, reasoning: bool, marks: bool) -> list[r.SentItem]:
    """`reasoning`: whether the server takes reasoning back. `marks`: write the prompt-cache marks of the
    request; the system prompt is then the first item."""
    items: list[r.SentItem] = []
    if marks and plan.system:
        parts = [marked_text(text, mark) for text, mark in system_sections(plan)]
        items.append(r.SentMessage(system_role, parts))
    for turn in plan.turns:
        match turn:
            case t.AssistantTurn():
                items += _assistant(turn, turn.thoughts if reasoning else [])
            case t.UserTurn():
                items += _user(turn, marks=marks)
            case t.SystemTurn():
                text = marked_text(turn.text, turn.end_mark if marks else None)
                items.append(r.SentMessage(system_role, [text]))
    if marks:
        keep_last_breakpoints(items)
    return items


def _assistant(turn: t.AssistantTurn, thoughts: list[t.ReasoningItem]) -> list[r.SentItem]:
    sent: list[r.SentItem] = []
    waiting: list[r.SentItem] = []
    length = calls = 0
    for thought in (*thoughts, _BEHIND):
        found = list(_between(turn, length, calls, thought))
        if found:
            sent += [*waiting, *found]
            waiting = []
        length, calls = thought.text_length, thought.calls
        waiting.append(_reasoning(thought))
    return sent


def _between(turn: t.AssistantTurn, begin: int, calls: int, end: t.ReasoningItem) -> Iterator[r.SentItem]:
    """The items of the turn from a position up to a reasoning item: text, then calls."""
    text = turn.text[begin : end.text_length]
    if text.strip():
        yield r.SentMessage("assistant", [r.OutputText(text)])
    for call in turn.calls[calls : end.calls]:
        yield r.SentCall(call.id, call.name, str(bytes(call.input), "utf-8"))


def _reasoning(thought: t.ReasoningItem) -> r.SentReasoning:
    summary = [r.SummaryText(thought.summary)] if thought.summary else []
    return r.SentReasoning(thought.id, summary, thought.encrypted)


def _user(turn: t.UserTurn, *, marks: bool) -> list[r.SentItem]:
    """Tool results, then a message if anything is left."""
    outputs = _tool_outputs(turn)
    if marks:
        mark_outputs(outputs, turn.results_mark)
    if not turn.pieces:
        return [*outputs]
    content = separate_texts(turn.pieces) if marks else merge_texts(turn.pieces)
    parts = [input_part(piece) for piece in content]
    if marks:
        for place, mark in (turn.marks or {}).items():
            set_mark(parts[place], mark)
    return [*outputs, r.SentMessage("user", parts)]


def _tool_outputs(turn: t.UserTurn) -> list[r.SentOutput]:
    """The tool results, with the reminders at the end of the last one."""
    outputs = [
        r.SentOutput(result.id, as_it_is(result.quoted) or _output(result.pieces or []))
        for result in turn.results
    ]
    if outputs and turn.reminders:
        _append(outputs[-1], turn.reminders)
    return outputs


def _output(parts: list[ContentPart]) -> str | list[r.SentPart]:
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) == len(parts):
        return "\n".join(texts)
    return [input_part(part) for part in merge_texts(parts)]


def _append(output: r.SentOutput, reminders: list[str]) -> None:
    if isinstance(output.output, str):
        output.output = "\n\n".join(filter(None, [output.output, *reminders]))
    else:
        output.output += map(r.InputText, reminders)


def input_part(part: ContentPart) -> r.SentPart:
    match part:
        case str():
            return r.InputText(part)
        case ImagePart():
            return r.InputImage(part.url or f"data:{part.media_type};base64,{part.data}", "auto")
        case PdfPart(url="", name=name):
            name = name if name.lower().endswith(".pdf") else f"{name}.pdf"
            return r.InputFile(name, f"data:application/pdf;base64,{part.data}")
        case PdfPart():
            return r.InputFile(file_url=part.url)
