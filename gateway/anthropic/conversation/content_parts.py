"""What users and tool results hold, as pieces: texts, pictures and PDFs, all that an upstream can be given.

Rules:
- Empty text is left out. A block of an unknown type gives its text, if it has one.
- What cannot be shown is replaced by a line that says so, with a notice. In the newest user turn, outside
  tool results, it is refused instead: only there can the user still do something about it, while a refusal
  anywhere else would repeat on every later request of the conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

from attrs import define
from msgspec import Struct

from gateway.anthropic import wire as a
from gateway.anthropic.conversation import image_size
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.request.attachments import NO_ATTACHMENTS, NOT_FETCHED, Attachments, FetchedFile
from gateway.errors import RequestRefused
from gateway.notices import NoticeName

NO_VISION = "[image omitted: model has no vision]"
LONGEST_SIDE = 8000
"""Pixels: the API's own limit, for clients that would rather be refused than have a picture scaled."""


class ImagePart(Struct, frozen=True):
    """Either `data` (base64, of `media_type`) or `url`."""

    media_type: str = ""
    data: str = ""
    url: str = ""


class PdfPart(Struct, frozen=True):
    """A PDF for upstreams that read it themselves: either `data` (base64) or `url`. `name` is a file name."""

    name: str
    data: str = ""
    url: str = ""


ContentPart = str | ImagePart | PdfPart


class BlockLocation(Struct, frozen=True, gc=False):
    """Where something stands in the request. `strict`: what cannot be sent from here is refused.

    Made for every message, and its path for hardly any.
    """

    step: int | str
    parent: BlockLocation | None = None
    strict: bool = False
    key: str = ""
    """Of the list that `step` counts in."""

    def below(self, step: int | str) -> BlockLocation:
        return BlockLocation(step, self, self.strict)

    def block(self, i: int) -> BlockLocation:
        """In the content of the message that stands here."""
        return BlockLocation(i, self, self.strict, "content")

    @property
    def path(self) -> str:
        above = [self.parent.path] if self.parent else []
        return ".".join([*above, *filter(None, [self.key]), str(self.step)])

    def refusal(self, what: str) -> RequestRefused:
        return RequestRefused(f"{self.path}: {what}")


MESSAGES = BlockLocation("messages")


class InputModalities(Struct, frozen=True):
    """What an upstream takes besides text."""

    vision: bool = True
    image_urls: bool = False
    """It fetches pictures itself."""
    pdf: bool = False
    """It reads PDFs itself."""
    pdf_urls: bool = False
    """It fetches PDFs itself."""
    strict_images: bool = False
    """Without vision, a request with pictures is refused rather than sent without them."""


IMAGES = InputModalities()
"""Pictures, if they come with the request."""


@define
class ContentConverter:
    """Converts a client's media blocks to what an upstream of these modalities accepts."""

    modalities: InputModalities
    notes: NoticeCollector
    attachments: Attachments = NO_ATTACHMENTS

    def image(self, image: a.Image, place: BlockLocation) -> ContentPart:
        if not self.modalities.vision:
            if self.modalities.strict_images:
                raise place.refusal("the model has no vision")
            self.notes.add("dropped.image", "the model has no vision")
            return NO_VISION
        picture = self._picture(image.source, place)
        if image.transformations and image.transformations.oversized_image == "error":
            _refuse_oversized(picture, place)
        return picture

    def _picture(self, source: a.ImageSource, place: BlockLocation) -> ContentPart:
        match source.type:
            case "base64":
                return ImagePart(source.media_type, source.data)
            case "file":
                return self.missing_file(source.file_id, place)
            case "url" if inline := inline_file(source.url):
                return ImagePart(inline.media_type, inline.data)
            case "url" if self.modalities.image_urls:
                return ImagePart(url=source.url)
            case "url":
                found = self.fetched("image", source.url, place)
                return found if isinstance(found, str) else ImagePart(found.media_type, found.data)
            case unknown:
                if place.strict:
                    raise place.refusal(f"an image by {unknown} cannot be sent; send it as base64")
                self.notes.add("dropped.image", f"by {unknown}")
                return "[image is not available]"

    def fetched(
        self, what: Literal["image", "document"], url: str, place: BlockLocation
    ) -> FetchedFile | str:
        """What was fetched from a URL, or the line in its place."""
        found = self.attachments.files.get(url, NOT_FETCHED)
        if not found.failure:
            return found
        if place.strict:
            raise place.refusal(
                f"the {what} at {url} could not be fetched: {found.failure}; send it as base64"
            )
        self.notes.add(_DROPPED[what], f"by url: {found.failure}")
        return f"[{what} at {url} is not available]"

    def missing_file(self, file_id: str, place: BlockLocation) -> str:
        if place.strict:
            raise place.refusal(f"file '{file_id}' is not available on this gateway")
        self.notes.add("dropped.file", file_id)
        return f"[file '{file_id}' is not available]"


_DROPPED: Mapping[str, NoticeName] = {"image": "dropped.image", "document": "dropped.document"}


def inline_file(url: str) -> FetchedFile | None:
    """What a `data:` URL holds; None for any other."""
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return None
    return FetchedFile(head[5:-7].partition(";")[0], data)


def url_tokens(url: str) -> int:
    """What the picture at a URL weighs: its own weight where it stands in the URL."""
    inline = inline_file(url)
    return image_size.image_tokens(inline.data if inline else "")


def _refuse_oversized(picture: ContentPart, place: BlockLocation) -> None:
    size = image_size.image_size(picture.data) if isinstance(picture, ImagePart) else None
    if size and max(size) > LONGEST_SIDE:
        width, height = size
        raise RequestRefused(
            f"{place.path}: the image has {width} x {height} pixels; {LONGEST_SIDE} is the most for each",
            details={
                "error_code": "image_dimensions_too_large",
                "max_side_length_pixels": LONGEST_SIDE,
                "paths": [place.path],
            },
        )


def join_texts(texts: list[str]) -> str:
    """Texts of one user turn: a blank line between them, or no more than the line end that is there."""
    parts = [texts[0]]
    for text in texts[1:]:
        parts.append(("\n" if parts[-1].endswith("\n") else "\n\n") + text)
    return "".join(parts)


def separate_texts(pieces: list[ContentPart]) -> list[ContentPart]:
    """The same pieces; a text behind a text begins with the separator of `join_texts`."""
    found = pieces[:1]
    for before, piece in pairwise(pieces):
        if isinstance(before, str) and isinstance(piece, str):
            found.append(join_texts([before, piece])[len(before) :])
        else:
            found.append(piece)
    return found


def merge_texts(pieces: list[ContentPart]) -> list[ContentPart]:
    """The same pieces with neighbouring texts joined."""
    out: list[ContentPart] = []
    texts: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            texts.append(piece)
            continue
        if texts:
            out.append(join_texts(texts))
            texts = []
        out.append(piece)
    return [*out, join_texts(texts)] if texts else out
