"""The effort that the client asks for -> the effort that the model takes.

Rules:
- A value that the server does not have, or that the model has refused, is replaced by the next lower one; if
  there is none, by the next higher.
- Off is sent as `none`; if that was refused, as the lowest effort.
- An effort that is changed or not sent causes a notice (`clamped.effort`, `dropped.effort`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from gateway.anthropic.notices import NoticeCollector

LEVELS = ("max", "xhigh", "high", "medium", "low", "minimal")
"""The highest first."""
OFF = ("none", "minimal", "low")
WORDS = frozenset({*LEVELS, *OFF})
Highest = Literal["high", "xhigh", "max"]


def effort(
    requested: str | None, highest: Highest, refused: Collection[str], notices: NoticeCollector
) -> str | None:
    """The effort to send; None if the client asked for none, or no value is left."""
    if requested is None:
        return None
    sent = next((word for word in _choices(requested, highest) if word not in refused), None)
    if sent is None:
        notices.add("dropped.effort", requested)
    elif sent != requested:
        notices.add("clamped.effort", f"{requested} to {sent}")
    return sent


def off(refused: Collection[str]) -> str | None:
    return next((word for word in OFF if word not in refused), None)


def _choices(requested: str, highest: Highest) -> tuple[str, ...]:
    """In the order in which they are tried; an unknown value has no alternatives."""
    if requested not in LEVELS:
        return (requested,)
    known = LEVELS[LEVELS.index(highest) :]
    at = known.index(requested) if requested in known else 0
    return (*known[at:], *reversed(known[:at]))
