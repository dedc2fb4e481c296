"""A PDF (base64) -> its text, page by page, bounded in bytes, pages, characters and time. It never raises.

[page 1]
text of the first page

[page 2]
...
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import os
import sys
from pathlib import Path

import msgspec

from gateway.anthropic.request.attachments import PdfText

BYTES = 32 * 1024 * 1024
PAGES = 600
CHARACTERS = 2_000_000
"""More text than any model's window holds."""
PATIENCE = 30.0
"""Seconds for one PDF."""
_SCRIPT = Path(__file__).with_name("extract.py")
_PASSED = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""The environment variables that such a process gets: no keys."""


class _Pages(msgspec.Struct):
    pages: list[str]
    left_out: int = 0


_PAGES = msgspec.json.Decoder(_Pages)


async def read_pdf(data: str, turn: asyncio.Semaphore) -> PdfText:
    """`turn` limits how many run at the same time."""
    if len(data) > BYTES // 3 * 4:
        return PdfText(failure=f"it is larger than {BYTES // (1024 * 1024)} MB")
    try:
        beginning = base64.b64decode(data[:1024])
    except (binascii.Error, ValueError):
        return PdfText(failure="its data is not base64")
    if b"%PDF-" not in beginning:
        return PdfText(failure="it is not a PDF")
    async with turn:
        return await _extract(data.encode())


async def _extract(coded: bytes) -> PdfText:
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(_SCRIPT), str(PAGES), str(CHARACTERS)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: os.environ[name] for name in _PASSED if name in os.environ},
        )
    except OSError:
        return PdfText(failure="there is no process to read it")
    try:
        async with asyncio.timeout(PATIENCE):
            out, _ = await process.communicate(coded)
    except TimeoutError:
        return PdfText(failure=f"it took longer than {PATIENCE:g} s")
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())
    return _reading(out) if process.returncode == 0 else PdfText(failure="it is damaged or encrypted")


def _reading(out: bytes) -> PdfText:
    found = _PAGES.decode(out)
    if not any(found.pages):
        return PdfText(failure="its pages hold no text")
    texts = [f"[page {number}]\n{text}".rstrip() for number, text in enumerate(found.pages, 1)]
    if found.left_out:
        texts.append(f"[{found.left_out} more pages are left out]")
    return PdfText("\n\n".join(texts), left_out=found.left_out)
