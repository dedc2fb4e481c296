"""The parts of a request that an upstream cannot take unchanged: URLs to fetch, PDFs to extract."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import Factory, define

from gateway.anthropic import wire as a
from gateway.anthropic.conversation import server_tools
from gateway.anthropic.conversation.content_parts import InputModalities, inline_file
from gateway.anthropic.conversation.documents import document_images
from gateway.anthropic.request.media import MediaBlock


@define
class RequiredAttachments:
    """Each with whether a failure to get it refuses the request: then the client may retry it."""

    images: dict[str, bool] = Factory(dict[str, bool])
    """By URL."""
    documents: dict[str, bool] = Factory(dict[str, bool])
    """By URL."""
    pdfs: dict[str, bool] = Factory(dict[str, bool])
    """By base64 data: to extract."""

    @property
    def nothing(self) -> bool:
        return not (self.images or self.documents or self.pdfs)


def required_attachments(media: Iterable[MediaBlock], modalities: InputModalities) -> RequiredAttachments:
    found = RequiredAttachments()
    for one in media:
        _look(one.block, found, modalities, again=one.newest)
    return found


def _look(
    block: a.Image | a.Document | a.Unknown,
    found: RequiredAttachments,
    modalities: InputModalities,
    *,
    again: bool,
) -> None:
    if isinstance(block, a.Image):
        _look_at_image(block, found, modalities, again=again)
    elif isinstance(block, a.Document):
        _look_at_document(block, found, modalities, again=again)
    elif page := server_tools.fetched_page(block):
        _look_at_document(page, found, modalities, again=False)


def _look_at_image(
    block: a.Image, found: RequiredAttachments, modalities: InputModalities, *, again: bool
) -> None:
    source = block.source
    if (
        source.type == "url"
        and modalities.vision
        and not modalities.image_urls
        and not inline_file(source.url)
    ):
        found.images[source.url] = found.images.get(source.url, False) or again


def _look_at_document(
    block: a.Document, found: RequiredAttachments, modalities: InputModalities, *, again: bool
) -> None:
    source = block.source
    for image in document_images(source):
        _look_at_image(image, found, modalities, again=again)
    data = source.data if source.type == "base64" else ""
    if source.type == "url":
        url = source.url or ""
        inline = inline_file(url)
        if inline is None and not modalities.pdf_urls:
            found.documents[url] = found.documents.get(url, False) or again
        data = inline.data if inline else ""
    if data and not modalities.pdf:
        found.pdfs[data] = found.pdfs.get(data, False) or again
