"""`validation: strict`: which block types are allowed where, and their required fields.

`block_types` holds the places. An unknown type is refused anywhere, a known one in a wrong place, inside tool
results and documents as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.anthropic import wire as a
from gateway.anthropic.media_sources import DocumentSource, ImageSource
from gateway.anthropic.request.block_types import BLOCKS, PLACES

_PLACES: Mapping[str, frozenset[str]] = {
    place: frozenset(name for name, spec in BLOCKS.items() if place in spec.places.split())
    for place in PLACES
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
    places = [PLACES[where] for where, kinds in _PLACES.items() if kind in kinds]
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
