"""A picture's size is read from its beginning."""

import base64
import struct

import pytest

from gateway.anthropic.conversation.image_size import HEADS, IMAGE_TOKENS, image_size, image_tokens
from gateway.testing.samples import png

JPEG = (
    b"\xff\xd8\xff\xe0" + struct.pack(">H", 4) + b"xx"  # a segment to be skipped
    b"\xff\xc2" + struct.pack(">HBHH", 17, 8, 480, 640) + bytes(10)
)
VP8 = b"RIFF____WEBPVP8 ____" + bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", 640, 480 | 0x4000)
VP8L = b"RIFF____WEBPVP8L____\x2f" + struct.pack("<I", 639 | 479 << 14)
VP8X = b"RIFF____WEBPVP8X____" + bytes(4) + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")


@pytest.mark.parametrize(
    "picture",
    [png(640, 480), b"GIF89a" + struct.pack("<HH", 640, 480), JPEG, VP8, VP8L, VP8X],
    ids=["png", "gif", "jpeg", "webp", "webp lossless", "webp extended"],
)
def test_size_of_every_format(picture: bytes):
    assert image_size(base64.b64encode(picture).decode()) == (640, 480)


@pytest.mark.parametrize(
    "head", [b"", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF____WEBP", b"\xff\xd8\xff", b"<svg/>"]
)
def test_what_is_not_understood_has_no_size(head: bytes):
    assert image_size(base64.b64encode(head).decode()) is None


def test_data_that_is_no_base64_has_no_size():
    assert image_size("a") is None


def test_jpeg_whose_segments_lead_nowhere_has_no_size():
    assert image_size(base64.b64encode(b"\xff\xd8" + b"\xff\xe0\x00\x00" * 50).decode()) is None


def test_frame_header_behind_a_preview_is_found():
    preview = b"\xff\xe1" + struct.pack(">H", 60_000) + bytes(59_998)
    behind = base64.b64encode(JPEG[:2] + preview + JPEG[2:]).decode()
    assert len(behind) > HEADS[0]
    assert image_size(behind) == (640, 480)


@pytest.mark.parametrize(
    ("sides", "weight"),
    [((1, 1), 1), ((75, 10), 1), ((75, 11), 2), ((640, 480), 410), ((3000, 3000), IMAGE_TOKENS)],
)
def test_weight_is_by_the_pixel_and_has_a_ceiling(sides: tuple[int, int], weight: int):
    assert image_tokens(base64.b64encode(png(*sides)).decode()) == weight


def test_what_has_no_size_weighs_the_most():
    assert image_tokens("a") == image_tokens("") == IMAGE_TOKENS
