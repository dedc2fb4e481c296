"""Sizes as people write them: `64KB`, `32MB`, `1GB` <-> bytes. A KB has 1024 bytes."""

from __future__ import annotations

import re

_UNITS = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?) *([kmg])i?b?", re.ASCII | re.IGNORECASE)


class Size(int):
    """A number of bytes that prints as a person would write it."""

    def __str__(self) -> str:
        return format_size(self)


def parse_size(text: str) -> Size | None:
    """Bytes; None if the text is not a size."""
    found = _SIZE.fullmatch(text.strip())
    return Size(round(float(found[1]) * _UNITS[f"{found[2].upper()}B"])) if found else None


def format_size(size: float) -> str:
    """The shortest form: 33554432 -> `32MB`."""
    count = int(size)
    for unit, each in reversed(_UNITS.items()):
        if count >= each and count % each == 0:
            return f"{count // each}{unit}"
    return f"{count / _UNITS['KB']:.15g}KB"
