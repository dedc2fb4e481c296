"""Anthropic's Messages request as it is on the wire: bytes -> `MessagesRequest`, or a 400 with a JSON path.

Rules:
- Unknown fields, block types and roles survive or are ignored; they never make a request fail by themselves.
- Wrong JSON types, a missing `model`, missing or empty `messages`, and a block without its required field
  are refused, with the path of the culprit (`messages.3.content.0.text`).
- JSON that only passes through (tool schemas, tool input) stays `msgspec.Raw`: decoded by nobody, byte-equal.

- A body that is not UTF-8 throughout, or nested without end, is no valid JSON.

Content blocks are decoded at once where all their types are known; else in two steps, a list of raw values
first and each by its `type` second, so that one unknown block costs nothing but itself.
"""

from __future__ import annotations

import re
from typing import Any, Generic, NoReturn, TypeVar

import msgspec
from msgspec import Raw, Struct

from gateway.errors import RequestRefused


class CacheControl(Struct, frozen=True):
    type: str = "ephemeral"
    ttl: str | None = None


class Text(Struct, frozen=True, tag_field="type", tag="text"):
    text: str


class ImageSource(Struct, frozen=True):
    """`base64` has media_type and data, `url` has url, `file` has file_id."""

    type: str
    media_type: str = ""
    data: str = ""
    url: str = ""
    file_id: str = ""


class Transformations(Struct, frozen=True):
    oversized_image: str | None = None


class Image(Struct, frozen=True, tag_field="type", tag="image"):
    source: ImageSource
    transformations: Transformations | None = None


class Citations(Struct, frozen=True):
    enabled: bool | None = None


class Document(Struct, frozen=True, tag_field="type", tag="document"):
    source: Raw
    title: str | None = None
    context: str | None = None
    citations: Citations | None = None


class ThinkingBlock(Struct, frozen=True, tag_field="type", tag="thinking"):
    thinking: str
    signature: str = ""


class RedactedThinking(Struct, frozen=True, tag_field="type", tag="redacted_thinking"):
    data: str = ""


class ToolUse(Struct, frozen=True, tag_field="type", tag="tool_use"):
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


class ToolResult(Struct, frozen=True):
    """`content` is decoded: a string becomes one text block, absent content no block at all."""

    tool_use_id: str
    content: tuple[Block, ...] = ()
    is_error: bool = False


Block = (
    Text
    | Image
    | Document
    | ThinkingBlock
    | RedactedThinking
    | ToolUse
    | ToolResult
    | ToolReference
    | Unknown
)


class OutputConfig(Struct, frozen=True):
    effort: str | None = None
    format: Raw = Raw()


class Message(Struct, frozen=True):
    """One turn as sent. `plain` tells whether the content was a string."""

    role: str
    content: tuple[Block, ...]
    plain: bool = False
    output_config: OutputConfig | None = None
    clear_at: str | None = None


class ToolDefinition(Struct, frozen=True):
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
    configs: Raw = Raw()
    """Of a toolset: what to do with each member."""


class ToolChoice(Struct, frozen=True):
    type: str
    name: str = ""
    disable_parallel_tool_use: bool = False


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


class MessagesRequest(Struct, frozen=True):
    """`POST /v1/messages` and `/v1/messages/count_tokens`. `system` is a tuple of the texts of its blocks."""

    model: str
    messages: tuple[Message, ...]
    max_tokens: int | None = None
    system: tuple[str, ...] = ()
    stream: bool = False
    stop_sequences: tuple[str, ...] = ()
    tools: tuple[ToolDefinition, ...] = ()
    tool_choice: ToolChoice | None = None
    thinking: ThinkingConfig | None = None
    output_config: OutputConfig | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    metadata_user_id: str | None = None
    thread: Thread | None = None
    context_management: ContextManagement | None = None
    compaction: Compaction | None = None
    container: str | Container | None = None
    billing_policy: BillingPolicy | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    output_format: Raw = Raw()
    """What `output_config.format` was called at first."""
    mcp_servers: Raw = Raw()


class _Metadata(Struct):
    user_id: str | None = None


_B = TypeVar("_B")
"""What a block is decoded as: one of the known types, or raw."""


class _Message(Struct, Generic[_B]):
    role: str
    content: str | list[_B] | None = None
    output_config: OutputConfig | None = None
    clear_at: str | None = None


class _ToolResult(Struct, tag_field="type", tag="tool_result"):
    tool_use_id: str
    content: str | list[Raw] | None = None
    is_error: bool | None = None


class _Request(Struct, Generic[_B]):
    model: str
    messages: list[_Message[_B]]
    max_tokens: int | None = None
    system: str | list[_B] | None = None
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    tools: list[ToolDefinition] | None = None
    tool_choice: ToolChoice | None = None
    thinking: ThinkingConfig | None = None
    output_config: OutputConfig | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    metadata: _Metadata | None = None
    thread: Thread | None = None
    context_management: ContextManagement | None = None
    compaction: Compaction | None = None
    container: str | Container | None = None
    billing_policy: BillingPolicy | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    output_format: Raw = Raw()
    mcp_servers: Raw = Raw()


class _Typed(Struct):
    type: str
    text: str | None = None


_KNOWN = Text | Image | Document | ThinkingBlock | RedactedThinking | ToolUse | ToolReference | _ToolResult
_KNOWN_TYPES = frozenset(
    "text image document thinking redacted_thinking tool_use tool_reference tool_result".split()
)
_KNOWN_REQUEST = msgspec.json.Decoder[Any](_Request[_KNOWN])
_REQUEST = msgspec.json.Decoder(_Request[Raw])
_BLOCK = msgspec.json.Decoder[Any](_KNOWN)
_TYPED = msgspec.json.Decoder(_Typed)


def decode_request(body: bytes) -> MessagesRequest:
    """Decode one request body; RequestRefused (400) names what is wrong and where."""
    try:
        return _request(body)
    except RecursionError:
        raise RequestRefused("the request body is not valid JSON: it is nested too deeply") from None


def _request(body: bytes) -> MessagesRequest:
    try:
        sent = _decode(body)
    except msgspec.ValidationError as error:
        _refuse(error, "")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestRefused(f"the request body is not valid JSON: {error}") from None
    if not sent.model:
        raise RequestRefused("model: a model name is required")
    if not sent.messages:
        raise RequestRefused("messages: at least one message is required")
    if sent.max_tokens is not None and sent.max_tokens < 0:
        raise RequestRefused("max_tokens: must be 0 or greater")
    return MessagesRequest(
        model=sent.model,
        messages=tuple(_message(i, m) for i, m in enumerate(sent.messages)),
        max_tokens=sent.max_tokens,
        system=_system(sent.system),
        stream=bool(sent.stream),
        stop_sequences=tuple(sent.stop_sequences or ()),
        tools=tuple(sent.tools or ()),
        tool_choice=sent.tool_choice,
        thinking=sent.thinking,
        output_config=sent.output_config,
        temperature=sent.temperature,
        top_p=sent.top_p,
        top_k=sent.top_k,
        metadata_user_id=sent.metadata.user_id if sent.metadata else None,
        thread=sent.thread,
        context_management=sent.context_management,
        compaction=sent.compaction,
        container=sent.container,
        billing_policy=sent.billing_policy,
        service_tier=sent.service_tier,
        inference_geo=sent.inference_geo,
        output_format=sent.output_format,
        mcp_servers=sent.mcp_servers,
    )


def _decode(body: bytes) -> _Request[Any]:
    """Raw values are not looked into, so that their UTF-8 is checked here."""
    if not body.isascii():
        body.decode()
    try:
        return _KNOWN_REQUEST.decode(body)
    except msgspec.ValidationError:
        return _REQUEST.decode(body)


def _message(i: int, sent: _Message[Any]) -> Message:
    path = f"messages.{i}"
    if sent.content is None and sent.output_config is None:
        raise RequestRefused(f"{path}.content: field required")
    plain = isinstance(sent.content, str)
    return Message(
        role=sent.role,
        content=_blocks(sent.content, f"{path}.content"),
        plain=plain,
        output_config=sent.output_config,
        clear_at=sent.clear_at,
    )


def _system(sent: str | list[Any] | None) -> tuple[str, ...]:
    blocks = _blocks(sent, "system")
    return tuple(b.text for b in blocks if isinstance(b, Text | Unknown))


def _blocks(sent: str | list[Any] | None, path: str) -> tuple[Block, ...]:
    if sent is None:
        return ()
    if isinstance(sent, str):
        return (Text(sent),)
    return tuple([_block(block, path, i) for i, block in enumerate(sent)])


def _block(sent: Any, path: str, i: int) -> Block:
    """`sent` is raw, or one of the known blocks."""
    block = sent
    if isinstance(sent, Raw):
        try:
            block = _BLOCK.decode(sent)
        except msgspec.ValidationError as error:
            return _unknown(sent, error, f"{path}.{i}")
    if isinstance(block, _ToolResult):
        content = _blocks(block.content, f"{path}.{i}.content")
        return ToolResult(block.tool_use_id, content, bool(block.is_error))
    return block


def _unknown(raw: Raw, error: msgspec.ValidationError, path: str) -> Unknown:
    """A block that is not one of the known ones; a known one that is wrong is refused."""
    try:
        typed = _TYPED.decode(raw)
    except msgspec.ValidationError as wrong:
        _refuse(wrong, path)
    if typed.type in _KNOWN_TYPES:
        _refuse(error, path)
    return Unknown(typed.type, raw.copy(), typed.text or "")


_AT = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]*)`")


def _refuse(error: msgspec.ValidationError, base: str) -> NoReturn:
    """msgspec's words and `$.a[0].b` path, as the API says them: `messages.0.content: field required`."""
    text = str(error)
    at = _AT.search(text)
    steps = re.findall(r"[^.\[\]]+", at["path"]) if at else []
    said = _AT.sub("", text)
    if missing := _MISSING.match(said):
        steps.append(missing["field"])
        said = "field required"
    if "..." in steps:
        steps.remove("...")
    path = ".".join([base, *steps] if base else steps)
    raise RequestRefused(f"{path}: {said}" if path else said) from None
