"""Anthropic's web search <-> the search that a Responses server does itself.

    {"type": "web_search_20250305", "allowed_domains": [...]}  ->  {"type": "web_search", "filters": {...}}
    an item `web_search_call` with its sources                 ->  server_tool_use, web_search_tool_result

Rules (specification 4.4, 8.7):
- Options that Responses does not have (`blocked_domains`) cause a notice. `max_uses` limits all calls of the
  server's own tools; search is the only one.
- Sources are requested, since without them a client has nothing to show; they have no titles.
- Pages that the model opens or searches within are part of a search and not shown to the client.
- In the history a search is an ordinary call with its result: the hits are sent back as text
  (`server_tools`).
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from gateway.anthropic import wire as a
from gateway.anthropic.conversation.server_tools import GATEWAY_RESULT
from gateway.anthropic.notices import NoticeCollector
from gateway.parts import Notice, Part, PassthroughBlock
from gateway.upstreams.response.lenient import decode_lenient
from gateway.upstreams.responses import wire as r

SOURCES = "web_search_call.action.sources"
_DOMAINS = msgspec.json.Decoder(list[str])
_NUMBER = msgspec.json.Decoder(int)
_LOCATION = msgspec.json.Decoder(r.UserLocation)


class _Source(Struct):
    url: str = ""


class _Action(Struct):
    type: str = ""
    query: str | None = None
    queries: list[str] | None = None
    sources: list[_Source] | None = None


T = TypeVar("T")
_ACTION = msgspec.json.Decoder(_Action)


def search_tool(tool: a.ToolDefinition, notices: NoticeCollector) -> r.SearchTool:
    """Convert the tool. Options that cannot be read are ignored, with a notice."""
    search = r.SearchTool()
    if domains := _read(_DOMAINS, tool.allowed_domains, "allowed_domains", notices):
        search.filters = r.SearchFilters(domains)
    if location := _read(_LOCATION, tool.user_location, "user_location", notices):
        search.user_location = location
    if _read(_DOMAINS, tool.blocked_domains, "blocked_domains", notices):
        notices.add("dropped.search_option", "blocked_domains")
    return search


def most_uses(tool: a.ToolDefinition, notices: NoticeCollector) -> int | None:
    return _read(_NUMBER, tool.max_uses, "max_uses", notices)


def _read(decoder: msgspec.json.Decoder[T], sent: Raw, key: str, notices: NoticeCollector) -> T | None:
    if bytes(sent) in (b"", b"null"):
        return None
    try:
        return decoder.decode(sent)
    except msgspec.ValidationError:
        notices.add("dropped.search_option", key)
        return None


def search_result_parts(item: r.Item) -> list[Part]:
    """The call and its results; a notice for an item that is not a search."""
    action = decode_lenient(_ACTION, item.action) or _Action()
    if action.type not in ("", "search"):
        return [Notice("dropped.output_item", f"{item.type}: {action.type}")]
    id_ = f"srvtoolu_{item.id or ''}"
    query = action.query or "; ".join(action.queries or ())
    call = {"type": "server_tool_use", "id": id_, "name": "web_search", "input": {"query": query}}
    found: object = [_hit(source.url) for source in action.sources or () if source.url]
    if item.status not in (None, "completed"):
        found = {"type": "web_search_tool_result_error", "error_code": "unavailable"}
    return [
        PassthroughBlock(call),
        PassthroughBlock({"type": "web_search_tool_result", "tool_use_id": id_, "content": found}),
    ]


def _hit(url: str) -> dict[str, object]:
    """Without an encrypted text, but in the gateway's own form, so that it can be parsed again."""
    return {
        "type": "web_search_result",
        "url": url,
        "title": url,
        "encrypted_content": GATEWAY_RESULT,
        "page_age": None,
    }
