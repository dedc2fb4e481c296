"""Turns of the normal form -> Chat Completions messages.

Rules:
- Tool messages can hold only text: images and PDFs in a result follow in a user message after all results.
- `arguments` is the client's own JSON text, byte for byte: the prompt stays the same from turn to turn.
- User content is a string as long as it is only text: not every server or template takes parts.
"""

from __future__ import annotations

from collections import Counter

from msgspec import UNSET, UnsetType

from gateway.anthropic.conversation import turns as t
from gateway.anthropic.conversation.content_parts import (
    ContentPart,
    ImagePart,
    PdfPart,
    join_texts,
    merge_texts,
    separate_texts,
)
from gateway.anthropic.wire import as_it_is
from gateway.settings.quirks import Quirks
from gateway.upstreams.openai import wire as o
from gateway.upstreams.openai.marks import MarkWriter, keep_last_marks
from gateway.upstreams.request.plan import RequestPlan

UNKNOWN_SIGNATURE = "skip_thought_signature_validator"
"""General knowledge, not checked: Gemini's placeholder for a call whose thought signature is not known."""


def chat_messages(plan: RequestPlan, quirks: Quirks, marks: MarkWriter | None = None) -> list[o.SentMessage]:
    """`marks`: write the prompt-cache marks of the request, and all contents as lists of parts."""
    messages: list[o.SentMessage] = []
    if plan.system:
        system = marks.system_parts(plan) if marks else plan.system
        messages.append(o.SentMessage(quirks.system_role, system))
    for turn in plan.turns:
        match turn:
            case t.AssistantTurn():
                message = assistant_message(turn, quirks)
                messages.append(marks.as_parts(message, turn.end_mark) if marks else message)
            case t.UserTurn():
                messages += _user(turn, marks)
            case t.SystemTurn():
                message = o.SentMessage(quirks.system_role, turn.text)
                messages.append(marks.as_parts(message, turn.end_mark) if marks else message)
    if marks:
        keep_last_marks(messages)
    return messages


def assistant_message(turn: t.AssistantTurn, quirks: Quirks) -> o.SentMessage:
    message = o.SentMessage("assistant", turn.text)
    if turn.calls:
        message.tool_calls = [_call(call) for call in turn.calls]
        if quirks.call_signatures:
            _sign(message.tool_calls, turn.calls)
        if not turn.text:
            message.content = _EMPTY_CONTENT[quirks.empty_content]
    if turn.details and quirks.reasoning_details:
        message.reasoning_details = turn.details
        return message
    thinking = turn.thinking or (" " if turn.calls and quirks.reasoning_placeholder else "")
    if thinking:
        _think(message, thinking, quirks)
    return message


def _think(message: o.SentMessage, thinking: str, quirks: Quirks) -> None:
    text = message.content if isinstance(message.content, str) else ""
    match quirks.reasoning_field:
        case "content":
            tag = quirks.think_tag
            message.content = f"<{tag}>\n{thinking.strip()}\n</{tag}>\n\n{text}"
        case "parts":
            parts = [o.TextPart(text)] if text else []
            message.content = [o.ThinkingPart([o.TextPart(thinking)]), *parts]
        case "reasoning_content" | "reasoning":
            setattr(message, quirks.reasoning_field, thinking)


def _call(call: t.ToolCall) -> o.SentCall:
    return o.SentCall(call.id, o.SentFunction(call.name, str(call.input, "utf-8")), "function")


def _sign(sent: list[o.SentCall], calls: list[t.ToolCall]) -> None:
    """Only the first of parallel calls has a signature: calls after a known signature need none."""
    unknown = UNKNOWN_SIGNATURE
    for one, call in zip(sent, calls, strict=True):
        if signature := call.signature or unknown:
            one.extra_content = o.CallExtras(o.GoogleCall(signature))
        if call.signature:
            unknown = ""


_EMPTY_CONTENT: dict[str, str | UnsetType | None] = {"null": None, "empty": "", "omit": UNSET}


def _user(turn: t.UserTurn, marks: MarkWriter | None) -> list[o.SentMessage]:
    """Tool messages, then a user message with their images and all other content, if there is any."""
    messages, attached = _tool_messages(turn)
    if marks:
        for message in messages:
            marks.as_parts(message, turn.results_mark if message is messages[-1] else None)
    if parts := attached + turn.pieces:
        content = _marked_parts(turn, parts, marks) if marks else _content(parts)
        messages.append(o.SentMessage("user", content))
    return messages


def _marked_parts(turn: t.UserTurn, content: list[ContentPart], marks: MarkWriter) -> list[o.SentPart]:
    """A part for each of `content`, of which the last ones are the turn's own."""
    parts = [message_part(part) for part in separate_texts(content)]
    attached = len(content) - len(turn.pieces)
    for place, mark in (turn.marks or {}).items():
        marks.mark(parts[attached + place], mark)
    return parts


def _tool_messages(turn: t.UserTurn) -> tuple[list[o.SentMessage], list[ContentPart]]:
    """The tool messages, and the parts that the user message after them must begin with."""
    messages: list[o.SentMessage] = []
    attached: list[ContentPart] = []
    counts = Counter[type]()
    for result in turn.results:
        text = as_it_is(result.quoted) or _lines(result.pieces or [], attached, counts)
        messages.append(o.SentMessage("tool", text, tool_call_id=result.id))
    if attached:
        attached += turn.reminders
    elif turn.reminders and messages:
        _append(messages[-1], turn.reminders)
    return messages, attached


def _lines(parts: list[ContentPart], attached: list[ContentPart], counts: Counter[type]) -> str:
    """The text of a result. Its images and files are attached and numbered through the turn."""
    lines: list[str] = []
    for part in parts:
        if isinstance(part, str):
            lines.append(part)
            continue
        counts[type(part)] += 1
        what = "image" if isinstance(part, ImagePart) else "document"
        number = counts[type(part)]
        lines.append(f"[{what} {number} attached below]")
        attached += [f"[{what} {number}]", part]
    return "\n".join(lines)


def _append(message: o.SentMessage, reminders: list[str]) -> None:
    texts = [message.content] if isinstance(message.content, str) and message.content else []
    message.content = "\n\n".join([*texts, *reminders])


def _content(parts: list[ContentPart]) -> str | list[o.SentPart]:
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) == len(parts):
        return join_texts(texts)
    return [message_part(part) for part in merge_texts(parts)]


def message_part(part: ContentPart) -> o.SentPart:
    match part:
        case str():
            return o.TextPart(part)
        case ImagePart():
            return o.ImagePart(o.ImageUrl(part.url or f"data:{part.media_type};base64,{part.data}"))
        case PdfPart():
            name = part.name if part.name.lower().endswith(".pdf") else f"{part.name}.pdf"
            return o.FilePart(o.File(name, part.url or f"data:application/pdf;base64,{part.data}"))
