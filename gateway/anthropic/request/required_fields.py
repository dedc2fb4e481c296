"""Refuses blocks without typed fields in `wire` that lack a field the newest SDK types require.

Such blocks are parsed leniently later, and missing content would be dropped silently. Blocks without content
for a model (`fallback`, `mcp_tool_listing`) are not checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.decode_errors import decode_error
from gateway.anthropic.request.block_types import BLOCKS, ChangeFields

_DECODERS: Mapping[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(spec.required) for name, spec in BLOCKS.items() if spec.required
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
    if isinstance(found, ChangeFields) and found.tool.definition:
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
