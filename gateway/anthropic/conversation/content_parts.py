"""What users and tool results hold, as pieces: texts, pictures and PDFs, all that an upstream can be given.

Rules:
- Empty text is left out. A block of an unknown type gives its text, if it has one.
- What cannot be shown is replaced by a line that says so, with a notice. In the newest user turn, outside
  tool results, it is refused instead: only there can the user still do something about it, while a refusal
  anywhere else would repeat on every later request of the conversation.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from attrs import define
from msgspec import Struct

from gateway.anthropic import wire as a
from gateway.anthropic.conversation import image_size
from gateway.anthropic.notices import Notes
from gateway.anthropic.request.attachments import NOTHING, UNFETCHED, Attachments, Fetched
from gateway.errors import RequestRefused

NO_VISION = "[image omitted: model has no vision]"
LONGEST_SIDE = 8000
"""Pixels: the API's own limit, for clients that would rather be refused than have a picture scaled."""


class Picture(Struct, frozen=True):
    """Either `data` (base64, of `media_type`) or `url`."""

    media_type: str = ""
    data: str = ""
    url: str = ""


class Pdf(Struct, frozen=True):
    """A PDF for upstreams that read it themselves: either `data` (base64) or `url`. `name` is a file name."""

    name: str
    data: str = ""
    url: str = ""


Piece = str | Picture | Pdf


class Place(Struct, frozen=True, gc=False):
    """Where something stands in the request. `strict`: what cannot be sent from here is refused.

    Made for every message, and its path for hardly any.
    """

    step: int | str
    parent: Place | None = None
    strict: bool = False
    key: str = ""
    """Of the list that `step` counts in."""

    def below(self, step: int | str) -> Place:
        return Place(step, self, self.strict)

    def block(self, i: int) -> Place:
        """In the content of the message that stands here."""
        return Place(i, self, self.strict, "content")

    @property
    def path(self) -> str:
        above = [self.parent.path] if self.parent else []
        return ".".join([*above, *filter(None, [self.key]), str(self.step)])

    def refusal(self, what: str) -> RequestRefused:
        return RequestRefused(f"{self.path}: {what}")


MESSAGES = Place("messages")


class Sight(Struct, frozen=True):
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


PICTURES = Sight()
"""Pictures, if they come with the request."""


@define
class Eyes:
    """Turns what a client shows into what an upstream of this `sight` can be given."""

    sight: Sight
    notes: Notes
    attachments: Attachments = NOTHING

    def image(self, image: a.Image, place: Place) -> Piece:
        if not self.sight.vision:
            if self.sight.strict_images:
                raise place.refusal("the model has no vision")
            self.notes.add("dropped.image", "the model has no vision")
            return NO_VISION
        picture = self._picture(image.source, place)
        if image.transformations and image.transformations.oversized_image == "error":
            _refuse_oversized(picture, place)
        return picture

    def _picture(self, source: a.ImageSource, place: Place) -> Piece:
        match source.type:
            case "base64":
                return Picture(source.media_type, source.data)
            case "file":
                return self.missing_file(source.file_id, place)
            case "url" if inline := inline_file(source.url):
                return Picture(inline.media_type, inline.data)
            case "url" if self.sight.image_urls:
                return Picture(url=source.url)
            case "url":
                found = self.fetched("image", source.url, place)
                return found if isinstance(found, str) else Picture(found.media_type, found.data)
            case unknown:
                if place.strict:
                    raise place.refusal(f"an image by {unknown} cannot be sent; send it as base64")
                self.notes.add("dropped.image", f"by {unknown}")
                return "[image is not available]"

    def fetched(self, what: Literal["image", "document"], url: str, place: Place) -> Fetched | str:
        """What was fetched from a URL, or the line in its place."""
        found = self.attachments.files.get(url, UNFETCHED)
        if not found.failure:
            return found
        if place.strict:
            raise place.refusal(
                f"the {what} at {url} could not be fetched: {found.failure}; send it as base64"
            )
        self.notes.add(_DROPPED[what], f"by url: {found.failure}")
        return f"[{what} at {url} is not available]"

    def missing_file(self, file_id: str, place: Place) -> str:
        if place.strict:
            raise place.refusal(f"file '{file_id}' is not available on this gateway")
        self.notes.add("dropped.file", file_id)
        return f"[file '{file_id}' is not available]"


_DROPPED = {"image": "dropped.image", "document": "dropped.document"}


def inline_file(url: str) -> Fetched | None:
    """What a `data:` URL holds; None for any other."""
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return None
    return Fetched(head[5:-7].partition(";")[0], data)


def url_tokens(url: str) -> int:
    """What the picture at a URL weighs: its own weight where it stands in the URL."""
    inline = inline_file(url)
    return image_size.tokens(inline.data if inline else "")


def _refuse_oversized(picture: Piece, place: Place) -> None:
    size = image_size.size(picture.data) if isinstance(picture, Picture) else None
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


def joined(texts: list[str]) -> str:
    """Texts of one user turn: a blank line between them, or no more than the line end that is there."""
    parts = [texts[0]]
    for text in texts[1:]:
        parts.append(("\n" if parts[-1].endswith("\n") else "\n\n") + text)
    return "".join(parts)


def apart(pieces: list[Piece]) -> list[Piece]:
    """The same pieces; a text behind a text begins with what `joined` puts between them."""
    found = pieces[:1]
    for before, piece in pairwise(pieces):
        if isinstance(before, str) and isinstance(piece, str):
            found.append(joined([before, piece])[len(before) :])
        else:
            found.append(piece)
    return found


def merged(pieces: list[Piece]) -> list[Piece]:
    """The same pieces with neighbouring texts joined."""
    out: list[Piece] = []
    texts: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            texts.append(piece)
            continue
        if texts:
            out.append(joined(texts))
            texts = []
        out.append(piece)
    return [*out, joined(texts)] if texts else out
