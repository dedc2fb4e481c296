"""Sources of images and documents in a request, with the required fields of each type.

A source of an unknown type is accepted: the code that converts it reports that it cannot.
"""

from __future__ import annotations

from msgspec import Struct

from gateway.anthropic.decode_errors import missing_field


class ImageSource(Struct, frozen=True):
    """`base64` has media_type and data, `url` has url, `file` has file_id."""

    type: str
    media_type: str = ""
    data: str = ""
    url: str = ""
    file_id: str = ""

    def __post_init__(self) -> None:
        for name in _PICTURED.get(self.type, ()):
            if not getattr(self, name):
                raise missing_field(name)


_PICTURED = {"base64": ("media_type", "data"), "url": ("url",), "file": ("file_id",)}


class Transformations(Struct, frozen=True):
    oversized_image: str | None = None


class DocumentContent(Struct, frozen=True):
    """A text or an image in a document's `content`; an element of another type keeps only its type."""

    type: str
    text: str | None = None
    source: ImageSource | None = None
    transformations: Transformations | None = None

    def __post_init__(self) -> None:
        name = _REQUIRED.get(self.type)
        if name and getattr(self, name) is None:
            raise missing_field(name)


_REQUIRED = {"text": "text", "image": "source"}


class DocumentSource(Struct, frozen=True):
    """`text` and `base64` have media_type and data, `url` a url, `content` a content, `file` a file_id."""

    type: str
    media_type: str | None = None
    data: str | None = None
    content: str | list[DocumentContent] | None = None
    url: str | None = None
    file_id: str | None = None

    def __post_init__(self) -> None:
        for name in _DOCUMENTED.get(self.type, ()):
            if getattr(self, name) is None:
                raise missing_field(name)


_DOCUMENTED = {
    "text": ("media_type", "data"),
    "base64": ("media_type", "data"),
    "content": ("content",),
    "url": ("url",),
    "file": ("file_id",),
}
