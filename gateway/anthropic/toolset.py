"""The tools of a request -> those an upstream is told of, in an order that only grows at its end.

Rules (amendment 4.3):
- Tools without `defer_loading` come as sent; then the deferred ones that the messages name, by first
  appearance; then deferred ones that nothing names. With a `tool_search_*` server tool: all as sent.
- What counts as late follows from the request alone, never from memory.
- `DeferredToolPlaceholder` is Claude Code's filler and is dropped. Of two tools of one name the first stays.
- A tool this gateway cannot offer (a server tool, a type without schema) is dropped with a notice; if the
  request forces it, it is refused.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from attrs import frozen
from msgspec import Struct

from gateway.anthropic import wire as a
from gateway.anthropic.notes import Notes
from gateway.errors import RequestRefused

PLACEHOLDER = "DeferredToolPlaceholder"
_SEARCH = "tool_search_tool_"


class Mention(Struct, frozen=True):
    """What the messages say of a tool: named by a result, added or removed by a system message."""

    kind: Literal["reference", "addition", "removal"]
    name: str
    definition: a.ToolDefinition | None = None


class _Reference(Struct, frozen=True):
    type: str = ""
    name: str = ""
    tool_name: str = ""
    definition: a.ToolDefinition | None = None


class _Change(Struct, frozen=True):
    type: Literal["tool_addition", "tool_removal"]
    tool: _Reference


_CHANGE = msgspec.json.Decoder(_Change)


def mention(block: a.Unknown, path: str) -> Mention | None:
    """A `tool_addition` or `tool_removal` block; None for any other."""
    if block.type not in ("tool_addition", "tool_removal"):
        return None
    try:
        change = _CHANGE.decode(block.raw)
    except msgspec.ValidationError as error:
        raise RequestRefused(f"{path}: {error}") from None
    tool = change.tool
    name = tool.definition.name if tool.definition else tool.name or tool.tool_name
    return Mention("addition" if change.type == "tool_addition" else "removal", name, tool.definition)


@frozen
class Choice:
    """`tool_choice`, checked against the tools. `single`: no parallel calls."""

    type: Literal["auto", "any", "tool", "none"] = "auto"
    name: str = ""
    single: bool = False


@frozen
class Toolset:
    """`tools` and `choice` still have the client's own names."""

    tools: list[a.ToolDefinition]
    choice: Choice


def toolset(request: a.MessagesRequest, mentions: list[Mention], notes: Notes) -> Toolset:
    offered = _offered(request, notes)
    searched = any((tool.type or "").startswith(_SEARCH) for tool in request.tools)
    tools = _changed(offered, mentions, searched=searched)
    return Toolset(list(tools.values()), _choice(request, tools, notes))


def _offered(request: a.MessagesRequest, notes: Notes) -> dict[str, a.ToolDefinition]:
    offered: dict[str, a.ToolDefinition] = {}
    for i, tool in enumerate(request.tools):
        if tool.name == PLACEHOLDER:
            continue
        if not is_usable(tool):
            _refuse_if_forced(request, i)
            notes.add("dropped.tool", tool.type or tool.name)
        elif not tool.name:
            raise RequestRefused(f"tools.{i}.name: field required")
        elif tool.name in offered:
            notes.add("dropped.tool", f"{tool.name}: the name is there twice")
        elif tool.allowed_callers is not None and "direct" not in tool.allowed_callers:
            notes.add("dropped.tool", f"{tool.name}: not for the model to call")
        else:
            offered[tool.name] = tool
    return offered


def is_usable(tool: a.ToolDefinition) -> bool:
    """Whether a model can be offered the tool as a function."""
    return tool.type in (None, "custom") or bool(bytes(tool.input_schema))


def _refuse_if_forced(request: a.MessagesRequest, i: int) -> None:
    choice, tool = request.tool_choice, request.tools[i]
    if choice is None:
        return
    named = choice.type == "tool" and choice.name == tool.name
    if named or (choice.type == "any" and not any(map(is_usable, request.tools))):
        raise RequestRefused(f"tools.{i}: unsupported tool type '{tool.type}'")


def _changed(
    offered: dict[str, a.ToolDefinition], mentions: list[Mention], *, searched: bool
) -> dict[str, a.ToolDefinition]:
    """`offered` in the order it is sent, after what the messages did to it."""
    ready = {name: tool for name, tool in offered.items() if searched or not tool.defer_loading}
    removed: set[str] = set()
    for said in mentions:
        if said.kind == "removal":
            ready.pop(said.name, None)
            removed.add(said.name)
            continue
        tool = said.definition or offered.get(said.name)
        if said.kind == "addition":
            removed.discard(said.name)
            if tool is None:
                raise _unresolved(said.name)
        if tool is not None and said.name not in removed:
            ready.setdefault(said.name, tool)
    left = {name: tool for name, tool in offered.items() if name not in ready and name not in removed}
    return ready | left


def _unresolved(name: str) -> RequestRefused:
    return RequestRefused(
        f"tool_addition: no tool is named '{name}'", details={"error_code": "tool_reference_unresolved"}
    )


def _choice(request: a.MessagesRequest, tools: dict[str, a.ToolDefinition], notes: Notes) -> Choice:
    sent = request.tool_choice
    if sent is None:
        return Choice()
    match sent.type:
        case "auto" | "any" | "none" as kind:
            if kind == "any" and not tools:
                raise RequestRefused("tool_choice: there is no tool to choose")
            return Choice(kind, single=sent.disable_parallel_tool_use)
        case "tool":
            if sent.name not in tools:
                raise RequestRefused("tool_choice.name: tool not found")
            return Choice("tool", sent.name, sent.disable_parallel_tool_use)
        case unknown:
            notes.add("dropped.tool_choice", unknown)
            return Choice(single=sent.disable_parallel_tool_use)
