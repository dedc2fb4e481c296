"""Neutral response deltas: what the readers of all upstream kinds emit and the one writer turns into events.

Rules:
- A reader emits parts in the order the upstream sent them, one list for each read of the network.
- `TextDelta`, `ReasoningDelta`, `ToolCallDelta`, `PassthroughBlock` and `Finish` are content: the first of
  them starts the client's message.
  `Usage`, `Notice` and `StreamError` commit nothing.
- Exactly one of `Finish`, `StreamError` and a relayed `message_stop` or `message` ends an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec

from gateway.errors import Kind
from gateway.notices import NoticeName


class FinishReason(Enum):
    """Why an upstream stopped, before the presence of tool calls is looked at (the writer does that)."""

    STOP = "stop"
    LENGTH = "length"
    TOOLS = "tools"
    REFUSAL = "refusal"
    WINDOW = "window"
    COMPACTION = "compaction"


class TextDelta(msgspec.Struct, frozen=True):
    """A piece of visible text, as it came: never empty."""

    text: str


class ReasoningDelta(msgspec.Struct, frozen=True):
    """A piece of reasoning.

    `shown`: whether the client gets the text; if not, the block is opened and the text travels in its
    signature when `keep` is true. `state` goes into the signature (`p` = the replay family, later more), and
    so do `details`, the pieces of JSON that the server wants back. Only with more than `p` may it be empty.
    """

    text: str
    state: Mapping[str, str]
    shown: bool = True
    keep: bool = False
    details: tuple[msgspec.Raw, ...] = ()


class ToolCallDelta(msgspec.Struct, frozen=True):
    """A piece of a tool call. `key` tells calls of one answer apart and orders them.

    `id` and `name` may be empty in any piece (the first non-empty one counts); `arguments` is the next
    fragment of the JSON text. `whole`: no further piece of this call will follow.
    """

    key: int
    id: str = ""
    name: str = ""
    arguments: str = ""
    whole: bool = False


class PassthroughBlock(msgspec.Struct, frozen=True):
    """A complete content block in Anthropic's shape, passed on as it is."""

    block: Mapping[str, Any]


class Usage(msgspec.Struct, frozen=True):
    """Token figures, each a total so far; None where the upstream said nothing.

    `input` counts the prompt *without* what was read from or written to a cache.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    thinking: int | None = None
    server_tools: Mapping[str, int] | None = None
    """How often the server's own tools were used: `web_search_requests`, `web_fetch_requests`."""
    cache_write_1h: int | None = None
    """How much of `cache_write` is kept for the longer of the API's two spans."""
    tier: str | None = None
    """The `service_tier` that answered, in the upstream's own word."""


class Notice(msgspec.Struct, frozen=True):
    """Something dropped, emulated or repaired: a short stable name, and what it was about."""

    name: NoticeName
    detail: str = ""


class StreamError(msgspec.Struct, frozen=True):
    """An error inside the answer. Nothing follows it."""

    kind: Kind
    message: str
    upstream_status: int | None = None
    retry_after: int | None = None


class PassthroughEvent(msgspec.Struct, frozen=True):
    """An event of an upstream that speaks Messages itself, or its whole answer (`name` is `message`).

    `data` is its JSON, which passes as it is; `stop_reason` where it says one.
    """

    name: str
    data: bytes
    stop_reason: str = ""


class Finish(msgspec.Struct, frozen=True):
    """The upstream's clean end."""

    reason: FinishReason = FinishReason.STOP
    stop_sequence: str | None = None
    explanation: str | None = None
    """A refusal's own words, where the upstream keeps them apart from the text."""
    silent: bool = False
    """Nothing was to be said."""


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
