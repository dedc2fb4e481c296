"""One tool call, put together from the pieces an upstream sends.

Rules:
- The first name and the first id count; later ones are repetitions.
- Arguments are shown as they come, once they are known to begin an object: no accumulator of an SDK is
  ever given the start of something else. Empty arguments and `null` are an empty object.
- Where the tool says how they are mended, they are held until the call is over. Otherwise nothing is
  repaired, and nothing is ever put in the place of arguments that cannot be read.
"""

from __future__ import annotations

from typing import Any

import msgspec
from attrs import Factory, define

from gateway.brackets import Brackets
from gateway.parts import Tool
from gateway.schemas.mending import Mended, Mending

_OBJECT = msgspec.json.Decoder(dict[str, Any])


def parse_arguments(text: str) -> dict[str, Any] | None:
    """The object that a call's arguments are; None if they are none."""
    text = text.strip()
    if text in ("", "null"):
        return {}
    try:
        return _OBJECT.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return None


@define
class Call:
    id: str = ""
    name: str = ""
    waiting: bool = False
    """Another call is being written; this one is in the queue behind it."""
    closed: bool = False
    whole: bool = False
    shown: bool = False
    """The client has seen a part of the arguments."""
    mending: Mending | None = None
    _pieces: list[str] = Factory(list[str])
    _unseen: int = 0
    """The first of `_pieces` that has not been looked at by `release`."""
    _foreign: bool = False
    """They begin with something else than an object, and are never shown."""
    _brackets: Brackets = Factory(Brackets)
    _counted: int = 0
    """The first of `_pieces` whose brackets were not counted yet."""
    _broken: bool = False
    """The arguments were closed and no object: nothing that follows mends that."""

    def add(self, part: Tool) -> None:
        self.id = self.id or part.id
        self.name = self.name or part.name
        self.whole = self.whole or part.whole
        if part.arguments:
            self._pieces.append(part.arguments)

    def release(self) -> str:
        """The arguments that the client may see now and has not seen; empty if there are none."""
        if self.mending is not None or self._foreign:
            return ""
        fresh = "".join(self._pieces[self._unseen :])
        if not self.shown:
            fresh = fresh.lstrip()
            self.shown = fresh.startswith("{")
            self._foreign = bool(fresh) and not self.shown
        self._unseen = len(self._pieces)
        return fresh if self.shown else ""

    def settled(self, *, cut_short: bool) -> Mended | None:
        """What is left to show now that the call is over; None where its arguments cannot be read.

        Arguments that were cut short are shown as they are: clients do not run them.
        """
        mending, self.mending = self.mending, None
        if cut_short and not self.valid:
            rest = self.release()
            return Mended(rest) if self.shown else None
        if mending is not None:
            return mending.mended(self.arguments)
        return Mended("") if self.valid else None

    @property
    def arguments(self) -> str:
        return "".join(self._pieces)

    @property
    def complete(self) -> bool:
        """Whether the upstream has nothing more to say about this call, as far as one can tell."""
        if self.whole:
            return True
        for piece in self._pieces[self._counted :]:
            self._brackets.feed(piece)
        self._counted = len(self._pieces)
        if self._broken or not self._brackets.closed:
            return False
        self._broken = not self.valid
        return not self._broken

    @property
    def valid(self) -> bool:
        return parse_arguments(self.arguments) is not None
