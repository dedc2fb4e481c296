"""Ollama's `/api/chat` as it is on the wire.

The answer half holds only what the reader needs; every field may be absent or null.
"""

from __future__ import annotations

from msgspec import Raw, Struct

# ---------------------------------------------------------------- answer half


class CalledFunction(Struct, gc=False):
    """`index` is not read: it may be 0 for every call of an answer."""

    name: str | None = None
    arguments: Raw = Raw()


class CalledTool(Struct, gc=False):
    """Always a complete call."""

    id: str | None = None
    function: CalledFunction | None = None


class Reply(Struct, gc=False):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[CalledTool] | None = None


class Line(Struct, gc=False):
    """One line of a stream, or a whole answer. Counts that are zero are left out by the server."""

    message: Reply | None = None
    done: bool | None = None
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    error: Raw = Raw()
