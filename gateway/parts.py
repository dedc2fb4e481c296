"""Neutral response deltas: the readers of all upstream kinds emit them, the writer turns them into events.

Rules:
- A reader emits parts in the order the upstream sent them, one list for each read of the network.
- `TextDelta`, `ReasoningDelta`, `ToolCallDelta`, `PassthroughBlock` and `Finish` are content: the first of
  them starts the client's message. `Usage`, `Notice` and `StreamError` do not start it.
- Exactly one of `Finish`, `StreamError` and a passed-through `message_stop` or `message` ends an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec

from gateway.errors import Kind


class FinishReason(Enum):
    """Why an upstream stopped, before tool calls are considered (the writer does that)."""

    STOP = "stop"
    LENGTH = "length"
    TOOLS = "tools"
    REFUSAL = "refusal"
    WINDOW = "window"
    COMPACTION = "compaction"


class TextDelta(msgspec.Struct, frozen=True):
    """A piece of visible text, unchanged and never empty."""

    text: str


class ReasoningDelta(msgspec.Struct, frozen=True):
    """A piece of reasoning.

    `shown`: whether the client gets the text. If not, the block is opened and, when `keep` is true, the text
    travels in its signature. `state` goes into the signature (`p` = the replay family, later more). So do
    `details`, the pieces of JSON that the server must get back. The text may be empty only if `state` has
    more than `p`.
    """

    text: str
    state: Mapping[str, str]
    shown: bool = True
    keep: bool = False
    details: tuple[msgspec.Raw, ...] = ()


class ToolCallDelta(msgspec.Struct, frozen=True):
    """A piece of a tool call. `key` identifies the call within its answer and orders the calls.

    `id` and `name` may be empty in any piece (the first non-empty one counts); `arguments` is the next
    fragment of the JSON text. `whole`: this is the call's last piece.
    """

    key: int
    id: str = ""
    name: str = ""
    arguments: str = ""
    whole: bool = False


class PassthroughBlock(msgspec.Struct, frozen=True):
    """A complete content block in Anthropic's shape, passed through unchanged."""

    block: Mapping[str, Any]


class Usage(msgspec.Struct, frozen=True):
    """Token counts, each a running total; None if the upstream sent none.

    `input` counts the prompt *without* the tokens read from or written to a cache.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    thinking: int | None = None
    server_tools: Mapping[str, int] | None = None
    """Uses of the server's own tools: `web_search_requests`, `web_fetch_requests`."""
    cache_write_1h: int | None = None
    """The part of `cache_write` that is cached for the longer of the API's two lifetimes."""
    tier: str | None = None
    """The `service_tier` that answered, as the upstream named it."""


class Notice(msgspec.Struct, frozen=True):
    """Something dropped, emulated or repaired: a short stable name and a detail."""

    name: str
    detail: str = ""


class StreamError(msgspec.Struct, frozen=True):
    """An error inside the answer. Nothing follows it."""

    kind: Kind
    message: str
    upstream_status: int | None = None
    retry_after: int | None = None


class PassthroughEvent(msgspec.Struct, frozen=True):
    """An event of an upstream that speaks Messages itself, or its whole answer (`name` is `message`).

    `data` is its JSON, passed through unchanged; `stop_reason` is set if the event has one.
    """

    name: str
    data: bytes
    stop_reason: str = ""


class Finish(msgspec.Struct, frozen=True):
    """The upstream's clean end."""

    reason: FinishReason = FinishReason.STOP
    stop_sequence: str | None = None
    explanation: str | None = None
    """A refusal's text, if the upstream sends it apart from the content."""
    silent: bool = False
    """An answer without content is expected; no notice about its emptiness."""


Part = (
    TextDelta
    | ReasoningDelta
    | ToolCallDelta
    | PassthroughBlock
    | Usage
    | Notice
    | StreamError
    | PassthroughEvent
    | Finish
)
