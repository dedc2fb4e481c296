"""The entries of `tools`, and changes to them in messages -> the functions that a model is offered.

Rules:
- `DeferredToolPlaceholder` is Claude Code's filler and is dropped. Of two tools with the same name the first
  stays, unless it was removed before the second was defined.
- Tools that Anthropic defines and the client runs become functions (`client_tools`, `client_toolsets`).
- A server tool, and a type without a schema, is left out with a notice: the gateway cannot run it. Web search
  is kept if the upstream has its own search.
- Tools that messages add or remove must have been declared, by the request or by an earlier message. A tool
  that was declared and left out may be removed and added as well: that changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection

from attrs import Factory, define, frozen

from gateway.anthropic import wire as a
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.tools import client_tools, client_toolsets
from gateway.anthropic.tools.tool_changes import ToolChange
from gateway.errors import RequestRefused

PLACEHOLDER = "DeferredToolPlaceholder"
SEARCH = "tool_search_tool_"
WEB_SEARCH = "web_search_"
_ADDED = "tool_addition.tool"
"""The field of a message that contains a definition."""


SEARCHES = 1_000_000
"""Maximum names searched for whole groups of tools in one request."""


@frozen
class ToolOptions:
    """An upstream's support for tools."""

    vision: bool = True
    web_search: bool = False
    """It has its own web search."""


@frozen
class OmittedTool:
    """A tool that is not offered as a function, and where it was declared."""

    tool: a.ToolDefinition
    path: str

    def refusal(self) -> RequestRefused:
        return RequestRefused(f"{self.path}: unsupported tool type '{self.tool.type}'")


@define
class AvailableTools:
    request: a.MessagesRequest
    terms: ToolOptions
    notices: NoticeCollector
    known: dict[str, a.ToolDefinition] = Factory(dict[str, a.ToolDefinition])
    members: dict[str, str] = Factory(dict[str, str])
    left_out: dict[str, OmittedTool] = Factory(dict[str, OmittedTool])
    """By name."""
    searched: bool = False
    """The request has a tool search."""
    defined: list[a.ToolDefinition] = Factory(list[a.ToolDefinition])
    """Tools that messages defined."""
    searches: int = 0
    """Names searched so far for whole groups of tools."""

    def declare(self) -> None:
        """Declare all tools of the request itself."""
        known = self.known
        for i, tool in enumerate(self.request.tools):
            if tool.name == PLACEHOLDER:
                continue
            if tool.type is None and tool.allowed_callers is None and tool.name and tool.name not in known:
                known[tool.name] = tool
                continue
            if tool.type and tool.type.startswith(SEARCH):
                self.searched = True
            for function in self._functions(tool, f"tools.{i}"):
                self._know(function)

    def changed(self, mentions: list[ToolChange]) -> dict[str, a.ToolDefinition]:
        """The functions in the order they are sent, after the changes in messages."""
        ready = {name: tool for name, tool in self.known.items() if self.searched or not tool.defer_loading}
        if not mentions and len(ready) == len(self.known):
            return ready
        removed: set[str] = set()
        for change in mentions:
            found = self._resolve(change, removed)
            if change.kind == "removal":
                removed.update(found)
                for name in found:
                    ready.pop(name, None)
                continue
            if change.kind == "addition":
                removed.difference_update(found)
            for name in found:
                if name not in removed and name in self.known:
                    ready.setdefault(name, self.known[name])
        self.left_out = {name: one for name, one in self.left_out.items() if name not in removed}
        left = {n: tool for n, tool in self.known.items() if n not in ready and n not in removed}
        return ready | left

    def _know(self, function: a.ToolDefinition) -> None:
        if self.known.setdefault(function.name, function) is not function:
            self._drop_second(function.name)

    def _drop_second(self, name: str) -> None:
        self.notices.add("dropped.tool", f"{name}: the name is there twice")

    def _functions(self, tool: a.ToolDefinition, path: str) -> list[a.ToolDefinition]:
        """The functions for one entry: itself, or the members of a family; none if not allowed."""
        if not is_usable(tool):
            self._leave_out(tool, path)
            return []
        if tool.type is not None and not self.terms.vision and client_tools.needs_vision(tool):
            raise RequestRefused(f"{path}: '{tool.type}' needs a model with vision, and this one has none")
        if tool.allowed_callers is not None and "direct" not in tool.allowed_callers:
            self.notices.add("dropped.tool", f"{tool.name or tool.type}: not for the model to call")
            return []
        if tool.type is not None and (family := client_toolsets.toolset_name(tool)):
            functions = client_toolsets.toolset_members(tool, path)
            self.members.update((function.name, family) for function in functions)
            return functions
        if tool.type is not None:
            tool = self._typed(tool, path)
        if not tool.name:
            raise RequestRefused(f"{path}.name: field required")
        return [tool]

    def _typed(self, tool: a.ToolDefinition, path: str) -> a.ToolDefinition:
        if field := client_tools.missing_tool_field(tool):
            raise RequestRefused(f"{path}.{field}: field required")
        return client_tools.as_function(tool) or tool

    def _leave_out(self, tool: a.ToolDefinition, path: str) -> None:
        kind = tool.type or ""
        if self.terms.web_search and kind.startswith(WEB_SEARCH):
            pass  # handled by the translator
        elif kind.startswith(SEARCH):
            self.notices.add("emulated.tool_search", "all tools are there from the start")
        else:
            self.notices.add("dropped.tool", kind or tool.name)
        self.left_out.setdefault(tool.name or kind, OmittedTool(tool, path))

    def web_search(self, tools: Collection[str]) -> a.ToolDefinition | None:
        """The search that the upstream does itself, unless another tool has that name."""
        if not self.terms.web_search:
            return None
        found = (one.tool for one in self.left_out.values() if (one.tool.type or "").startswith(WEB_SEARCH))
        search = next(found, None)
        if search and search.name in tools:
            self._drop_second(search.name)
            return None
        return search

    def _resolve(self, change: ToolChange, removed: set[str]) -> list[str]:
        """The names that a change is about; a definition in it is known from there on."""
        if change.definition is not None and change.kind == "addition":
            return self._define(change.definition, removed)
        found = self._matching_names(change)
        if not found and change.kind != "reference" and not self._is_declared(change):
            raise _unresolved(change)
        return found

    def _matching_names(self, change: ToolChange) -> list[str]:
        """The names that are meant. Only a whole family or server requires a search of all names."""
        families = self.members.values()
        if change.name != change.server and change.name not in families:
            return [name for name in (change.name,) if name in self.known or name in self.left_out]
        self.searches += len(self.known) + len(self.left_out)
        if self.searches > SEARCHES:
            raise RequestRefused("tools: the messages add and remove too many whole groups of tools")
        return [name for name in (*self.known, *self.left_out) if change.means(name, self.members.get(name))]

    def _define(self, tool: a.ToolDefinition, removed: set[str]) -> list[str]:
        self.defined.append(tool)
        if tool.name == PLACEHOLDER:
            return []
        functions = self._functions(tool, _ADDED)
        for function in functions:
            before = self.known.get(function.name)
            if before is None or function.name in removed:
                self.known[function.name] = function
            elif before != function:
                self._drop_second(function.name)
        return [function.name for function in functions] or [tool.name]

    def _is_declared(self, change: ToolChange) -> bool:
        self.searches += len(self.request.tools) + len(self.defined)
        if self.searches > SEARCHES:
            raise RequestRefused("tools: the messages name too many tools that are not offered")
        return any(
            change.is_of(tool, client_toolsets.toolset_name(tool))
            for tool in (*self.request.tools, *self.defined)
        )


def is_usable(tool: a.ToolDefinition) -> bool:
    """Whether a model can be offered the tool as a function."""
    return (
        tool.type in (None, "custom")
        or bool(bytes(tool.input_schema))
        or client_tools.is_typed(tool)
        or client_toolsets.toolset_name(tool) is not None
    )


def _unresolved(change: ToolChange) -> RequestRefused:
    return RequestRefused(
        f"tool_{change.kind}: no tool is named '{change.name}'",
        details={"error_code": "tool_reference_unresolved"},
    )
