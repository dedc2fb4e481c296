"""Files and PDF texts that were fetched or extracted for a request before its translation.

Translators do no I/O: what a target cannot take unchanged (an image by URL, a PDF) is resolved first by
`gateway.attachments` and looked up here. A missing entry means that it was not available.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, frozen
from msgspec import Struct


class FetchedFile(Struct, frozen=True):
    """The content of a URL: `data` (base64, of `media_type`), or `failure`: why it could not be fetched."""

    media_type: str = ""
    data: str = ""
    failure: str = ""


class PdfText(Struct, frozen=True):
    """The text of a PDF, or `failure`: why it has none. `left_out`: pages that were not read."""

    text: str = ""
    failure: str = ""
    left_out: int = 0


NOT_FETCHED = FetchedFile(failure="it was not fetched")
NOT_READ = PdfText(failure="it was not read")


@frozen
class Attachments:
    files: Mapping[str, FetchedFile] = Factory(dict[str, FetchedFile])
    """By URL."""
    texts: Mapping[str, PdfText] = Factory(dict[str, PdfText])
    """By the base64 data of the PDF."""


NO_ATTACHMENTS = Attachments()
