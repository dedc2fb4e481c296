"""Where the object or list that a text begins with is over, while the text still comes in pieces."""

from __future__ import annotations

import re

from attrs import define

_OUTSIDE = re.compile(r'["{}\[\]]')
_INSIDE = re.compile(r'\\.?|"', re.DOTALL)
"""Of a string: an escape, which the end of a piece may cut in two, or its end."""


@define
class Root:
    """Fed with the pieces in order until one of them holds the end."""

    _depth: int = 0
    _quoted: bool = False
    _escaping: bool = False

    def end(self, text: str) -> int | None:
        """How much of `text` belongs to the value; None where all of it does and more may follow."""
        at = 1 if self._escaping and text else 0
        self._escaping = self._escaping and not text
        while found := (_INSIDE if self._quoted else _OUTSIDE).search(text, at):
            at = found.end()
            match found[0]:
                case '"':
                    self._quoted = not self._quoted
                case "{" | "[":
                    self._depth += 1
                case "}" | "]":
                    self._depth -= 1
                    if self._depth == 0:
                        return at
                case escape:
                    self._escaping = len(escape) == 1
        return None
