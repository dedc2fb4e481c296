"""What stands between an attempt and the writer where the gateway does part of the upstream's work.

    attempt -> parts -> sieve -> parts -> writer

Rules:
- A sieve is fed every part of one attempt in order; it may hold some back, and gives them up at the end.
- Faults and figures pass at once and unchanged.
- What a sieve ends, ends: the parts after its `End` are never asked for, and the attempt is closed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import Factory, define, field

from gateway.held import Held
from gateway.parts import Block, End, Fault, Finish, Notice, Part, Relayed, Text, Thinking, Tool, Usage


class Sieve(Protocol):
    def take(self, part: Part) -> list[Part]:
        """What `part` brings about."""
        ...


@define
class StopSieve:
    """Ends the answer where its text holds a stop sequence, and says which one.

    Upstreams cut the text before the match and report a plain stop, so that the match is lost. Only text is
    searched, neither reasoning nor tool arguments. The end of a text that may be the beginning of a sequence
    waits for what follows.
    """

    _sequences: tuple[str, ...]
    _pattern: re.Pattern[str] = field(init=False)
    _held: str = ""

    def __attrs_post_init__(self) -> None:
        longest_first = sorted(self._sequences, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def take(self, part: Part) -> list[Part]:
        match part:
            case Text():
                return self._search(part.text)
            case Usage() | Notice() | Fault() | Relayed():
                return [part]
            case Thinking() | Tool() | Block() | End():
                return [*self._given_up(), part]

    def _search(self, text: str) -> list[Part]:
        text = self._held + text
        found = self._pattern.search(text)
        if found is not None:
            self._held = ""
            return [*_said(text[: found.start()]), End(Finish.STOP, found[0])]
        waiting = self._beginning(text)
        self._held = text[len(text) - waiting :]
        return _said(text[: len(text) - waiting])

    def _beginning(self, text: str) -> int:
        """How many characters at the end of `text` may be the beginning of a sequence."""
        longest = min(len(text), max(map(len, self._sequences)) - 1)
        for length in range(longest, 0, -1):
            if any(sequence.startswith(text[-length:]) for sequence in self._sequences):
                return length
        return 0

    def _given_up(self) -> list[Part]:
        text, self._held = self._held, ""
        return _said(text)


@define
class SummarySieve:
    """Makes the whole text of an answer one `compaction` block. No text, no summary: its content is null."""

    _block: Mapping[str, object]
    """The block without its content."""
    _texts: list[str] = Factory(list[str])
    _kept: Held = Factory(Held)

    def take(self, part: Part) -> list[Part]:
        match part:
            case Text():
                self._kept.add(part.text)
                self._texts.append(part.text)
                return []
            case Thinking() | Tool() | Block():
                return []
            case Usage() | Notice() | Fault() | Relayed():
                return [part]
            case End():
                return self._finished()

    def _finished(self) -> list[Part]:
        text = "".join(self._texts).strip()
        return [Block({**self._block, "content": text or None}), End(Finish.COMPACTION)]


def strained(sieves: Sequence[Sieve], parts: Sequence[Part]) -> list[Part]:
    """`parts` through all sieves, one after another."""
    for sieve in sieves:
        parts = [given for part in parts for given in sieve.take(part)]
    return list(parts)


def _said(text: str) -> list[Part]:
    return [Text(text)] if text else []
