"""The bytes of a Messages request -> `MessagesRequest`, or a 400 with a JSON path.

Rules:
- Unknown fields, block types and roles survive or are ignored; they alone never fail a request.
- Wrong JSON types, a missing `model`, missing or empty `messages`, and a block without its required field are
  refused, with the path of the error (`messages.3.content.0.text`).
- A body that is not valid UTF-8, or nested too deeply, is invalid JSON.

A body that has only known block types is decoded at once, into the final types; otherwise each message and
each block is decoded separately, so that an unknown block does not affect the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import force_setattr

from gateway.anthropic import wire as a
from gateway.anthropic.decode_errors import decode_error
from gateway.anthropic.request.required_fields import check_block, check_schema
from gateway.errors import RequestRefused

# pyright: reportIncompatibleVariableOverride=false
# On the wire `content` is other than what is kept, until `_settle` has been over it.


_Inner = a.Text | a.Image | a.Document | a.ThinkingBlock | a.RedactedThinking | a.ToolUse | a.ToolReference


MESSAGE_LIMIT = 100_000
"""Maximum messages of one request; the API's limit."""
STOPS_LIMIT = 16_384
"""Characters of all stop sequences: an answer is searched for them while it is streamed."""
EDITS_LIMIT = 32
"""Context edits: each is applied to the whole conversation. The API has two types."""
SCHEMA_LIMIT = 1 << 20
"""Bytes of one schema: it is parsed by one call into the JSON library, which cannot be interrupted."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Characters that a header, log line or upstream does not accept in a name."""
_QUOTE, _OBJECT, _LIST, _NULL = b'"{[n'
_INNER = msgspec.json.Decoder[Any](tuple[_Inner, ...])


class _ToolResult(a.ToolResult, frozen=True, tag_field="type", tag="tool_result", gc=False):
    content: Raw = Raw()


_Known = _Inner | _ToolResult


class _Message(a.Message, frozen=True, gc=False):
    content: str | tuple[_Known, ...] | None = None


_WITHOUT_MEDIA = frozenset({a.Text, a.ToolUse, a.ThinkingBlock, a.RedactedThinking, a.ToolReference})


def _settle(messages: tuple[_Message, ...]) -> bool:
    """Convert content to its final form; True if the messages have no media.

    Looks at each block once for everything that must be known of it. Raises ValidationError without a path.
    """
    no_media = True
    for message in messages:
        if type(message.content) is not tuple:
            _settle_plain(message)
            continue
        for block in message.content:
            if type(block) in _WITHOUT_MEDIA:
                continue
            if type(block) is not _ToolResult:
                no_media = False
                continue
            sent = block.content
            if sent and memoryview(sent)[0] == _QUOTE:
                force_setattr(block, "content", (a.Quoted(sent),))
            else:
                inner = _result(sent)
                force_setattr(block, "content", inner)
                no_media = no_media and all(type(one) in _WITHOUT_MEDIA for one in inner)
    return no_media


def _settle_plain(message: _Message) -> None:
    if message.content is None and not _says_effort(message):
        raise msgspec.ValidationError("neither content nor effort")
    force_setattr(message, "plain", message.content is not None)
    force_setattr(message, "content", _string_content(message.content))


def _result(sent: Raw) -> tuple[a.Block, ...]:
    """A result that is not a text."""
    first = memoryview(sent)[0] if sent else _NULL
    if first == _LIST:
        return _INNER.decode(sent)
    if first == _NULL:
        return ()
    raise msgspec.ValidationError("neither a text nor blocks")


def _says_effort(message: a.Message | _RawMessage) -> bool:
    """A system message may consist of only an effort."""
    return message.role == "system" and message.output_config is not None


def _string_content(content: object) -> tuple[a.Block, ...]:
    return (a.Text(content),) if isinstance(content, str) else ()


class _RawMessage(Struct):
    role: str
    content: str | list[Raw] | None = None
    output_config: a.OutputConfig | None = None
    clear_at: str | None = None


class _RawResult(Struct, tag_field="type", tag="tool_result"):
    tool_use_id: str
    content: str | list[Raw] | None = None
    is_error: bool | None = None


class _Metadata(Struct):
    user_id: str | None = None


_B = TypeVar("_B")
"""The type that a block is decoded as: one of the known types, or raw."""
_M = TypeVar("_M")
"""The type that a message is decoded as."""


class _Request(a.Options, Generic[_M, _B], frozen=True, kw_only=True):
    model: str
    messages: tuple[_M, ...]
    system: str | list[_B] | None = None
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    tools: list[a.ToolDefinition] | None = None
    metadata: _Metadata | None = None


class _Typed(Struct):
    type: str
    text: str | None = None


_KNOWN_TYPES = frozenset(
    "text image document thinking redacted_thinking tool_use tool_reference tool_result".split()
)
_KNOWN_REQUEST = msgspec.json.Decoder[Any](_Request[_Message, _Known])
_REQUEST = msgspec.json.Decoder[Any](_Request[_RawMessage, Raw])
_BLOCK = msgspec.json.Decoder[Any](_Inner | _RawResult)
_TYPED = msgspec.json.Decoder(_Typed)
_OPTIONS = a.Options.__struct_fields__


def decode_request(body: bytes) -> a.MessagesRequest:
    """Decode one request body. Raises RequestRefused (400), which names the error and its path."""
    try:
        return _request(body)
    except RecursionError:
        raise RequestRefused("the request body is not valid JSON: it is nested too deeply") from None


def _request(body: bytes) -> a.MessagesRequest:
    try:
        sent, no_media = _decode(body)
    except msgspec.ValidationError as error:
        raise decode_error(error, "") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestRefused(f"the request body is not valid JSON: {error}") from None
    if (problem := next(_problems(sent), None)) is not None:
        raise RequestRefused(problem)
    _check_size(sent.output_format, "output_format")
    if sent.output_config:
        _check_size(sent.output_config.format, "output_config.format")
    system, strays = _system(sent.system)
    return a.MessagesRequest(
        model=sent.model,
        messages=_messages(sent.messages),
        system=system,
        strays=strays,
        stream=bool(sent.stream),
        stop_sequences=tuple(sent.stop_sequences or ()),
        tools=_tools(sent.tools),
        no_media=no_media,
        metadata_user_id=sent.metadata.user_id if sent.metadata else None,
        **{name: getattr(sent, name) for name in _OPTIONS},
    )


def _problems(sent: _Request[Any, Any]) -> Iterator[str]:
    """Errors that no upstream could answer."""
    if not sent.model:
        yield "model: a model name is required"
    if control := _CONTROL.search(sent.model):
        yield f"model: the name holds the control character U+{ord(control[0]):04X}"
    if not sent.messages:
        yield "messages: at least one message is required"
    if len(sent.messages) > MESSAGE_LIMIT:
        yield f"messages: at most {MESSAGE_LIMIT} messages are allowed"
    if sent.max_tokens is not None and sent.max_tokens < 0:
        yield "max_tokens: must be 0 or greater"
    if sent.stop_sequences and sum(map(len, sent.stop_sequences)) > STOPS_LIMIT:
        yield f"stop_sequences: at most {STOPS_LIMIT} characters are allowed together"
    if sent.context_management and len(sent.context_management.edits or ()) > EDITS_LIMIT:
        yield f"context_management.edits: at most {EDITS_LIMIT} edits are allowed"


def _decode(body: bytes) -> tuple[_Request[Any, Any], bool]:
    """Returns also whether messages are known to have no media. Raw values are not decoded, so their UTF-8 is
    checked here."""
    if not body.isascii():
        body.decode()
    try:
        sent = _KNOWN_REQUEST.decode(body)
        return sent, _settle(sent.messages)
    except msgspec.ValidationError:
        return _REQUEST.decode(body), False


def _messages(sent: tuple[Any, ...]) -> tuple[a.Message, ...]:
    if isinstance(sent[0], a.Message):
        return sent
    return tuple(_message(i, message) for i, message in enumerate(sent))


def _message(i: int, sent: _RawMessage) -> a.Message:
    path = f"messages.{i}"
    if sent.content is None and not _says_effort(sent):
        raise RequestRefused(f"{path}.content: field required")
    plain = isinstance(sent.content, str)
    content = _blocks(sent.content, f"{path}.content")
    return a.Message(sent.role, content, plain, sent.output_config, sent.clear_at)


def _tools(sent: list[a.ToolDefinition] | None) -> tuple[a.ToolDefinition, ...]:
    for i, tool in enumerate(sent or ()):
        _check_size(tool.input_schema, f"tools.{i}.input_schema")
        if tool.input_schema and memoryview(tool.input_schema)[0] not in (_OBJECT, _NULL):
            check_schema(tool, f"tools.{i}")
    return tuple(sent or ())


def _check_size(schema: Raw, path: str) -> None:
    if (size := memoryview(schema).nbytes) > SCHEMA_LIMIT:
        raise RequestRefused(f"{path}: {size} bytes; at most {SCHEMA_LIMIT} bytes are allowed in one schema")


def _system(sent: str | list[Any] | None) -> tuple[tuple[str, ...], tuple[a.Stray, ...]]:
    """The texts, and the blocks that are not text."""
    blocks = _blocks(sent, "system")
    texts = tuple(b.text for b in blocks if isinstance(b, a.Text | a.Unknown))
    return texts, tuple(
        a.Stray(i, a.kind(block), has_text=isinstance(block, a.Unknown) and bool(block.text))
        for i, block in enumerate(blocks)
        if not isinstance(block, a.Text)
    )


def _blocks(sent: str | list[Any] | None, path: str) -> tuple[a.Block, ...]:
    if isinstance(sent, list):
        return tuple([_block(block, path, i) for i, block in enumerate(sent)])
    return _string_content(sent)


def _block(sent: Any, path: str, i: int) -> a.Block:
    """`sent` is raw, or one of the known blocks."""
    if not isinstance(sent, Raw):
        return sent
    try:
        block = _BLOCK.decode(sent)
    except msgspec.ValidationError as error:
        return _unknown(sent, error, f"{path}.{i}")
    if isinstance(block, _RawResult):
        content = _blocks(block.content, f"{path}.{i}.content")
        if isinstance(block.content, str):
            content = (a.Quoted(Raw(msgspec.json.encode(block.content))),)
        return a.ToolResult(block.tool_use_id, content, bool(block.is_error))
    return block


def _unknown(raw: Raw, error: msgspec.ValidationError, path: str) -> a.Unknown:
    """A block of an unknown type. Raises RequestRefused for a malformed block of a known type."""
    try:
        typed = _TYPED.decode(raw)
    except msgspec.ValidationError as wrong:
        raise decode_error(wrong, path) from None
    if typed.type in _KNOWN_TYPES:
        raise decode_error(error, path) from None
    block = a.Unknown(typed.type, raw.copy(), typed.text or "")
    check_block(block, path)
    return block
