"""Detects a model that repeats one token, which Ollama stops without reporting it.

Ollama stops such a model after 30 equal tokens, ignoring white space around them. Its stream then ends
properly by HTTP, but without a `done` line, and a plain answer has `"done": false`. Source: Ollama's
`llm/server.go`.

Rules:
- In a stream each piece is a token. A plain answer has one piece, whose text must end in 30 equal parts.
- The cost is one comparison for each piece, and one check of the end of a plain answer.
"""

from __future__ import annotations

from attrs import define, field

TOKENS = 30
_LONGEST = 64
"""Characters of one token."""


@define
class Repetition:
    count: int = field(default=0, init=False)
    """Pieces so far, which are tokens."""
    _first: str = field(default="", init=False)
    """The end of the first piece, with its white space, which may be the repeated token."""
    _last: str = field(default="", init=False)
    _equal: int = field(default=0, init=False)

    def add(self, piece: str) -> None:
        if not self.count:
            self._first = piece[-TOKENS * _LONGEST :]
        self.count += 1
        token = piece.strip()
        self._equal = self._equal + 1 if self._equal and token == self._last else 1
        self._last = token

    def broken(self) -> None:
        """Something else has arrived."""
        self._equal = 0

    @property
    def endless(self) -> bool:
        """Whether the last tokens were all the same."""
        if self._equal >= TOKENS:
            return True
        return self.count == self._equal == 1 and _repeats(self._first)


def _repeats(tail: str) -> bool:
    """Whether a text ends in equal parts, ignoring white space between them."""
    spaced = " ".join(tail.split()) + " "
    return any(
        whole.endswith(whole[-length:] * TOKENS)
        for whole in (tail, spaced)
        for length in range(1, min(_LONGEST, len(whole) // TOKENS) + 1)
    )
