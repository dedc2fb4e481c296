"""Prompt-cache marks on the parts of input items of Responses.

Rules:
- The system prompt is a message of its own, split where its blocks end: `instructions` takes no marks.
- Outputs of calls are lists of parts, and each text of a user's turn is a part of its own, marked or not.
- An assistant's text takes no mark. If there are more marks than the server takes, the last ones are kept.
"""

from __future__ import annotations

from msgspec import UNSET

from gateway.anthropic import wire as a
from gateway.upstreams.request.cache_control import MOST, lifetime
from gateway.upstreams.responses import wire as r


def marked_text(text: str, mark: a.CacheControl | None) -> r.SentPart:
    part = r.InputText(text)
    set_mark(part, mark)
    return part


def set_mark(part: r.SentPart, mark: a.CacheControl | None) -> None:
    """Mark the part if it can have a mark."""
    if mark and not isinstance(part, r.OutputText):
        part.prompt_cache_breakpoint = r.Breakpoint(lifetime(mark))


def mark_outputs(outputs: list[r.SentOutput], mark: a.CacheControl | None) -> None:
    """Make lists of parts of all outputs, and mark the last part of the last one."""
    for output in outputs:
        if output.output and not isinstance(output.output, list):
            output.output = [r.InputText(output.output)]
    if outputs and isinstance(last := outputs[-1].output, list) and last:
        set_mark(last[-1], mark)


def keep_last_breakpoints(items: list[r.SentItem]) -> None:
    """Remove all marks except the last ones."""
    parts: list[r.SentPart] = []
    for item in items:
        if isinstance(item, r.SentMessage):
            parts += item.content
        elif isinstance(item, r.SentOutput) and isinstance(item.output, list):
            parts += item.output
    marked = [part for part in parts if not isinstance(part, r.OutputText) and part.prompt_cache_breakpoint]
    for part in marked[:-MOST]:
        part.prompt_cache_breakpoint = UNSET
