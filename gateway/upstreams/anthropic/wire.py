"""The inspected fields of a passed-through conversation; all others pass unread."""

from __future__ import annotations

from msgspec import Raw, Struct


class Usage(Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class Message(Struct):
    """A whole answer, or the one inside `message_start`."""

    type: str = ""
    stop_reason: str | None = None
    usage: Usage | None = None


class Stop(Struct):
    stop_reason: str | None = None


class Event(Struct):
    """One event of a stream; the relevant keys of all types."""

    type: str
    index: int | None = None
    message: Message | None = None
    delta: Stop | None = None
    usage: Usage | None = None


class Block(Struct):
    """The fields that show whether this gateway wrote a block. In an unknown block they may hold anything."""

    type: str = ""
    text: Raw = Raw()
    signature: Raw = Raw()
    data: Raw = Raw()
    content: Raw = Raw()
    tool_changes: Raw = Raw()
    id: Raw = Raw()
    tool_use_id: Raw = Raw()


class Turn(Struct):
    """A message of the history; `content` is inspected only if it is a list."""

    role: str = ""
    content: Raw = Raw()


class Problem(Struct):
    type: str = ""
    message: str = ""
    details: dict[str, object] | None = None


class Failure(Struct):
    error: Problem


class ContextManagement(Struct):
    original_input_tokens: int | None = None


class Counted(Struct):
    input_tokens: int
    context_management: ContextManagement | None = None
