"""The tools of a request -> those an upstream is told of, in an order that only grows at its end.

Rules (amendment 4.3):
- Tools without `defer_loading` come as sent; then the deferred ones that the messages name, by first
  appearance; then deferred ones that nothing names. With a `tool_search_*` server tool: all as sent.
- What counts as late follows from the request alone, never from memory.
- `DeferredToolPlaceholder` is Claude Code's filler and is dropped. Of two tools of one name the first stays.
- Tools that Anthropic defines and the client runs become functions (`typed`, `families`).
- A server tool is left to an upstream that runs it. Any other, and a type without schema, is dropped with a
  notice; if the request forces it, it is refused (a forced search is answered by `unavailable`).
- What messages add or remove must be a tool of the request, or one that they defined before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec
from attrs import Factory, define, frozen
from msgspec import Struct

from gateway.anthropic import families, typed
from gateway.anthropic import wire as a
from gateway.anthropic.mistakes import refusal
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
    server_name: str = ""
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
        raise refusal(error, path) from None
    tool = change.tool
    names = [tool.server_name, tool.name or tool.tool_name]
    name = tool.definition.name if tool.definition else "__".join(filter(None, names))
    return Mention("addition" if change.type == "tool_addition" else "removal", name, tool.definition)


@frozen
class Choice:
    """`tool_choice`, checked against the tools. `single`: no parallel calls."""

    type: Literal["auto", "any", "tool", "none"] = "auto"
    name: str = ""
    single: bool = False


@frozen
class Terms:
    """What an upstream can do with tools. `served`: the server tools that it runs itself, by name."""

    vision: bool = True
    served: tuple[str, ...] = ()


@frozen
class Toolset:
    """Functions under the names that the client would use; members of a toolset as `family__member`."""

    tools: list[a.ToolDefinition]
    choice: Choice
    members: Mapping[str, str] = Factory(dict[str, str])
    """The members' names -> the family's."""
    served: tuple[a.ToolDefinition, ...] = ()
    """The server tools that the upstream runs."""


def toolset(
    request: a.MessagesRequest, mentions: list[Mention], notes: Notes, terms: Terms = Terms()
) -> Toolset:
    offer = _Offer(request, terms, notes)
    for i, tool in enumerate(request.tools):
        offer.add(tool, i)
    searched = any(tool.type is not None and tool.type.startswith(_SEARCH) for tool in request.tools)
    tools = offer.changed(mentions, searched=searched)
    return Toolset(list(tools.values()), _choice(request, tools, notes), offer.members, tuple(offer.served))


def is_usable(tool: a.ToolDefinition) -> bool:
    """Whether a model can be offered the tool as a function."""
    return (
        tool.type in (None, "custom")
        or bool(bytes(tool.input_schema))
        or typed.is_typed(tool)
        or families.family(tool) is not None
    )


@define
class _Offer:
    """The functions of `tools`, and what the messages change about them."""

    request: a.MessagesRequest
    terms: Terms
    notes: Notes
    known: dict[str, a.ToolDefinition] = Factory(dict[str, a.ToolDefinition])
    members: dict[str, str] = Factory(dict[str, str])
    served: list[a.ToolDefinition] = Factory(list[a.ToolDefinition])

    def add(self, tool: a.ToolDefinition, i: int) -> None:
        if tool.name == PLACEHOLDER:
            return
        if tool.type is None and tool.allowed_callers is None and tool.name:
            self._know(tool)
        elif is_usable(tool):
            for function in self._functions(tool, f"tools.{i}"):
                self._know(function)
        else:
            self._leave_out(tool, i)

    def _know(self, function: a.ToolDefinition) -> None:
        if self.known.setdefault(function.name, function) is not function:
            self.notes.add("dropped.tool", f"{function.name}: the name is there twice")

    def _functions(self, tool: a.ToolDefinition, path: str) -> list[a.ToolDefinition]:
        """What the model is told of one entry: itself, or the members of a family; nothing if not allowed."""
        if tool.type is not None and not self.terms.vision and typed.needs_vision(tool):
            raise RequestRefused(f"{path}: '{tool.type}' needs a model with vision, and this one has none")
        if tool.allowed_callers is not None and "direct" not in tool.allowed_callers:
            self.notes.add("dropped.tool", f"{tool.name or tool.type}: not for the model to call")
            return []
        if tool.type is not None and (family := families.family(tool)):
            functions = families.members(tool, path)
            self.members.update((function.name, family) for function in functions)
            return functions
        tool = typed.function(tool) or tool if tool.type is not None else tool
        if not tool.name:
            raise RequestRefused(f"{path}.name: field required")
        return [tool]

    def _leave_out(self, tool: a.ToolDefinition, i: int) -> None:
        """A server tool, or a type that nobody knows the schema of."""
        kind = tool.type or ""
        if any(kind.startswith(f"{name}_") for name in self.terms.served):
            self.served.append(tool)
        elif kind.startswith(_SEARCH):
            self.notes.add("emulated.tool_search", "all tools are there from the start")
        else:
            self._refuse_if_forced(tool, i)
            self.notes.add("dropped.tool", kind or tool.name)

    def _refuse_if_forced(self, tool: a.ToolDefinition, i: int) -> None:
        choice, tools = self.request.tool_choice, self.request.tools
        if choice is None:
            return
        usable = [other for other in tools if is_usable(other)]
        named = choice.type == "tool" and choice.name == tool.name
        if (named and all(other.name != tool.name for other in usable)) or (
            choice.type == "any" and not usable
        ):
            raise RequestRefused(f"tools.{i}: unsupported tool type '{tool.type}'")

    def changed(self, mentions: list[Mention], *, searched: bool) -> dict[str, a.ToolDefinition]:
        """The functions in the order they are sent, after what the messages did to them."""
        ready = {name: tool for name, tool in self.known.items() if searched or not tool.defer_loading}
        if not mentions and len(ready) == len(self.known):
            return ready
        removed: set[str] = set()
        for said in mentions:
            found = self._meant(said)
            if said.kind == "removal":
                removed.update(found)
                ready = {name: tool for name, tool in ready.items() if name not in found}
                continue
            if said.kind == "addition":
                removed.difference_update(found)
            for name, tool in found.items():
                if name not in removed:
                    ready.setdefault(name, tool)
        left = {n: tool for n, tool in self.known.items() if n not in ready and n not in removed}
        return ready | left

    def _meant(self, said: Mention) -> dict[str, a.ToolDefinition]:
        """The functions that a mention is about; a definition in it is known from there on."""
        if said.definition is not None:
            found = {tool.name: tool for tool in self._functions(said.definition, "tool_addition.tool")}
            self.known.update({name: tool for name, tool in found.items() if name not in self.known})
            return {name: self.known[name] for name in found}
        found = {
            name: tool for name, tool in self.known.items() if said.name in (name, self.members.get(name))
        }
        if not found and said.kind != "reference":
            raise _unresolved(said)
        return found


def _unresolved(said: Mention) -> RequestRefused:
    return RequestRefused(
        f"tool_{said.kind}: no tool is named '{said.name}'",
        details={"error_code": "tool_reference_unresolved"},
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
