"""Turns of a request with prompt-cache marks -> input items of Responses that carry them.

Rules:
- The system prompt is a message of its own, split where its blocks end: `instructions` takes no marks.
- Outputs of calls are lists of parts, and each text of a user's turn is a part of its own, marked or not.
- An assistant's text takes no mark. If there are more marks than the server takes, the last ones are kept.
"""

from __future__ import annotations

from msgspec import UNSET

from gateway.anthropic import wire as a
from gateway.anthropic.conversation import turns as t
from gateway.anthropic.conversation.content_parts import separate_texts
from gateway.upstreams.request.cache_control import MOST, lifetime, system_sections
from gateway.upstreams.request.plan import RequestPlan
from gateway.upstreams.responses import wire as r
from gateway.upstreams.responses.items import assistant_items, input_part, tool_outputs


def marked_items(todo: RequestPlan, system_role: str, *, reasoning: bool) -> list[r.SentItem]:
    """`reasoning`: whether the server takes reasoning back."""
    sent: list[r.SentItem] = []
    if todo.system:
        sent.append(r.SentMessage(system_role, [_text(text, mark) for text, mark in system_sections(todo)]))
    for turn in todo.turns:
        match turn:
            case t.AssistantTurn():
                sent += assistant_items(turn, turn.thoughts if reasoning else [])
            case t.UserTurn():
                sent += _user(turn)
            case t.SystemTurn():
                sent.append(r.SentMessage(system_role, [_text(turn.text, turn.end_mark)]))
    _unmark(sent)
    return sent


def _user(turn: t.UserTurn) -> list[r.SentItem]:
    told = tool_outputs(turn)
    for output in told:
        if output.output and not isinstance(output.output, list):
            output.output = [r.InputText(output.output)]
    if told and isinstance(last := told[-1].output, list) and last:
        _mark(last[-1], turn.results_mark)
    if not turn.pieces:
        return [*told]
    parts = [input_part(piece) for piece in separate_texts(turn.pieces)]
    for place, mark in (turn.marks or {}).items():
        _mark(parts[place], mark)
    return [*told, r.SentMessage("user", parts)]


def _text(text: str, mark: a.CacheControl | None) -> r.SentPart:
    found = r.InputText(text)
    _mark(found, mark)
    return found


def _mark(part: r.SentPart, mark: a.CacheControl | None) -> None:
    if mark and not isinstance(part, r.OutputText):
        part.prompt_cache_breakpoint = r.Breakpoint(lifetime(mark))


def _unmark(sent: list[r.SentItem]) -> None:
    """Remove all marks except the last ones."""
    parts: list[r.SentPart] = []
    for item in sent:
        if isinstance(item, r.SentMessage):
            parts += item.content
        elif isinstance(item, r.SentOutput) and isinstance(item.output, list):
            parts += item.output
    marked = [one for one in parts if not isinstance(one, r.OutputText) and one.prompt_cache_breakpoint]
    for one in marked[:-MOST]:
        one.prompt_cache_breakpoint = UNSET
