"""Refuses blocks without typed fields in `wire` that lack a field the newest SDK types require.

Such blocks are parsed leniently later, and missing content would be dropped silently. Blocks without content
for a model (`fallback`, `mcp_tool_listing`) are not checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from gateway.anthropic import wire as a
from gateway.anthropic.decode_errors import decode_error


class _Text(Struct):
    text: str


class _SearchResult(Struct):
    source: str
    title: str
    content: list[_Text]


class _Use(Struct):
    id: str
    name: str


class _McpUse(_Use):
    server_name: str


class _Result(Struct):
    tool_use_id: str
    content: Raw


class _McpResult(Struct):
    tool_use_id: str


class _Upload(Struct):
    file_id: str


class _Compaction(Struct):
    content: str | None = None
    tool_changes: list[Raw] | None = None


class _Tool(Struct):
    type: str
    definition: a.ToolDefinition | None = None


class _Change(Struct):
    tool: _Tool


class _BrowserState(Struct):
    tabs: list[Raw]


_RESULTS = (
    "web_search web_fetch code_execution bash_code_execution text_editor_code_execution tool_search advisor"
)
_CHANGES = frozenset({"tool_addition", "tool_removal"})
_SHAPES: Mapping[str, type[Struct]] = {
    "search_result": _SearchResult,
    "server_tool_use": _Use,
    "mcp_tool_use": _McpUse,
    "mcp_tool_result": _McpResult,
    "container_upload": _Upload,
    "compaction": _Compaction,
    "browser_state": _BrowserState,
    **dict.fromkeys(_CHANGES, _Change),
    **{f"{name}_tool_result": _Result for name in _RESULTS.split()},
}
_DECODERS: Mapping[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(shape) for name, shape in _SHAPES.items()
}
_OBJECT = msgspec.json.Decoder(dict[str, Raw])


def check_block(block: a.Unknown, path: str) -> None:
    """Raises RequestRefused if a block of a known type lacks a field. Other types pass."""
    decoder = _DECODERS.get(block.type)
    if decoder is None:
        return
    try:
        found = decoder.decode(block.raw)
    except msgspec.ValidationError as error:
        raise decode_error(error, path) from None
    if isinstance(found, _Change) and found.tool.definition:
        check_schema(found.tool.definition, f"{path}.tool.definition")


def check_schema(tool: a.ToolDefinition, path: str) -> None:
    """Raises RequestRefused if a tool's schema is not an object."""
    sent = tool.input_schema
    if not sent or memoryview(sent)[0] in b"{n":
        return
    try:
        _OBJECT.decode(sent)
    except msgspec.ValidationError as error:
        raise decode_error(error, f"{path}.input_schema") from None
