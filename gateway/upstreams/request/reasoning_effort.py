"""An effort that the client asks for -> the one that the model takes.

Rules:
- One that the server does not know, or that the model has refused, gives way to the next lower one; where
  none is left below it, to the next above.
- Off is said as `none`; where that was refused, as the least effort there is.
- What is asked for and not sent is noted (`clamped.effort`, `dropped.effort`).
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
    """What to send; None where nothing was asked for, or nothing is left to say."""
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
    """In the order in which they are tried; a word that nobody here knows stands alone."""
    if asked not in LEVELS:
        return (asked,)
    known = LEVELS[LEVELS.index(highest) :]
    at = known.index(asked) if asked in known else 0
    return (*known[at:], *reversed(known[:at]))
