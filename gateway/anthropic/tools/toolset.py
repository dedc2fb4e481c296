"""The tools of a request -> the tools sent upstream, in an order that only grows at its end.

Rules (amendment 4.3):
- Tools without `defer_loading` come in the order sent; then the deferred ones that the messages name, by
  first appearance; then deferred ones that nothing names. With a `tool_search_*` server tool: all in the
  order sent.
- Which tools count as late follows from the request alone, never from memory.
- `available` decides which tools are offered, including those that messages add and remove.
- A choice may name the member of a toolset by the client's name. A choice that forces a tool that was left
  out is refused (a forced search is answered by `emulation.local`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import Factory, frozen

from gateway.anthropic import wire as a
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.tools.available import AvailableTools, OmittedTool, ToolOptions
from gateway.anthropic.tools.client_toolsets import BETWEEN
from gateway.anthropic.tools.tool_changes import ToolChange
from gateway.errors import RequestRefused

ALL_FEATURES = ToolOptions()


@frozen
class ToolChoice:
    """`tool_choice`, checked against the tools. `single`: no parallel calls."""

    type: Literal["auto", "any", "tool", "none"] = "auto"
    name: str = ""
    single: bool = False


@frozen
class Toolset:
    """Functions by the client's names; members of a toolset as `family__member`."""

    tools: list[a.ToolDefinition]
    choice: ToolChoice
    members: Mapping[str, str] = Factory(dict[str, str])
    """The members' names -> the family's name."""
    left_out: Mapping[str, OmittedTool] = Factory(dict[str, OmittedTool])
    """By name: requested tools that are not offered as functions."""
    search: a.ToolDefinition | None = None
    """The web search that the upstream does itself."""


def toolset(
    request: a.MessagesRequest,
    mentions: list[ToolChange],
    notices: NoticeCollector,
    terms: ToolOptions = ALL_FEATURES,
) -> Toolset:
    offer = AvailableTools(request, terms, notices)
    offer.declare()
    tools = offer.changed(mentions)
    search = offer.web_search(tools)
    choice = _choice(tools, search, offer)
    return Toolset(list(tools.values()), choice, offer.members, offer.left_out, search)


def _choice(
    tools: dict[str, a.ToolDefinition], search: a.ToolDefinition | None, offer: AvailableTools
) -> ToolChoice:
    sent = offer.request.tool_choice
    if sent is None:
        return ToolChoice()
    single = bool(sent.disable_parallel_tool_use)
    match sent.type:
        case "auto" | "any" | "none" as kind:
            if kind == "any" and not tools and not search:
                raise _nothing_to_choose(offer)
            return ToolChoice(kind, single=single)
        case "tool":
            chosen = sent.name if search and sent.name == search.name else _chosen(sent.name, tools, offer)
            return ToolChoice("tool", chosen, single)
        case unknown:
            offer.notices.add("dropped.tool_choice", unknown)
            return ToolChoice(single=single)


def _chosen(name: str, tools: dict[str, a.ToolDefinition], offer: AvailableTools) -> str:
    """The chosen function: by its own name, or by the client's name for a member."""
    if name in tools:
        return name
    found = [full for full, family in offer.members.items() if full == f"{family}{BETWEEN}{name}"]
    found = [full for full in found if full in tools]
    if len(found) == 1:
        return found[0]
    if name in offer.left_out:
        raise offer.left_out[name].refusal()
    raise RequestRefused("tool_choice.name: tool not found")


def _nothing_to_choose(offer: AvailableTools) -> RequestRefused:
    for left_out in offer.left_out.values():
        return left_out.refusal()
    return RequestRefused("tool_choice: there is no tool to choose")
