"""Anthropic's Messages request as types: what a client may send, taken apart as far as somebody reads it.

JSON that only passes through (tool schemas, tool input) stays `msgspec.Raw`: decoded by nobody, byte-equal.
`decoding` makes these of bytes.
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
    """A JSON string for an encoder of JSON, which writes it as it is; empty for nothing."""
    return cast("str", text) if text else ""


class CacheControl(Struct, frozen=True, gc=False):
    """The end of what a prompt cache may keep. No block here holds it: see `marks`."""

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
    """A block whose type this gateway does not know; `text` where it carries one."""

    type: str
    raw: Raw
    text: str = ""


class Quoted(Struct, frozen=True, gc=False):
    """The text of a tool result that is no more than that, as the JSON string that was sent.

    Such texts are most of what a session's requests hold, and hardly anybody looks into them.
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
    """A block of the system prompt that is no text: where it stood. `said`: it has a text, which is taken."""

    step: int
    type: str
    said: bool


class OutputConfig(Struct, frozen=True):
    effort: str | None = None
    format: Raw = Raw()


class Message(Struct, frozen=True, gc=False):
    """One turn as sent. `plain` tells whether the content was a string."""

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
    """Of a server tool, like the next three."""
    allowed_domains: Raw = Raw()
    blocked_domains: Raw = Raw()
    user_location: Raw = Raw()
    configs: Raw = Raw()
    """Of a toolset: what to do with each member."""
    mcp_server_name: str | None = None
    """Of a toolset that is an MCP server's."""


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
    """`summarize`: the answer is to be a summary of the conversation."""

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
    """The fields of a request that are taken as they come."""

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
    """What `output_config.format` was called at first."""
    mcp_servers: Raw = Raw()
    diagnostics: Raw = Raw()
    safeguards: Raw = Raw()
    """Claude Code's auto mode: the answer's tool calls are to come with verdicts."""


class MessagesRequest(Options, frozen=True, kw_only=True):
    """`POST /v1/messages` and `/v1/messages/count_tokens`. `system` has the texts of its blocks."""

    model: str
    messages: tuple[Message, ...]
    system: tuple[str, ...] = ()
    strays: tuple[Stray, ...] = ()
    """What else was in `system`."""
    stream: bool = False
    stop_sequences: tuple[str, ...] = ()
    tools: tuple[ToolDefinition, ...] = ()
    said: bool = False
    """The messages are known to show nothing: all of them is text, reasoning, calls and results in text."""
    metadata_user_id: str | None = None
