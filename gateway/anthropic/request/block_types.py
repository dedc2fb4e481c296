"""The content blocks of a request, one row for each type that the newest SDK types (2.14) have.

Placement (`validation: strict`), required fields, media and conversion read this table. Decoding does not:
`decoding` lists its Structs and their types itself. To add a block type: its row here and, if the gateway
reads its fields everywhere, its Struct in `wire.Block` and in the lists of `decoding`; the type checker then
names each `match` that does not handle it.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen
from msgspec import Raw, Struct

from gateway.anthropic import wire as a

PLACES: Mapping[str, str] = {
    "user": "user messages",
    "assistant": "assistant messages",
    "system": "system messages",
    "tool_result": "tool results",
}
"""Where blocks may stand, as refusals name it: a message's role, or inside a tool result."""


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


class ChangeFields(Struct):
    tool: _Tool


class _BrowserState(Struct):
    tabs: list[Raw]


@frozen
class BlockSpec:
    places: str
    """Space-separated keys of `PLACES`; from the SDK's types and the API's documentation."""
    struct: type[Struct] = a.Unknown
    """What `wire` decodes it to."""
    required: type[Struct] | None = None
    """Fields without which it is refused. None: the Struct of `wire` requires them, or none are required."""
    media: bool = True
    """Whether it may carry images, documents or content to convert: `Inbound.media` holds it."""
    silent: bool = False
    """The API renders nothing for it, so dropping it needs no notice."""


_MESSAGES = "user assistant"
_RESULT = BlockSpec(_MESSAGES, required=_Result)
BLOCKS: Mapping[str, BlockSpec] = {
    "text": BlockSpec("user assistant system tool_result", a.Text, media=False),
    "image": BlockSpec("user tool_result", a.Image),
    "document": BlockSpec("user tool_result", a.Document),
    "tool_result": BlockSpec("user", a.ToolResult),
    "tool_use": BlockSpec("assistant", a.ToolUse, media=False),
    "thinking": BlockSpec("assistant", a.ThinkingBlock, media=False),
    "redacted_thinking": BlockSpec("assistant", a.RedactedThinking, media=False),
    "tool_reference": BlockSpec("tool_result", a.ToolReference, media=False),
    "browser_state": BlockSpec("tool_result", required=_BrowserState),
    "search_result": BlockSpec("user assistant tool_result", required=_SearchResult),
    "connector_text": BlockSpec("user assistant tool_result"),
    "container_upload": BlockSpec(_MESSAGES, required=_Upload),
    "compaction": BlockSpec(_MESSAGES, required=_Compaction, silent=True),
    "tool_addition": BlockSpec("user assistant system", required=ChangeFields),
    "tool_removal": BlockSpec("user assistant system", required=ChangeFields),
    "server_tool_use": BlockSpec(_MESSAGES, required=_Use),
    "mcp_tool_use": BlockSpec(_MESSAGES, required=_McpUse),
    "mcp_tool_result": BlockSpec(_MESSAGES, required=_McpResult),
    "mcp_tool_listing": BlockSpec(_MESSAGES, silent=True),
    "fallback": BlockSpec(_MESSAGES, silent=True),
    "web_search_tool_result": _RESULT,
    "web_fetch_tool_result": _RESULT,
    "code_execution_tool_result": _RESULT,
    "bash_code_execution_tool_result": _RESULT,
    "text_editor_code_execution_tool_result": _RESULT,
    "tool_search_tool_result": _RESULT,
    "advisor_tool_result": _RESULT,
}
