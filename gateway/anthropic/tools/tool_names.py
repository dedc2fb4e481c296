"""Shortens tool names to an upstream's length limit, and maps them back.

A longer name becomes its beginning, `_` and eight hex digits of its SHA-256: the same name always gets the
same short one, so a conversation's prompt stays stable. Definitions, choice and history are all mapped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from attrs import define, field, frozen

from gateway.schemas.repair_json import ArgumentRepair

_DIGITS = 8


@frozen
class ClientToolName:
    """The client's name of a called function, and the family if it is a toolset's member.

    `mending`: the call's arguments are buffered until the call is complete, and repaired.
    """

    name: str
    toolset: str = ""
    mending: ArgumentRepair | None = None


@define
class ToolNames:
    """`limit` in characters."""

    limit: int = 64
    _long: dict[str, str] = field(factory=dict[str, str], init=False)

    def sent(self, name: str) -> str:
        if len(name) <= self.limit:
            return name
        digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGITS]
        short = f"{name[: self.limit - _DIGITS - 1]}_{digest}"
        self._long[short] = name
        return short

    @property
    def shortened(self) -> Mapping[str, str]:
        """Names as sent -> the client's names, where they differ."""
        return self._long
