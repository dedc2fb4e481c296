"""Anthropic's Messages request as types, decoded only as far as the gateway reads it.

JSON that only passes through (tool schemas, tool input) stays `msgspec.Raw`: not decoded, equal in every
byte. `decoding` creates these types from bytes.
"""

from __future__ import annotations

from typing import cast, final

import msgspec
from msgspec import Raw, Struct

from gateway.anthropic.media_sources import DocumentSource, ImageSource, Transformations

_STRING = msgspec.json.Decoder(str)


def unquoted(text: Raw) -> str:
    return _STRING.decode(text)


def as_it_is(text: Raw) -> str:
    """A JSON string that a JSON encoder writes unchanged; empty if `text` is empty."""
    return cast("str", text) if text else ""


class CacheControl(Struct, frozen=True, gc=False):
    """The end of a cacheable prefix of the prompt. Blocks here do not have it: see `cache_control`."""

    type: str = ""
    ttl: str | None = None


@final
class Text(Struct, frozen=True, tag_field="type", tag="text", gc=False):
    text: str


class Image(Struct, frozen=True, tag_field="type", tag="image"):
    source: ImageSource
    transformations: Transformations | None = None


class Citations(Struct, frozen=True):
    enabled: bool | None = None


class Document(Struct, frozen=True, tag_field="type", tag="document"):
    source: DocumentSource
    title: str | None = None
    context: str | None = None
    citations: Citations | None = None


@final
class ThinkingBlock(Struct, frozen=True, tag_field="type", tag="thinking", gc=False):
    thinking: str
    signature: str = ""


class RedactedThinking(Struct, frozen=True, tag_field="type", tag="redacted_thinking"):
    data: str = ""


@final
class ToolUse(Struct, frozen=True, tag_field="type", tag="tool_use", gc=False):
    id: str
    name: str
    input: Raw = Raw(b"{}")
    toolset_name: str | None = None


class ToolReference(Struct, frozen=True, tag_field="type", tag="tool_reference"):
    tool_name: str


class Unknown(Struct, frozen=True):
    """A block of an unknown type; `text` if it has one."""

    type: str
    raw: Raw
    text: str = ""


class Quoted(Struct, frozen=True, gc=False):
    """A tool result that is only a text, kept as the JSON string that was sent.

    Such texts are most of a session's requests, and are rarely decoded.
    """

    raw: Raw

    @property
    def text(self) -> str:
        return unquoted(self.raw)


class ToolResult(Struct, frozen=True, tag_field="type", tag="tool_result", gc=False):
    """`content` is decoded: a string becomes one quoted text, absent content no block at all."""

    tool_use_id: str
    content: tuple[Block, ...] = ()
    is_error: bool | None = None


Block = (
    Text
    | Quoted
    | Image
    | Document
    | ThinkingBlock
    | RedactedThinking
    | ToolUse
    | ToolResult
    | ToolReference
    | Unknown
)


def kind(block: Block) -> str:
    """A block's type as sent."""
    match block:
        case Unknown():
            return block.type
        case Quoted():
            return "text"
        case _:
            return str(block.__struct_config__.tag)


class Stray(Struct, frozen=True):
    """The position of a block of the system prompt that is not text. `has_text`: it has a text, which is
    used."""

    step: int
    type: str
    has_text: bool


class OutputConfig(Struct, frozen=True):
    effort: str | None = None
    format: Raw = Raw()


class Message(Struct, frozen=True, gc=False):
    """One turn as sent. `plain`: the content was a string."""

    role: str
    content: tuple[Block, ...]
    plain: bool = False
    output_config: OutputConfig | None = None
    clear_at: str | None = None


class ToolDefinition(Struct, frozen=True, gc=False):
    """One entry of `tools`. `type` is absent, null or `custom` for an ordinary function."""

    name: str = ""
    description: str | None = None
    input_schema: Raw = Raw()
    type: str | None = None
    defer_loading: bool | None = None
    strict: bool | None = None
    allowed_callers: list[str] | None = None
    input_examples: list[Raw] | None = None
    max_characters: int | None = None
    display_width_px: int | None = None
    display_height_px: int | None = None
    display_number: int | None = None
    enable_zoom: bool | None = None
    max_uses: Raw = Raw()
    """For server tools, like the next three."""
    allowed_domains: Raw = Raw()
    blocked_domains: Raw = Raw()
    user_location: Raw = Raw()
    configs: Raw = Raw()
    """For toolsets: the settings of each member."""
    mcp_server_name: str | None = None
    """For toolsets of an MCP server."""


class ToolChoice(Struct, frozen=True):
    type: str
    name: str = ""
    disable_parallel_tool_use: bool | None = None


class ThinkingConfig(Struct, frozen=True):
    type: str
    budget_tokens: int | None = None
    display: str | None = None


class Thread(Struct, frozen=True):
    type: str = ""


class Compaction(Struct, frozen=True):
    """`summarize`: the answer must be a summary of the conversation."""

    type: str
    instructions: str | None = None


class Edit(Struct, frozen=True):
    """One entry of `context_management.edits`."""

    type: str
    trigger: Raw = Raw()
    keep: Raw = Raw()
    clear_at_least: Raw = Raw()
    exclude_tools: list[str] | None = None
    clear_tool_inputs: bool | list[str] | None = None


class ContextManagement(Struct, frozen=True):
    edits: list[Edit] | None = None


class BillingPolicy(Struct, frozen=True):
    bill_to: str | None = None


class Container(Struct, frozen=True):
    skills: list[Raw] | None = None


class Options(Struct, frozen=True, kw_only=True):
    """The fields of a request that are used unchanged."""

    max_tokens: int | None = None
    tool_choice: ToolChoice | None = None
    thinking: ThinkingConfig | None = None
    output_config: OutputConfig | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    thread: Thread | None = None
    context_management: ContextManagement | None = None
    compaction: Compaction | None = None
    container: str | Container | None = None
    billing_policy: BillingPolicy | None = None
    service_tier: str | None = None
    speed: str | None = None
    inference_geo: str | None = None
    output_format: Raw = Raw()
    """The original name of `output_config.format`."""
    mcp_servers: Raw = Raw()
    diagnostics: Raw = Raw()
    safeguards: Raw = Raw()
    """Claude Code's auto mode: requests verdicts for the answer's tool calls."""


class MessagesRequest(Options, frozen=True, kw_only=True):
    """`POST /v1/messages` and `/v1/messages/count_tokens`. `system` has the texts of its blocks."""

    model: str
    messages: tuple[Message, ...]
    system: tuple[str, ...] = ()
    strays: tuple[Stray, ...] = ()
    """Blocks of `system` that are not text."""
    stream: bool = False
    stop_sequences: tuple[str, ...] = ()
    tools: tuple[ToolDefinition, ...] = ()
    no_media: bool = False
    """The messages are known to have no media: only text, reasoning, calls and results in text."""
    metadata_user_id: str | None = None
