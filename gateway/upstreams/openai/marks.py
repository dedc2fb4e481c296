"""Turns of a request with prompt-cache marks -> Chat Completions messages that carry them.

Rules:
- All contents are lists of parts, marked or not: marks move on from turn to turn, and nothing else changes.
- Each text of a user's turn is a part of its own. Joined, they equal the text that other servers get.
- The system prompt is split where its blocks end. A mark on something that is not a part moves to the next
  part end: from tools to the end of the prompt's first block, from calls to after their results.
- If there are more marks than servers take, the last ones are kept.
"""

from __future__ import annotations

from msgspec import UNSET

from gateway.anthropic import wire as a
from gateway.anthropic.conversation import turns as t
from gateway.anthropic.conversation.content_parts import separate_texts
from gateway.settings.quirks import Quirks
from gateway.upstreams.openai import wire as o
from gateway.upstreams.openai.messages import assistant_message, message_part, tool_messages
from gateway.upstreams.request.cache_control import MOST, lifetime, system_sections
from gateway.upstreams.request.plan import RequestPlan


def marked_messages(todo: RequestPlan, quirks: Quirks) -> list[o.SentMessage]:
    sent: list[o.SentMessage] = []
    if todo.system:
        parts = [_marked(o.TextPart(text), mark, quirks) for text, mark in system_sections(todo)]
        sent.append(o.SentMessage(quirks.system_role, parts))
    for turn in todo.turns:
        match turn:
            case t.AssistantTurn():
                sent.append(_listed(assistant_message(turn, quirks), turn.end_mark, quirks))
            case t.UserTurn():
                sent += _user(turn, quirks)
            case t.SystemTurn():
                message = o.SentMessage(quirks.system_role, turn.text)
                sent.append(_listed(message, turn.end_mark, quirks))
    _unmark(sent)
    return sent


def _user(turn: t.UserTurn, quirks: Quirks) -> list[o.SentMessage]:
    told: list[o.SentMessage] = []
    attached = tool_messages(turn, told)
    sent = [_listed(message, turn.results_mark if message is told[-1] else None, quirks) for message in told]
    if pieces := attached + turn.pieces:
        parts = [message_part(piece) for piece in separate_texts(pieces)]
        for place, mark in (turn.marks or {}).items():
            _marked(parts[len(attached) + place], mark, quirks)
        sent.append(o.SentMessage("user", parts))
    return sent


def _listed(message: o.SentMessage, mark: a.CacheControl | None, quirks: Quirks) -> o.SentMessage:
    """The message with its text as a part, if it has any."""
    if message.content and not isinstance(message.content, list):
        message.content = [_marked(o.TextPart(message.content), mark, quirks)]
    return message


def _marked(part: o.SentPart, mark: a.CacheControl | None, quirks: Quirks) -> o.SentPart:
    if isinstance(part, o.ThinkingPart):
        return part
    if mark and quirks.cache_markers == "cache_control":
        part.cache_control = o.CacheControl(mark.type, UNSET if mark.ttl is None else mark.ttl)
    elif mark:
        part.prompt_cache_breakpoint = o.Breakpoint(lifetime(mark))
    return part


def _unmark(sent: list[o.SentMessage]) -> None:
    """Remove all marks except the last ones."""
    marked = [
        one
        for message in sent
        for one in (message.content if isinstance(message.content, list) else ())
        if not isinstance(one, o.ThinkingPart) and (one.cache_control or one.prompt_cache_breakpoint)
    ]
    for one in marked[:-MOST]:
        one.cache_control = one.prompt_cache_breakpoint = UNSET
