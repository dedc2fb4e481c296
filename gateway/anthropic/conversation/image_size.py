"""The beginning of an image (base64) -> its width and height, without decoding it, and its tokens.

    PNG    width and height in bytes 16 to 24
    GIF    in bytes 6 to 10
    WebP   in the first chunk, in three forms
    JPEG   in the frame header, after segments of any length

The size of an unknown format is None; it counts as the largest image.
"""

from __future__ import annotations

import struct
from base64 import b64decode
from binascii import Error as Base64Error

HEADS = (4 * 1024, 512 * 1024)
"""Characters that are examined, in two steps: a JPEG can have a preview before its frame header."""
IMAGE_TOKENS = 1_600
"""Maximum tokens of one image: the API scales larger ones down."""
PIXELS_PER_TOKEN = 750
Size = tuple[int, int]


def image_tokens(data: str) -> int:
    """The tokens that the API counts for an image."""
    found = image_size(data)
    if found is None:
        return IMAGE_TOKENS
    width, height = found
    return max(1, min(IMAGE_TOKENS, -(-width * height // PIXELS_PER_TOKEN)))


def image_size(data: str) -> Size | None:
    for length in HEADS:
        found = _size(data[:length])
        if found or len(data) <= length:
            return found
    return None


def _size(sent: str) -> Size | None:
    try:
        head = b64decode(sent + "=" * (-len(sent) % 4))
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return struct.unpack_from(">II", head, 16)
        if head.startswith(b"GIF8"):
            return struct.unpack_from("<HH", head, 6)
        if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
            return _webp(head)
        return _jpeg(head) if head.startswith(b"\xff\xd8") else None
    except (Base64Error, ValueError, struct.error, IndexError):
        return None


def _webp(head: bytes) -> Size | None:
    match head[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", head, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", head, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
        case _:
            return None


_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _jpeg(head: bytes) -> Size | None:
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", head, at + 5)
            return width, height
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return None
