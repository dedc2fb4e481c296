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
    asked: str | None, highest: Highest, refused: Collection[str], notes: NoticeCollector
) -> str | None:
    """The effort to send; None if the client asked for none, or no value is left."""
    if asked is None:
        return None
    sent = next((word for word in _choices(asked, highest) if word not in refused), None)
    if sent is None:
        notes.add("dropped.effort", asked)
    elif sent != asked:
        notes.add("clamped.effort", f"{asked} to {sent}")
    return sent


def off(refused: Collection[str]) -> str | None:
    return next((word for word in OFF if word not in refused), None)


def _choices(asked: str, highest: Highest) -> tuple[str, ...]:
    """In the order in which they are tried; an unknown value has no alternatives."""
    if asked not in LEVELS:
        return (asked,)
    known = LEVELS[LEVELS.index(highest) :]
    at = known.index(asked) if asked in known else 0
    return (*known[at:], *reversed(known[:at]))
