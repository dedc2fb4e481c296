r"""Splits the start of an answer's content into reasoning and text.

    "\n<thi" + "nk>hm</th" + "ink>\n\nYes"   ->   reasoning "hm", text "Yes"

Rules:
- `<think>` counts only at the very start of the content, after white space; later it is text like any other.
- A tag may be split anywhere. Only text that could still become a tag is buffered.
- White space after either tag is dropped; reasoning of white space alone is dropped.
- `opened`: the prompt's template has written `<think>` itself, so the content starts inside. `patient`
  buffers everything until `</think>` arrives; if it never does, all of it was text.
- Gemini's tag is `<thought>` (`tag`).
- An echo of the prefill, which some servers send first, is removed once.
"""

from __future__ import annotations

from enum import Enum, auto

from attrs import Factory, define, field, frozen

from gateway.codecs.buffer_limit import BufferLimit


@frozen
class Segment:
    """A piece of content, and whether it is reasoning."""

    text: str
    thinking: bool = False


class _At(Enum):
    ECHO = auto()
    START = auto()
    INSIDE = auto()
    AFTER = auto()
    """Between `</think>` and the first visible character."""
    TEXT = auto()


@define
class ThinkTagParser:
    """Takes the pieces of the content until it is `past`."""

    prefill: str = ""
    tags: bool = True
    opened: bool = False
    patient: bool = False
    tag: str = "think"
    _open: str = field(init=False)
    _close: str = field(init=False)
    _at: _At = field(init=False)
    _buffer: str = field(default="", init=False)
    """Text to look at again when more has arrived: never longer than what is searched for."""
    _kept: list[str] = field(default=Factory(list[str]), init=False)
    """Text before that, already searched, that cannot be sent yet."""
    _weight: BufferLimit = field(default=Factory(BufferLimit), init=False)
    _fresh: bool = field(default=True, init=False)
    """Only white space of the reasoning has been seen so far."""
    _out: list[Segment] = field(default=Factory(list[Segment]), init=False)

    def __attrs_post_init__(self) -> None:
        self._open, self._close = f"<{self.tag}>", f"</{self.tag}>"
        self._at = _At.ECHO if self.prefill else self._first()

    @property
    def past(self) -> bool:
        """All further content is text."""
        return self._at is _At.TEXT

    def feed(self, text: str) -> list[Segment]:
        self._buffer += text
        while self._step():
            pass
        return self._take()

    def close(self) -> list[Segment]:
        """Return the buffered text at the end of the content."""
        inside = self._at is _At.INSIDE and not (self.opened and self.patient)
        text = self._all()
        if self._at is not _At.AFTER or text.strip():
            self._say(text, thinking=inside)
        if not inside:
            self._at = _At.TEXT
        return self._take()

    def _first(self) -> _At:
        if self.opened:
            return _At.INSIDE
        return _At.START if self.tags else _At.TEXT

    def _step(self) -> bool:
        """Search the buffered text; True if the state changed and there is more to search."""
        match self._at:
            case _At.ECHO:
                return self._echo()
            case _At.START:
                return self._start()
            case _At.INSIDE:
                return self._inside()
            case _At.AFTER:
                self._buffer = self._buffer.lstrip()
                return bool(self._buffer) and self._go(_At.TEXT)
            case _At.TEXT:
                self._say(self._all(), thinking=False)
                return False

    def _echo(self) -> bool:
        if self._buffer.startswith(self.prefill):
            self._buffer = self._buffer.removeprefix(self.prefill)
            return self._go(self._first())
        return not self.prefill.startswith(self._buffer) and self._go(self._first())

    def _start(self) -> bool:
        seen = self._buffer.lstrip()
        if seen.startswith(self._open):
            self._kept.clear()
            self._buffer = seen.removeprefix(self._open)
            return self._go(_At.INSIDE)
        if not seen:
            self._keep(self._buffer)
            self._buffer = ""
        return not self._open.startswith(seen) and self._go(_At.TEXT)

    def _inside(self) -> bool:
        if self._fresh:
            self._buffer = self._buffer.lstrip()
            if self.opened and self._open.startswith(self._buffer[: len(self._open)]):
                self._buffer = self._buffer.removeprefix(self._open)
                return self._buffer != "" and not self._open.startswith(self._buffer)
        thought, tag, rest = self._buffer.partition(self._close)
        if tag:
            self._buffer = thought
            self._say(self._all(), thinking=True)
            self._buffer = rest
            return self._go(_At.AFTER)
        known = len(thought) - _overlap(thought, self._close)
        self._buffer = thought[known:]
        if self.opened and self.patient:
            self._keep(thought[:known])
        else:
            self._say(thought[:known], thinking=True)
        return False

    def _keep(self, text: str) -> None:
        if text:
            self._fresh = self._at is _At.START
            self._weight.add(text)
            self._kept.append(text)

    def _all(self) -> str:
        text = "".join([*self._kept, self._buffer])
        self._kept.clear()
        self._buffer = ""
        return text

    def _go(self, at: _At) -> bool:
        self._at = at
        return True

    def _say(self, text: str, *, thinking: bool) -> None:
        if text:
            self._fresh = False
            self._out.append(Segment(text, thinking))

    def _take(self) -> list[Segment]:
        out, self._out = self._out, []
        return out


def _overlap(text: str, close: str) -> int:
    """How many last characters of `text` could be the beginning of the closing tag."""
    return next((n for n in range(len(close) - 1, 0, -1) if text.endswith(close[:n])), 0)
