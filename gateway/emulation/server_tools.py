"""Answers a search or fetch that cannot be done with an error in the API's own form.

Rules (amendment 4.4):
- It applies if the model is offered no tool besides `web_search` or `web_fetch`, or if `tool_choice` names
  it: the model could only answer from memory. Among other tools it is left out (see `available`).
- If the upstream has its own web search, a search is left to it.
- The tools are those that remain after messages have added and removed some.
- A client tool of that name is left to the client.
- The query is the text after the last colon of the last user text, or all of it; a fetch uses its last URL.
"""

from __future__ import annotations

import re

from msgspec import structs

from gateway.anthropic import wire as a
from gateway.anthropic.conversation.compaction import summary
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.tools.available import ToolOptions
from gateway.anthropic.tools.tool_changes import ToolChange, tool_change
from gateway.anthropic.tools.toolset import toolset
from gateway.ids import new_id
from gateway.inbound import Inbound
from gateway.parts import Finish, Notice, Part, PassthroughBlock, TextDelta, Usage
from gateway.upstreams.base import Target

_TOOLS = {"web_search": ("query", "Web search"), "web_fetch": ("url", "Web fetch")}
"""By the tool's name: the key of its input, and its display name."""
_URL = re.compile(r"https?://[^\s<>\"')\]]*[^\s<>\"')\].,;:!?]")


def unavailable(inbound: Inbound, target: Target) -> list[Part] | None:
    request = inbound.request
    if not any(tool.type is not None and _served(tool) for tool in request.tools):
        return None
    name = _answered_tool(request, ToolOptions(web_search=target.model_info.quirks.web_search))
    if name is None:
        return None
    key, title = _TOOLS[name]
    text = _last_text(request)
    call = {
        "type": "server_tool_use",
        "id": new_id("srvtoolu_"),
        "name": name,
        "input": {key: _query(text) if key == "query" else _url(text)},
    }
    error = {"type": f"{name}_tool_result_error", "error_code": "unavailable"}
    result = {"type": f"{name}_tool_result", "tool_use_id": call["id"], "content": error}
    return [
        Notice("emulated.server_tool", f"{name}: unavailable"),
        PassthroughBlock(call),
        PassthroughBlock(result),
        TextDelta(f"{title} is not available on this gateway."),
        Usage(
            input=inbound.estimated_tokens, server_tools={"web_search_requests": 0, "web_fetch_requests": 0}
        ),
        Finish(),
    ]


def _answered_tool(request: a.MessagesRequest, terms: ToolOptions) -> str | None:
    """The name of the tool that is answered."""
    choice = request.tool_choice
    if choice is not None and choice.type == "none":
        return None
    offered = toolset(
        structs.replace(request, tool_choice=None), _mentions(request), NoticeCollector(), terms
    )
    own = {tool.name for tool in (*offered.tools, *filter(None, [offered.search]))}
    wanted = [name for one in offered.left_out.values() if (name := _served(one.tool)) and name not in own]
    if choice is not None and choice.type == "tool":
        return choice.name if choice.name in wanted else None
    return wanted[0] if wanted and not own else None


def _mentions(request: a.MessagesRequest) -> list[ToolChange]:
    """Additions and removals in messages. Tools that are only referenced are offered anyway."""
    found: list[ToolChange] = []
    for i, message in enumerate(request.messages):
        for j, block in enumerate(message.content):
            if not isinstance(block, a.Unknown):
                continue
            path = f"messages.{i}.content.{j}"
            if message.role == "system" and (change := tool_change(block, path)):
                found.append(change)
            elif message.role != "system" and (compaction := summary(block, path)):
                found = list(compaction.changes)
    return found


def _served(tool: a.ToolDefinition) -> str | None:
    return next((name for name in _TOOLS if (tool.type or "").startswith(f"{name}_")), None)


def _last_text(request: a.MessagesRequest) -> str:
    for message in reversed(request.messages):
        if message.role != "user":
            continue
        texts = [block.text for block in message.content if isinstance(block, a.Text) and block.text.strip()]
        if texts:
            return texts[-1].strip()
    return ""


def _query(text: str) -> str:
    return text.rpartition(":")[2].strip() or text


def _url(text: str) -> str:
    found: list[str] = _URL.findall(text)
    return found[-1] if found else _query(text)
