"""A compaction block in the history -> the summary that replaces everything before it.

A block without a summary is a failed compaction: nothing is replaced. `tool_changes` restore the tools in
effect at the end of the summarised part.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from gateway.anthropic import wire as a
from gateway.anthropic.tools.tool_changes import ToolChange, tool_change


class Summary(Struct, frozen=True):
    text: str
    changes: list[ToolChange]


class _Sent(Struct, frozen=True):
    content: str | None = None
    tool_changes: list[Raw] | None = None


class _Change(Struct, frozen=True):
    type: str = ""


_SENT = msgspec.json.Decoder(_Sent)
_CHANGE = msgspec.json.Decoder(_Change)


def summary(block: a.Unknown, path: str) -> Summary | None:
    """None if the block replaces nothing. Raises RequestRefused if a tool change cannot be read."""
    if block.type != "compaction":
        return None
    try:
        sent = _SENT.decode(block.raw)
        changes = [a.Unknown(_CHANGE.decode(raw).type, raw) for raw in sent.tool_changes or ()]
    except msgspec.ValidationError:
        return None
    if not sent.content:
        return None
    tool_changes = (tool_change(change, f"{path}.tool_changes.{i}") for i, change in enumerate(changes))
    return Summary(summary_text(sent.content), list(filter(None, tool_changes)))


def summary_text(content: str) -> str:
    """The text that replaces the summarised turns."""
    return f"<conversation-summary>\n{content}\n</conversation-summary>"
