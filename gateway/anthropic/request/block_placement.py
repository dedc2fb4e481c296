"""`validation: strict`: which block types are allowed where, and their required fields.

The lists follow the newest SDK's types (2.14) and the API's documentation on placement: for example, no
images from the assistant, no thinking from the user. Anything not listed is refused, in a tool result and in
a document as well: an unknown type anywhere, a known one in a wrong place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.anthropic import wire as a
from gateway.anthropic.media_sources import DocumentSource, ImageSource

_SERVED = frozenset(
    {
        "server_tool_use",
        "web_search_tool_result",
        "web_fetch_tool_result",
        "code_execution_tool_result",
        "bash_code_execution_tool_result",
        "text_editor_code_execution_tool_result",
        "tool_search_tool_result",
        "advisor_tool_result",
        "mcp_tool_use",
        "mcp_tool_result",
        "mcp_tool_listing",
        "fallback",
    }
)
_CHANGES = frozenset({"tool_addition", "tool_removal"})
_ANYBODYS = _SERVED | _CHANGES | {"text", "search_result", "container_upload", "compaction", "connector_text"}
_PLACES: Mapping[str, frozenset[str]] = {
    "user": _ANYBODYS | {"image", "document", "tool_result"},
    "assistant": _ANYBODYS | {"thinking", "redacted_thinking", "tool_use"},
    "system": _CHANGES | {"text"},
    "tool_result": frozenset(
        {"text", "image", "document", "search_result", "tool_reference", "browser_state", "connector_text"}
    ),
}
_NAMES: Mapping[str, str] = {
    "user": "user messages",
    "assistant": "assistant messages",
    "system": "system messages",
    "tool_result": "tool results",
}
_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_IMAGE_SOURCES = frozenset({"base64", "url", "file"})
_DOCUMENT_SOURCES = _IMAGE_SOURCES | {"text", "content"}
_INSIDE = frozenset({"text", "image"})


def check_placement(blocks: tuple[a.Block, ...], where: str, path: str) -> Iterator[str]:
    """`where`: a message's role, or `tool_result`; `path`: of the list of blocks."""
    allowed = _PLACES.get(where, frozenset())
    for i, block in enumerate(blocks):
        kind = a.kind(block)
        if kind not in allowed:
            yield _unexpected(kind, f"{path}.{i}")
        yield from _block(block, where, f"{path}.{i}")


def _unexpected(kind: str, path: str) -> str:
    places = [_NAMES[where] for where, kinds in _PLACES.items() if kind in kinds]
    if not places:
        return f"{path}.type: unexpected block type {kind!r}"
    return f"{path}: `{kind}` blocks can only be in {' or '.join(places)}"


def _block(block: a.Block, where: str, path: str) -> Iterator[str]:
    match block:
        case a.ToolResult():
            yield from check_placement(block.content, "tool_result", f"{path}.content")
        case a.Text() if not block.text and where == "user":
            yield f"{path}: text content blocks must be non-empty"
        case a.Image():
            yield from _image(block.source, f"{path}.source")
        case a.Document():
            yield from _document(block.source, f"{path}.source")
        case _:
            pass


def _image(source: ImageSource, path: str) -> Iterator[str]:
    if source.type not in _IMAGE_SOURCES:
        yield f"{path}.type: expected one of {_listed(_IMAGE_SOURCES)}"
    if source.type == "base64" and source.media_type not in _IMAGES:
        yield f"{path}.media_type: expected one of {_listed(_IMAGES)}"


def _document(source: DocumentSource, path: str) -> Iterator[str]:
    if source.type not in _DOCUMENT_SOURCES:
        yield f"{path}.type: expected one of {_listed(_DOCUMENT_SOURCES)}"
    if isinstance(source.content, str):
        return
    for i, inside in enumerate(source.content or ()):
        if inside.type not in _INSIDE:
            yield _unexpected(inside.type, f"{path}.content.{i}")
        if inside.source:
            yield from _image(inside.source, f"{path}.content.{i}.source")


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
