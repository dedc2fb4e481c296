"""Content of users and tool results as parts that an upstream can take: texts, images and PDFs.

Rules:
- Empty text is left out. A block of an unknown type is replaced by its text, if it has one.
- Unsupported content is replaced by a line that says so, with a notice. In the newest user turn, outside tool
  results, it is refused instead: only there can the user still react, while a refusal anywhere else would
  repeat on every later request of the conversation.
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
"""Pixels: the API's own limit, for clients that prefer a refusal to a scaled image."""


class ImagePart(Struct, frozen=True):
    """Either `data` (base64, of `media_type`) or `url`."""

    media_type: str = ""
    data: str = ""
    url: str = ""


class PdfPart(Struct, frozen=True):
    """A PDF for upstreams that read PDFs: either `data` (base64) or `url`. `name` is a file name."""

    name: str
    data: str = ""
    url: str = ""


ContentPart = str | ImagePart | PdfPart


class BlockLocation(Struct, frozen=True, gc=False):
    """A position in the request. `strict`: unsupported content at this position is refused.

    Created for every message, while its path is rarely needed.
    """

    step: int | str
    parent: BlockLocation | None = None
    strict: bool = False
    key: str = ""
    """The key of the list that `step` indexes."""

    def below(self, step: int | str) -> BlockLocation:
        return BlockLocation(step, self, self.strict)

    def block(self, i: int) -> BlockLocation:
        """The position of block `i` in the message at this position."""
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
    """It fetches images by URL."""
    pdf: bool = False
    """It reads PDFs."""
    pdf_urls: bool = False
    """It fetches PDFs by URL."""
    strict_images: bool = False
    """Without vision, a request with images is refused rather than sent without them."""


IMAGES = InputModalities()
"""Images, if their data is in the request."""


@define
class ContentConverter:
    """Converts a client's media blocks to what an upstream of these modalities accepts."""

    modalities: InputModalities
    notices: NoticeCollector
    attachments: Attachments = NO_ATTACHMENTS

    def image(self, image: a.Image, place: BlockLocation) -> ContentPart:
        if not self.modalities.vision:
            if self.modalities.strict_images:
                raise place.refusal("the model has no vision")
            self.notices.add("dropped.image", "the model has no vision")
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
                self.notices.add("dropped.image", f"by {unknown}")
                return "[image is not available]"

    def fetched(
        self, what: Literal["image", "document"], url: str, place: BlockLocation
    ) -> FetchedFile | str:
        """The file fetched from a URL, or the line that replaces it."""
        found = self.attachments.files.get(url, NOT_FETCHED)
        if not found.failure:
            return found
        if place.strict:
            raise place.refusal(
                f"the {what} at {url} could not be fetched: {found.failure}; send it as base64"
            )
        self.notices.add(_DROPPED[what], f"by url: {found.failure}")
        return f"[{what} at {url} is not available]"

    def missing_file(self, file_id: str, place: BlockLocation) -> str:
        if place.strict:
            raise place.refusal(f"file '{file_id}' is not available on this gateway")
        self.notices.add("dropped.file", file_id)
        return f"[file '{file_id}' is not available]"


_DROPPED: Mapping[str, NoticeName] = {"image": "dropped.image", "document": "dropped.document"}


def inline_file(url: str) -> FetchedFile | None:
    """The content of a `data:` URL; None for any other."""
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return None
    return FetchedFile(head[5:-7].partition(";")[0], data)


def url_tokens(url: str) -> int:
    """The tokens of the image at a URL: by its size for a `data:` URL, else the maximum."""
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
    """Texts of one user turn, separated by a blank line, or by the existing line end alone."""
    parts = [texts[0]]
    for text in texts[1:]:
        parts.append(("\n" if parts[-1].endswith("\n") else "\n\n") + text)
    return "".join(parts)


def separate_texts(parts: list[ContentPart]) -> list[ContentPart]:
    """The same parts; a text after a text begins with the separator of `join_texts`."""
    found = parts[:1]
    for before, part in pairwise(parts):
        if isinstance(before, str) and isinstance(part, str):
            found.append(join_texts([before, part])[len(before) :])
        else:
            found.append(part)
    return found


def merge_texts(parts: list[ContentPart]) -> list[ContentPart]:
    """The same parts with adjacent texts joined."""
    out: list[ContentPart] = []
    texts: list[str] = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
            continue
        if texts:
            out.append(join_texts(texts))
            texts = []
        out.append(part)
    return [*out, join_texts(texts)] if texts else out
