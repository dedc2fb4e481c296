"""What users and tool results hold, as pieces: texts and pictures, all that an upstream can be given.

Rules:
- Empty text is left out. A block of an unknown type gives its text, if it has one.
- What cannot be shown is replaced by a line that says so, with a notice. In the newest user turn, outside
  tool results, it is refused instead: only there can the user still do something about it, while a refusal
  anywhere else would repeat on every later request of the conversation.
"""

from __future__ import annotations

from attrs import define
from msgspec import Struct

from gateway.anthropic import wire as a
from gateway.anthropic.notes import Notes
from gateway.errors import RequestRefused

NO_VISION = "[image omitted: model has no vision]"


class Picture(Struct, frozen=True):
    """Either `data` (base64, of `media_type`) or `url`."""

    media_type: str = ""
    data: str = ""
    url: str = ""


Piece = str | Picture


class Place(Struct, frozen=True):
    """Where something stands in the request. `strict`: what cannot be sent from here is refused."""

    step: str
    parent: Place | None = None
    strict: bool = False

    def below(self, step: int | str) -> Place:
        return Place(str(step), self, self.strict)

    @property
    def path(self) -> str:
        return f"{self.parent.path}.{self.step}" if self.parent else self.step

    def refusal(self, what: str) -> RequestRefused:
        return RequestRefused(f"{self.path}: {what}")


@define
class Eyes:
    """What an upstream sees: pictures at all (`vision`), and those it must fetch itself (`urls`)."""

    vision: bool
    urls: bool
    notes: Notes

    def image(self, source: a.ImageSource, place: Place) -> Piece:
        if not self.vision:
            self.notes.add("dropped.image", "the model has no vision")
            return NO_VISION
        if source.type == "base64":
            return Picture(source.media_type, source.data)
        if source.type == "file":
            return self.missing_file(source.file_id, place)
        if source.type == "url" and self.urls:
            return Picture(url=source.url)
        if place.strict:
            raise place.refusal(f"an image by {source.type} cannot be sent to this model; send it as base64")
        self.notes.add("dropped.image", f"by {source.type}")
        return f"[image at {source.url} is not available]"

    def missing_file(self, file_id: str, place: Place) -> str:
        if place.strict:
            raise place.refusal(f"file '{file_id}' is not available on this gateway")
        self.notes.add("dropped.file", file_id)
        return f"[file '{file_id}' is not available]"


def joined(texts: list[str]) -> str:
    """Texts of one user turn: a blank line between them, or no more than the line end that is there."""
    whole = texts[0]
    for text in texts[1:]:
        whole += ("\n" if whole.endswith("\n") else "\n\n") + text
    return whole


def merged(pieces: list[Piece]) -> list[Piece]:
    """The same pieces with neighbouring texts joined."""
    out: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and out and isinstance(last := out[-1], str):
            out[-1] = joined([last, piece])
        else:
            out.append(piece)
    return out
