"""Documents and search results -> the text and pictures in them, between tags that keep title and source.

PDFs and files cannot be read yet: they become a line that says so, or are refused (see `pieces`).
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from gateway.anthropic import wire as a
from gateway.anthropic.pieces import Eyes, Piece, Place, merged
from gateway.errors import RequestRefused


class _Source(Struct, frozen=True):
    type: str = ""
    data: str = ""
    content: str | list[Raw] | None = None
    url: str = ""
    file_id: str = ""


class _Inner(Struct, frozen=True):
    text: str | None = None
    source: a.ImageSource | None = None


class _SearchResult(Struct, frozen=True):
    source: str = ""
    title: str = ""
    content: list[_Inner] = []


_SOURCE = msgspec.json.Decoder(_Source)
_INNER = msgspec.json.Decoder(_Inner)
_SEARCH_RESULT = msgspec.json.Decoder(_SearchResult)


def document(block: a.Document, eyes: Eyes, place: Place) -> list[Piece]:
    try:
        source = _SOURCE.decode(block.source)
    except msgspec.ValidationError as error:
        raise RequestRefused(f"{place.path}.source: {error}") from None
    frame = _frame("document", title=block.title, context=block.context)
    if source.type == "text":
        return _between(frame, [source.data])
    if source.type == "content":
        return _between(frame, _content(source.content, eyes, place.below("source.content")))
    if source.type == "file":
        return [eyes.missing_file(source.file_id, place)]
    if place.strict:
        raise place.refusal("a PDF cannot be sent to this model; send its text, or its pages as images")
    name = block.title or source.url or "document"
    eyes.notes.add("dropped.document", name)
    return [f"[PDF '{name}': no text could be extracted]"]


def search_result(block: a.Unknown) -> list[Piece]:
    """Empty if the block is not what it says."""
    try:
        found = _SEARCH_RESULT.decode(block.raw)
    except msgspec.ValidationError:
        return []
    texts: list[Piece] = [inner.text for inner in found.content if inner.text]
    return _between(_frame("search_result", title=found.title, source=found.source), texts)


def _content(content: str | list[Raw] | None, eyes: Eyes, place: Place) -> list[Piece]:
    if isinstance(content, str):
        return [content]
    inner: list[Piece] = []
    for i, raw in enumerate(content or ()):
        try:
            block = _INNER.decode(raw)
        except msgspec.ValidationError as error:
            raise RequestRefused(f"{place.path}.{i}: {error}") from None
        if block.source is not None:
            inner.append(eyes.image(block.source, place.below(i)))
        elif block.text:
            inner.append(block.text)
    return inner


def _frame(tag: str, **attributes: str | None) -> tuple[str, str]:
    said = "".join(f' {key}="{value}"' for key, value in attributes.items() if value)
    return f"<{tag}{said}>", f"</{tag}>"


def _between(frame: tuple[str, str], inner: list[Piece]) -> list[Piece]:
    """One text, unless there are pictures in it."""
    start, end = frame
    whole = merged(inner)
    if any(not isinstance(piece, str) for piece in whole):
        return [start, *whole, end]
    return ["\n".join([start, *map(str, whole), end])]
