"""One tool call, assembled from the pieces an upstream sends.

Rules:
- The first name and the first id count; later ones are repetitions.
- Arguments are sent as they arrive, once they are known to begin an object: the accumulator of an SDK never
  gets the start of something else. Empty arguments and `null` are an empty object.
- If the tool requires repair, or the answer is not streamed, arguments are buffered until the call is
  complete. Arguments that the client has not seen by then are repaired as far as that is safe; unreadable
  arguments are never replaced.
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
    """The object in a call's arguments; None if they are not an object."""
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
    """Another call is being written; this one is queued."""
    closed: bool = False
    whole: bool = False
    has_started: bool = False
    """The client has seen a part of the arguments."""
    buffered: bool = False
    """Nothing is sent before the call is complete."""
    mending: ArgumentRepair | None = None
    _fragments: list[str] = Factory(list[str])
    _unseen: int = 0
    """The first of `_fragments` that `release` has not processed."""
    _foreign: bool = False
    """The arguments begin with something other than an object, and are never sent."""
    _brackets: JsonScanner = Factory(JsonScanner)
    _counted: int = 0
    """The first of `_fragments` whose brackets were not counted yet."""
    _broken: bool = False
    """The arguments were closed and are not an object: later pieces cannot repair that."""

    def add(self, part: ToolCallDelta) -> None:
        self.id = self.id or part.id
        self.name = self.name or part.name
        self.whole = self.whole or part.whole
        if part.arguments:
            self._fragments.append(part.arguments)

    def release(self) -> str:
        """The arguments that can be sent now and were not sent yet; empty if there are none."""
        if self.buffered or self._foreign:
            return ""
        fresh = "".join(self._fragments[self._unseen :])
        if not self.has_started:
            fresh = fresh.lstrip()
            self.has_started = fresh.startswith("{")
            self._foreign = bool(fresh) and not self.has_started
        self._unseen = len(self._fragments)
        return fresh if self.has_started else ""

    def finish(
        self, schema_of: Callable[[str], bytes], *, cut_short: bool, plain: bool
    ) -> RepairedArguments | None:
        """The rest to send when the call is complete; None if its arguments cannot be read.

        Truncated arguments are sent unchanged, for clients do not run them; in a stream only if they begin an
        object. In a `plain` answer a call whose arguments are not an object is left out.
        """
        self.buffered = False
        valid = self.valid
        if cut_short and not valid:
            rest = self.release()
            return RepairedArguments(rest if self.has_started or not plain else self.arguments)
        if self.mending is None and (valid or self.has_started):
            return RepairedArguments(self.release()) if valid else None
        return (self.mending or ArgumentRepair(schema_of(self.name))).repair_arguments(self.arguments)

    @property
    def arguments(self) -> str:
        return "".join(self._fragments)

    @property
    def complete(self) -> bool:
        """Whether the upstream has presumably sent all of this call."""
        if self.whole:
            return True
        for fragment in self._fragments[self._counted :]:
            self._brackets.feed(fragment)
        self._counted = len(self._fragments)
        if self._broken or not self._brackets.closed:
            return False
        self._broken = not self.valid
        return not self._broken

    @property
    def valid(self) -> bool:
        return parse_arguments(self.arguments) is not None
