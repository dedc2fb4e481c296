"""Run as a script, in its own process: a PDF (base64) on standard input -> its pages' texts as JSON.

    python -I extract.py PAGES CHARACTERS < some.pdf.base64
    {"pages": ["text of page 1", ...], "left_out": 0}

A PDF is untrusted. The parent kills a process that takes too long, the memory limit ends one that takes too
much, and a crash of the library does not affect the gateway.
"""

from __future__ import annotations

import base64
import contextlib
import json
import sys

MEMORY = 1024 * 1024 * 1024
"""Bytes of address space, if the system can limit it."""


def extract(data: bytes, most_pages: int, most_characters: int) -> tuple[list[str], int]:
    """The texts of the first pages, and how many pages are left out for their number or length."""
    import pypdfium2  # type: ignore[import-untyped]  # noqa: PLC0415  only this process has a use for it

    document = pypdfium2.PdfDocument(data)
    texts: list[str] = []
    room = most_characters
    for number in range(min(len(document), most_pages)):
        text: str = document[number].get_textpage().get_text_bounded()  # type: ignore[no-untyped-call]
        texts.append(text[:room].replace("\r\n", "\n").strip())
        room -= len(texts[-1])
        if room <= 0:
            break
    return texts, len(document) - len(texts)


def main() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  not everywhere

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    pages, characters = map(int, sys.argv[1:])
    texts, left_out = extract(base64.b64decode(sys.stdin.buffer.read()), pages, characters)
    sys.stdout.buffer.write(json.dumps({"pages": texts, "left_out": left_out}).encode())


if __name__ == "__main__":
    main()
