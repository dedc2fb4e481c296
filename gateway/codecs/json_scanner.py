"""Finds the end of a JSON object or array whose text arrives in pieces.

Rules:
- Each piece is scanned once, so checking after every piece takes time linear in the text's length.
- Only brackets and strings are tracked: a closed value may still be invalid JSON.
"""

from __future__ import annotations

import re

from attrs import define

_OUTSIDE = re.compile(r'["{}\[\]]')
_INSIDE = re.compile(r'["\\]')


@define
class JsonScanner:
    """Feed it the pieces in order."""

    _depth: int = 0
    _has_started: bool = False
    _quoted: bool = False
    _escaped: bool = False
    """The last piece ended with the backslash of an escape."""

    @property
    def closed(self) -> bool:
        return self._has_started and self._depth == 0 and not self._quoted

    def feed(self, text: str) -> int | None:
        """The offset in `text` just after the first value that ends in it; None if none ends."""
        end: int | None = None
        at = 1 if self._escaped and text else 0
        self._escaped = self._escaped and not text
        while found := (_INSIDE if self._quoted else _OUTSIDE).search(text, at):
            at = found.end()
            match found[0]:
                case '"':
                    self._quoted = not self._quoted
                case "\\":
                    self._escaped = at == len(text)
                    at += 1
                case "{" | "[":
                    self._depth += 1
                    self._has_started = True
                case _:
                    self._depth -= 1
                    end = at if self._depth == 0 and end is None else end
        return end
