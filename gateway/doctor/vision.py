"""Does it see? An image of one unusual colour, in a generated PNG."""

from __future__ import annotations

import struct
import zlib

from gateway.doctor.dialect import ChatQuestion
from gateway.doctor.finding import Finding, ProbeContext, excerpt

PATIENCE = 90.0
COLOUR, RGB = "orange", bytes((255, 128, 0))
SIDE = 64
"""Pixels: some models refuse images of less than 28."""
_TEXT = "Which colour is this image? Reply with one word."
_BLIND = "images are replaced by a line of text (vision: false), so that no request fails"


async def probe_vision(subject: ProbeContext) -> list[Finding]:
    question = ChatQuestion(
        _TEXT, 200, picture=test_image(), enough=lambda answer: COLOUR in answer.text.lower()
    )
    answer = await subject.ask(question, PATIENCE)
    if answer.refused or answer.fault:
        return [Finding("vision", "no", f"refused: {excerpt(answer.words)}", _BLIND)]
    text = excerpt(answer.text or answer.reasoning, 60)
    if COLOUR in answer.text.lower():
        return [Finding("vision", "yes", f'it names the colour: "{text}"')]
    if subject.model.vision:
        return [Finding("vision", "partly", f'the server says so, but orange is "{text}"', "it sees badly")]
    return [Finding("vision", "no", f'it accepted the image, but orange is "{text}"', _BLIND)]


def test_image() -> bytes:
    rows = (b"\0" + RGB * SIDE) * SIDE
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
