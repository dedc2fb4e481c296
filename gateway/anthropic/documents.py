"""Documents and search results -> the texts, pictures and PDFs in them, between tags that keep their titles.

Rules:
- A PDF stays one where the upstream reads PDFs; elsewhere its text takes its place, page by page.
- No upstream cites: `citations` are left out with a notice.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from gateway.anthropic import wire as a
from gateway.anthropic.attached import UNREAD
from gateway.anthropic.pieces import Eyes, Pdf, Piece, Place, inline_file, merged
from gateway.errors import RequestRefused


class Source(Struct, frozen=True):
    """`text` and `base64` have data, `content` has content, `url` has url, `file` has file_id."""

    type: str = ""
    media_type: str = ""
    data: str = ""
    content: str | list[Raw] | None = None
    url: str = ""
    file_id: str = ""


class _Type(Struct, frozen=True):
    type: str = ""


class _Inner(Struct, frozen=True):
    text: str | None = None
    source: a.ImageSource | None = None
    transformations: a.Transformations | None = None


class _SearchResult(Struct, frozen=True):
    source: str = ""
    title: str = ""
    content: list[_Inner] = []
    citations: a.Citations | None = None


_SOURCE = msgspec.json.Decoder(Source)
_TYPE = msgspec.json.Decoder(_Type)
_INNER = msgspec.json.Decoder(_Inner)
_SEARCH_RESULT = msgspec.json.Decoder(_SearchResult)


def source_of(block: a.Document, place: Place) -> Source:
    try:
        return _SOURCE.decode(block.source)
    except msgspec.ValidationError as error:
        raise RequestRefused(f"{place.path}.source: {error}") from None


def binary_size(block: a.Document) -> int:
    """The length of a document's base64; 0 for text."""
    try:
        return len(bytes(block.source)) if _TYPE.decode(block.source).type == "base64" else 0
    except msgspec.ValidationError:
        return 0


def document(block: a.Document, eyes: Eyes, place: Place) -> list[Piece]:
    source = source_of(block, place)
    if block.citations and block.citations.enabled:
        eyes.notes.add("dropped.citations")
    frame = _frame("document", title=block.title, context=block.context)
    match source.type:
        case "text":
            return _between(frame, [source.data])
        case "content":
            inner = [
                eyes.image(found, at) if isinstance(found, a.Image) else found
                for found, at in content(source, place)
            ]
            return _between(frame, inner)
        case "file":
            return [eyes.missing_file(source.file_id, place)]
        case "base64" | "url":
            return _pdf(block, source, eyes, place)
        case unknown:
            if place.strict:
                raise place.refusal(f"a document by {unknown!r} cannot be sent")
            eyes.notes.add("dropped.document", f"by {unknown}")
            return ["[document is not available]"]


def search_result(block: a.Unknown, eyes: Eyes) -> list[Piece]:
    """Empty if the block is not what it says."""
    try:
        found = _SEARCH_RESULT.decode(block.raw)
    except msgspec.ValidationError:
        return []
    if found.citations and found.citations.enabled:
        eyes.notes.add("dropped.citations")
    texts: list[Piece] = [inner.text for inner in found.content if inner.text]
    return _between(_frame("search_result", title=found.title, source=found.source), texts)


def content(source: Source, place: Place) -> list[tuple[str | a.Image, Place]]:
    """The texts and pictures of a document that has a `content`, and where they stand."""
    if isinstance(source.content, str):
        return [(source.content, place)]
    found: list[tuple[str | a.Image, Place]] = []
    for i, raw in enumerate(source.content or ()):
        at = place.below("source.content").below(i)
        try:
            block = _INNER.decode(raw)
        except msgspec.ValidationError as error:
            raise RequestRefused(f"{at.path}: {error}") from None
        if block.source is not None:
            found.append((a.Image(block.source, block.transformations), at))
        elif block.text:
            found.append((block.text, at))
    return found


def _pdf(block: a.Document, source: Source, eyes: Eyes, place: Place) -> list[Piece]:
    name = block.title or _last(source.url) or "document"
    data = source.data
    if source.type == "url":
        if eyes.sight.pdf_urls:
            return _whole(Pdf(name, url=source.url), block)
        found = inline_file(source.url) or eyes.fetched("document", source.url, place)
        if isinstance(found, str):
            return [found]
        data = found.data
    return _whole(Pdf(name, data), block) if eyes.sight.pdf else _read(data, name, block, eyes, place)


def _last(url: str) -> str:
    """The file's name in a URL."""
    return "" if url.startswith("data:") else url.partition("?")[0].rpartition("/")[2]


def _whole(pdf: Pdf, block: a.Document) -> list[Piece]:
    """A PDF's title is its file name already."""
    return _between(_frame("document", context=block.context), [pdf]) if block.context else [pdf]


def _read(data: str, name: str, block: a.Document, eyes: Eyes, place: Place) -> list[Piece]:
    reading = eyes.attachments.texts.get(data, UNREAD)
    if reading.left_out:
        eyes.notes.add("clamped.document", f"{name}: {reading.left_out} pages left out")
    if reading.text:
        return _between(_frame("document", title=block.title, context=block.context), [reading.text])
    if place.strict:
        raise place.refusal(
            f"no text could be extracted from the PDF ({reading.failure}), and this model takes nothing else"
            " of it; send its text, or its pages as images"
        )
    eyes.notes.add("dropped.document", f"{name}: {reading.failure}")
    return [f"[PDF '{name}': no text could be extracted]"]


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
