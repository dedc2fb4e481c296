"""Changes to the tools in messages -> `ToolChange`s in order, for `toolset`.

tool_reference in a result          ->  reference: the tool is loaded
tool_addition, tool_removal         ->  of a tool by its name, of an MCP server's tools, or with a definition
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from gateway.anthropic import wire as a
from gateway.anthropic.decode_errors import decode_error
from gateway.anthropic.tools.client_toolsets import BETWEEN


class ToolChange(Struct, frozen=True):
    """`server`: the MCP server that the tool belongs to; if it is also the `name`, all its tools are
    meant."""

    kind: Literal["reference", "addition", "removal"]
    name: str
    definition: a.ToolDefinition | None = None
    server: str = ""

    def means(self, function: str, family: str | None) -> bool:
        """Whether a function of that name is meant, which may belong to a toolset."""
        if self.name in (function, family):
            return True
        return self.name == self.server != "" and function.startswith(f"{self.server}{BETWEEN}")

    def is_of(self, tool: a.ToolDefinition, family: str | None) -> bool:
        """Whether that entry of `tools` declared what is meant, offered or not."""
        if tool.mcp_server_name and tool.mcp_server_name == self.server:
            return True
        if family is not None:
            return self.name == family or self.name.startswith(f"{family}{BETWEEN}")
        return bool(tool.name) and tool.name == self.name


class _Reference(Struct, frozen=True):
    type: str = ""
    name: str = ""
    tool_name: str = ""
    server_name: str = ""
    definition: a.ToolDefinition | None = None


class _Change(Struct, frozen=True):
    type: Literal["tool_addition", "tool_removal"]
    tool: _Reference


_CHANGE = msgspec.json.Decoder(_Change)


def tool_change(block: a.Unknown, path: str) -> ToolChange | None:
    """A `tool_addition` or `tool_removal` block; None for any other."""
    if block.type not in ("tool_addition", "tool_removal"):
        return None
    try:
        change = _CHANGE.decode(block.raw)
    except msgspec.ValidationError as error:
        raise decode_error(error, path) from None
    tool, kind = change.tool, "addition" if change.type == "tool_addition" else "removal"
    names = [tool.server_name, tool.name or tool.tool_name]
    name = tool.definition.name if tool.definition else BETWEEN.join(filter(None, names))
    return ToolChange(kind, name, tool.definition, tool.server_name)
