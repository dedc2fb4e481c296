"""Documents and search results -> their texts, images and PDFs, between tags with their titles.

Rules:
- A PDF is sent unchanged if the upstream reads PDFs; otherwise it is replaced by its text, page by page.
- No upstream supports citations: `citations` are dropped with a notice.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from gateway.anthropic import wire as a
from gateway.anthropic.conversation.content_parts import (
    BlockLocation,
    ContentConverter,
    ContentPart,
    PdfPart,
    inline_file,
    merge_texts,
)
from gateway.anthropic.media_sources import DocumentContent, DocumentSource
from gateway.anthropic.request.attachments import NOT_READ


class _Found(Struct, frozen=True):
    text: str = ""


class _SearchResult(Struct, frozen=True):
    source: str = ""
    title: str = ""
    content: list[_Found] = []
    citations: a.Citations | None = None


_SEARCH_RESULT = msgspec.json.Decoder(_SearchResult)


def binary_size(block: a.Document) -> int:
    """The length of a document's base64; 0 for text."""
    return len(block.source.data or "") if block.source.type == "base64" else 0


def document(block: a.Document, converter: ContentConverter, place: BlockLocation) -> list[ContentPart]:
    source = block.source
    if block.citations and block.citations.enabled:
        converter.notices.add("dropped.citations")
    frame = _frame("document", title=block.title, context=block.context)
    match source.type:
        case "text":
            return _between(frame, [source.data or ""])
        case "content":
            return _between(frame, _content(source, converter, place))
        case "file":
            return [converter.missing_file(source.file_id or "", place)]
        case "base64" | "url":
            return _pdf(block, source, converter, place)
        case unknown:
            if place.strict:
                raise place.refusal(f"a document by {unknown!r} cannot be sent")
            converter.notices.add("dropped.document", f"by {unknown}")
            return ["[document is not available]"]


def search_result(block: a.Unknown, converter: ContentConverter) -> list[ContentPart]:
    """Empty if the block is malformed."""
    try:
        found = _SEARCH_RESULT.decode(block.raw)
    except msgspec.ValidationError:
        return []
    if found.citations and found.citations.enabled:
        converter.notices.add("dropped.citations")
    texts: list[ContentPart] = [inner.text for inner in found.content if inner.text]
    return _between(_frame("search_result", title=found.title, source=found.source), texts)


def document_images(source: DocumentSource) -> list[a.Image]:
    """The images of a document that has a `content`."""
    if source.type != "content" or not isinstance(source.content, list):
        return []
    return [image for inside in source.content if (image := _picture(inside))]


def _picture(inside: DocumentContent) -> a.Image | None:
    return a.Image(inside.source, inside.transformations) if inside.source else None


def _content(source: DocumentSource, converter: ContentConverter, place: BlockLocation) -> list[ContentPart]:
    if isinstance(source.content, str):
        return [source.content]
    found: list[ContentPart] = []
    for i, inside in enumerate(source.content or ()):
        if image := _picture(inside):
            found.append(converter.image(image, place.below("source.content").below(i)))
        elif inside.text:
            found.append(inside.text)
        elif inside.type != "text":
            converter.notices.add("dropped.block", inside.type)
    return found


def _pdf(
    block: a.Document, source: DocumentSource, converter: ContentConverter, place: BlockLocation
) -> list[ContentPart]:
    url = source.url or ""
    name = block.title or _last(url) or "document"
    data = source.data or ""
    if source.type == "url":
        if converter.modalities.pdf_urls:
            return _whole(PdfPart(name, url=url), block)
        found = inline_file(url) or converter.fetched("document", url, place)
        if isinstance(found, str):
            return [found]
        data = found.data
    return (
        _whole(PdfPart(name, data), block)
        if converter.modalities.pdf
        else _read(data, name, block, converter, place)
    )


def _last(url: str) -> str:
    """The file name in a URL."""
    return "" if url.startswith("data:") else url.partition("?")[0].rpartition("/")[2]


def _whole(pdf: PdfPart, block: a.Document) -> list[ContentPart]:
    """A PDF's title is not added: it is used as its file name."""
    return _between(_frame("document", context=block.context), [pdf]) if block.context else [pdf]


def _read(
    data: str, name: str, block: a.Document, converter: ContentConverter, place: BlockLocation
) -> list[ContentPart]:
    reading = converter.attachments.texts.get(data, NOT_READ)
    if reading.left_out:
        converter.notices.add("clamped.document", f"{name}: {reading.left_out} pages left out")
    if reading.text:
        return _between(_frame("document", title=block.title, context=block.context), [reading.text])
    if place.strict:
        raise place.refusal(
            f"no text could be extracted from the PDF ({reading.failure}), and this model takes nothing else"
            " of it; send its text, or its pages as images"
        )
    converter.notices.add("dropped.document", f"{name}: {reading.failure}")
    return [f"[PDF '{name}': no text could be extracted]"]


def _frame(tag: str, **attributes: str | None) -> tuple[str, str]:
    text = "".join(f' {key}="{value}"' for key, value in attributes.items() if value)
    return f"<{tag}{text}>", f"</{tag}>"


def _between(frame: tuple[str, str], inner: list[ContentPart]) -> list[ContentPart]:
    """One text, unless there are images in it."""
    start, end = frame
    whole = merge_texts(inner)
    if any(not isinstance(piece, str) for piece in whole):
        return [start, *whole, end]
    return ["\n".join([start, *map(str, whole), end])]
