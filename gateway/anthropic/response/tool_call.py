"""One tool call, put together from the pieces an upstream sends.

Rules:
- The first name and the first id count; later ones are repetitions.
- Arguments are shown as they come, once they are known to begin an object: no accumulator of an SDK is
  ever given the start of something else. Empty arguments and `null` are an empty object.
- Where the tool says how they are mended, or the answer is not streamed, they are held until the call is
  over. What the client has not seen by then is mended as far as that is safe; nothing is ever put in the
  place of arguments that cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from attrs import Factory, define

from gateway.codecs.json_scanner import JsonScanner
from gateway.parts import ToolCallDelta
from gateway.schemas.repair_json import ArgumentRepair, RepairedArguments

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
class ToolCallBuffer:
    id: str = ""
    name: str = ""
    waiting: bool = False
    """Another call is being written; this one is in the queue behind it."""
    closed: bool = False
    whole: bool = False
    shown: bool = False
    """The client has seen a part of the arguments."""
    held: bool = False
    """Nothing is shown before the call is over."""
    mending: ArgumentRepair | None = None
    _pieces: list[str] = Factory(list[str])
    _unseen: int = 0
    """The first of `_pieces` that has not been looked at by `release`."""
    _foreign: bool = False
    """They begin with something else than an object, and are never shown."""
    _brackets: JsonScanner = Factory(JsonScanner)
    _counted: int = 0
    """The first of `_pieces` whose brackets were not counted yet."""
    _broken: bool = False
    """The arguments were closed and no object: nothing that follows mends that."""

    def add(self, part: ToolCallDelta) -> None:
        self.id = self.id or part.id
        self.name = self.name or part.name
        self.whole = self.whole or part.whole
        if part.arguments:
            self._pieces.append(part.arguments)

    def release(self) -> str:
        """The arguments that the client may see now and has not seen; empty if there are none."""
        if self.held or self._foreign:
            return ""
        fresh = "".join(self._pieces[self._unseen :])
        if not self.shown:
            fresh = fresh.lstrip()
            self.shown = fresh.startswith("{")
            self._foreign = bool(fresh) and not self.shown
        self._unseen = len(self._pieces)
        return fresh if self.shown else ""

    def settled(
        self, schema_of: Callable[[str], bytes], *, cut_short: bool, plain: bool
    ) -> RepairedArguments | None:
        """What is left to show now that the call is over; None where its arguments cannot be read.

        Arguments that were cut short are shown as they are, for clients do not run them; but in a stream only
        what begins an object. In a `plain` answer what is no object makes the call be left out.
        """
        self.held = False
        valid = self.valid
        if cut_short and not valid:
            rest = self.release()
            return RepairedArguments(rest if self.shown or not plain else self.arguments)
        if self.mending is None and (valid or self.shown):
            return RepairedArguments(self.release()) if valid else None
        return (self.mending or ArgumentRepair(schema_of(self.name))).repair_arguments(self.arguments)

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
