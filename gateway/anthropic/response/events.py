"""The events of a streamed answer, and the one shape of every error.

    [MessageStart(...), ...]  ->  b'event: message_start\\ndata: {"type":"message_start",...}\\n\\n...'

Rules:
- Every key of a message and of its usage is always present, null if it has no value.
- `data` is one line of JSON whose `type` is the event's name; SDKs ignore events without `event:`.
- An error has the same shape as an HTTP body and as an event. Empty `details` are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gateway.errors import KINDS, Kind


class CacheCreation(Struct, frozen=True):
    ephemeral_5m_input_tokens: int
    ephemeral_1h_input_tokens: int = 0


class ThinkingTokens(Struct, frozen=True):
    thinking_tokens: int


class Usage(Struct, frozen=True):
    """Tokens, each a total; `input_tokens` without those read from or written to a cache."""

    input_tokens: int
    output_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation: CacheCreation | None = None
    output_tokens_details: ThinkingTokens | None = None
    server_tool_use: Mapping[str, int] | None = None
    service_tier: str = "standard"
    speed: str | None = None
    inference_geo: str | None = None
    iterations: tuple[Mapping[str, object], ...] | None = None


class StopDetails(Struct, frozen=True, tag_field="type", tag="refusal"):
    category: str | None = None
    explanation: str | None = None


class Message(Struct, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """The message as it starts, without content."""

    id: str
    role: str = "assistant"
    model: str
    content: tuple[()] = ()
    stop_reason: None = None
    stop_sequence: None = None
    stop_details: None = None
    container: None = None
    usage: Usage
    diagnostics: UnsetType | None = UNSET
    """Present if the request asks for it; always null, since the gateway cannot know why a cache was missed.
    """


class TextBlock(Struct, frozen=True, tag_field="type", tag="text"):
    text: str = ""


class ThinkingBlock(Struct, frozen=True, tag_field="type", tag="thinking"):
    thinking: str = ""
    signature: str = ""


class ToolUseBlock(Struct, frozen=True, tag_field="type", tag="tool_use"):
    id: str
    name: str
    input: Mapping[str, Any] = {}
    toolset_name: str | UnsetType = UNSET
    caller: Mapping[str, str] | UnsetType = UNSET
    """Only for members of a toolset, like `toolset_name`."""


class TextDelta(Struct, frozen=True, gc=False, tag_field="type", tag="text_delta"):
    text: str


class ThinkingDelta(Struct, frozen=True, gc=False, tag_field="type", tag="thinking_delta"):
    thinking: str


class SignatureDelta(Struct, frozen=True, gc=False, tag_field="type", tag="signature_delta"):
    signature: str


class InputJsonDelta(Struct, frozen=True, gc=False, tag_field="type", tag="input_json_delta"):
    partial_json: str


class CompactionDelta(Struct, frozen=True, tag_field="type", tag="compaction_delta"):
    content: str | None
    encrypted_content: None = None


class Stop(Struct, frozen=True):
    stop_reason: str
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None
    container: None = None


class Problem(Struct, frozen=True):
    type: str
    message: str
    details: Mapping[str, object] | UnsetType = UNSET


Start = TextBlock | ThinkingBlock | ToolUseBlock | Mapping[str, Any]
Delta = TextDelta | ThinkingDelta | SignatureDelta | InputJsonDelta | CompactionDelta


class MessageStart(Struct, frozen=True, tag_field="type", tag="message_start"):
    message: Message


class ContentBlockStart(Struct, frozen=True, tag_field="type", tag="content_block_start"):
    index: int
    content_block: Start


class ContentBlockDelta(Struct, frozen=True, gc=False, tag_field="type", tag="content_block_delta"):
    index: int
    delta: Delta


class ContentBlockStop(Struct, frozen=True, tag_field="type", tag="content_block_stop"):
    index: int


class AppliedEdits(Struct, frozen=True):
    applied_edits: tuple[Mapping[str, object], ...] = ()


class MessageDelta(Struct, frozen=True, tag_field="type", tag="message_delta"):
    """`context_management` is present if the request asked for edits."""

    delta: Stop
    usage: Usage
    context_management: AppliedEdits | UnsetType = UNSET


class MessageStop(Struct, frozen=True, tag_field="type", tag="message_stop"):
    pass


class Ping(Struct, frozen=True, tag_field="type", tag="ping"):
    pass


class Error(Struct, frozen=True, tag_field="type", tag="error"):
    error: Problem
    request_id: str


class Relayed(Struct, frozen=True):
    """An event of another server, or a whole message (`name` is `message`): its JSON unchanged."""

    name: str
    data: bytes


Event = (
    MessageStart
    | ContentBlockStart
    | ContentBlockDelta
    | ContentBlockStop
    | MessageDelta
    | MessageStop
    | Ping
    | Error
    | Relayed
)

_TYPES = (
    MessageStart,
    ContentBlockStart,
    ContentBlockDelta,
    ContentBlockStop,
    MessageDelta,
    MessageStop,
    Ping,
    Error,
)
_HEADS: dict[type[Struct], bytes] = {
    kind: f"event: {kind.__struct_config__.tag}\ndata: ".encode() for kind in _TYPES
}
_ENCODER = msgspec.json.Encoder()


def render(events: Iterable[Event]) -> bytes:
    """The bytes of `events`, one after another."""
    out = bytearray()
    for event in events:
        if isinstance(event, Relayed):
            out += b"event: " + event.name.encode() + b"\ndata: " + event.data
        else:
            out += _HEADS[type(event)]
            _ENCODER.encode_into(event, out, -1)
        out += b"\n\n"
    return bytes(out)


def comment(text: str) -> bytes:
    """A comment, which every client skips; `text` is kept on one line."""
    return b": " + " ".join(text.split()).encode() + b"\n\n"


def json_text(value: object) -> str:
    """`value` as the JSON text of a delta."""
    return _ENCODER.encode(value).decode()


def error(kind: Kind, message: str, request_id: str, details: Mapping[str, object] | None = None) -> Error:
    """The error as an event."""
    return Error(Problem(KINDS[kind].type, message, UNSET if details is None else details), request_id)


def error_body(
    kind: Kind, message: str, request_id: str, details: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """The error as the JSON body of an HTTP answer."""
    return msgspec.to_builtins(error(kind, message, request_id, details))
