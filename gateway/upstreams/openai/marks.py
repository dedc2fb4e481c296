"""Prompt-cache marks on the parts of Chat Completions messages.

Rules:
- With marks, all contents are lists of parts, marked or not: from turn to turn only the marks change.
- Each text of a user's turn is a part of its own. Joined, they equal the text that other servers get.
- The system prompt is split where its blocks end. A mark on something that is not a part moves to the next
  part end: from tools to the end of the prompt's first block, from calls to after their results.
- If there are more marks than servers take, the last ones are kept.
"""

from __future__ import annotations

from typing import Literal

from attrs import frozen
from msgspec import UNSET

from gateway.anthropic import wire as a
from gateway.upstreams.openai import wire as o
from gateway.upstreams.request.cache_control import MOST, system_sections
from gateway.upstreams.request.cache_control import lifetime as lifetime_of
from gateway.upstreams.request.plan import RequestPlan


@frozen
class MarkWriter:
    """Writes marks in the form that the server takes."""

    form: Literal["cache_control", "breakpoint"]

    def system_parts(self, plan: RequestPlan) -> list[o.SentPart]:
        return [self.mark(o.TextPart(text), mark) for text, mark in system_sections(plan)]

    def as_parts(self, message: o.SentMessage, mark: a.CacheControl | None) -> o.SentMessage:
        """The message with its text as a part, if it has any."""
        if message.content and not isinstance(message.content, list):
            message.content = [self.mark(o.TextPart(message.content), mark)]
        return message

    def mark(self, part: o.SentPart, mark: a.CacheControl | None) -> o.SentPart:
        """The part, with the mark if it can have one."""
        if isinstance(part, o.ThinkingPart) or not mark:
            return part
        if self.form == "cache_control":
            part.cache_control = o.CacheControl(mark.type, UNSET if mark.ttl is None else mark.ttl)
        else:
            part.prompt_cache_breakpoint = o.Breakpoint(lifetime_of(mark))
        return part


def keep_last_marks(messages: list[o.SentMessage]) -> None:
    """Remove all marks except the last ones."""
    marked = [
        part
        for message in messages
        for part in (message.content if isinstance(message.content, list) else ())
        if not isinstance(part, o.ThinkingPart) and (part.cache_control or part.prompt_cache_breakpoint)
    ]
    for part in marked[:-MOST]:
        part.cache_control = part.prompt_cache_breakpoint = UNSET
