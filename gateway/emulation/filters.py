"""Filters applied to an attempt's parts when the gateway emulates a feature the upstream lacks.

    attempt -> parts -> each filter -> parts -> writer

Rules:
- A filter gets every part of one attempt in order; it may buffer some, and returns them at the end.
- Errors and usage pass at once and unchanged.
- A filter may end the answer: no parts are read after its `Finish`, and the attempt is closed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import Factory, define, field

from gateway.codecs.buffer_limit import BufferLimit
from gateway.parts import (
    Finish,
    FinishReason,
    Notice,
    Part,
    PassthroughBlock,
    PassthroughEvent,
    ReasoningDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
    Usage,
)


class PartFilter(Protocol):
    def take(self, part: Part) -> list[Part]:
        """The parts to pass on after `part`."""
        ...


@define
class StopSequenceFilter:
    """Ends the answer at a stop sequence in its text, and reports which one.

    Upstreams cut the text before the match and report a plain stop, so that the match is lost. Only text is
    searched, neither reasoning nor tool arguments. The end of a text that may be the beginning of a sequence
    is buffered.
    """

    _sequences: tuple[str, ...]
    _automaton: Automaton = field(init=False)
    _buffer: str = ""

    def __attrs_post_init__(self) -> None:
        self._automaton = Automaton(self._sequences)

    def take(self, part: Part) -> list[Part]:
        match part:
            case TextDelta():
                return self._search(part.text)
            case Usage() | Notice() | StreamError() | PassthroughEvent():
                return [part]
            case ReasoningDelta() | ToolCallDelta() | PassthroughBlock() | Finish():
                return [*self._given_up(), part]

    def _search(self, text: str) -> list[Part]:
        buffered, text = len(self._buffer), self._buffer + text
        found, waiting = self._automaton.search(text, buffered)
        if found is not None:
            self._buffer = ""
            return [*_text_parts(text[: found[0]]), Finish(FinishReason.STOP, text[found[0] : found[1]])]
        self._buffer = text[len(text) - waiting :]
        return _text_parts(text[: len(text) - waiting])

    def _given_up(self) -> list[Part]:
        text, self._buffer = self._buffer, ""
        return _text_parts(text)


class Automaton:
    """All stop sequences at once (Aho and Corasick): each character of the answer is examined once or twice,
    whatever the number and length of the sequences."""

    def __init__(self, sequences: Sequence[str]) -> None:
        self._next: list[dict[str, int]] = [{}]
        self._depth, self._fail, self._longest = [0], [0], [0]
        """By state: the length of its prefix; the state of the longest prefix that is a suffix of this one;
        the length of the longest sequence that it ends in."""
        self._state = 0
        for sequence in sequences:
            self._add(sequence)
        self._link()

    def _add(self, sequence: str) -> None:
        state = 0
        for letter in sequence:
            following = self._next[state].get(letter)
            if following is None:
                following = len(self._next)
                self._next[state][letter] = following
                self._next.append({})
                self._depth.append(self._depth[state] + 1)
                self._fail.append(0)
                self._longest.append(0)
            state = following
        self._longest[state] = len(sequence)

    def _link(self) -> None:
        waiting = deque(self._next[0].values())
        while waiting:
            state = waiting.popleft()
            self._longest[state] = self._longest[state] or self._longest[self._fail[state]]
            for letter, following in self._next[state].items():
                self._fail[following] = self._step(self._fail[state], letter)
                waiting.append(following)

    def _step(self, state: int, letter: str) -> int:
        while letter not in self._next[state]:
            if not state:
                return 0
            state = self._fail[state]
        return self._next[state][letter]

    def search(self, text: str, begin: int) -> tuple[tuple[int, int] | None, int]:
        """The first match in `text`, the longest of those that begin there; and how many characters at its
        end may be the beginning of a sequence. The text before `begin` was searched already."""
        state, found = self._state, None
        for at in range(begin, len(text)):
            state = self._step(state, text[at])
            if longest := self._longest[state]:
                start = at + 1 - longest
                if found is None or start <= found[0]:
                    found = (start, at + 1)
            if found is not None and at + 1 - self._depth[state] > found[0]:
                break
        self._state = 0 if found is not None else state
        return found, self._depth[state]


@define
class CompactionFilter:
    """Converts the whole text of an answer to one `compaction` block. Without text the summary is null."""

    _block: Mapping[str, object]
    """The block without its content."""
    _texts: list[str] = Factory(list[str])
    _kept: BufferLimit = Factory(BufferLimit)

    def take(self, part: Part) -> list[Part]:
        match part:
            case TextDelta():
                self._kept.add(part.text)
                self._texts.append(part.text)
                return []
            case ReasoningDelta() | ToolCallDelta() | PassthroughBlock():
                return []
            case Usage() | Notice() | StreamError() | PassthroughEvent():
                return [part]
            case Finish():
                return self._finished()

    def _finished(self) -> list[Part]:
        text = "".join(self._texts).strip()
        return [PassthroughBlock({**self._block, "content": text or None}), Finish(FinishReason.COMPACTION)]


def apply_filters(filters: Sequence[PartFilter], parts: Sequence[Part]) -> list[Part]:
    """Pass `parts` through all filters, one after another."""
    for each in filters:
        parts = [given for part in parts for given in each.take(part)]
    return list(parts)


def _text_parts(text: str) -> list[Part]:
    return [TextDelta(text)] if text else []
