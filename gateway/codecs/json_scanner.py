"""Pieces of a JSON text -> whether the object or array that they began is closed.

Rules:
- Each piece is looked at once, so that asking after every piece costs the text's length, not its square.
- Brackets are counted, nothing else is read: what is closed may still be no JSON.
"""

from __future__ import annotations

import re

from attrs import define

_OUTSIDE = re.compile(r'["{}\[\]]')
_INSIDE = re.compile(r'["\\]')


@define
class Brackets:
    _depth: int = 0
    _begun: bool = False
    _quoted: bool = False
    _escaped: bool = False
    """The last piece ended with the backslash of an escape."""

    @property
    def closed(self) -> bool:
        return self._begun and self._depth == 0 and not self._quoted

    def feed(self, text: str) -> None:
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
                    self._begun = True
                case _:
                    self._depth -= 1
