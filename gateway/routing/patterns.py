"""Shell patterns of model names: what they match, and which of two covers the other.

`*`, `?` and `[...]` mean what `fnmatch.fnmatchcase` says. `*` also matches `/`.
"""

from __future__ import annotations

import fnmatch
import re
from functools import cache

_TOKENS = re.compile(r"\*+|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)
_ONE_MILLION = re.compile(r"\[1m\]$", re.IGNORECASE)


def plain(name: str) -> str:
    """Without `[1m]`: Claude Code's mark for a long context window, which is no part of a name."""
    return _ONE_MILLION.sub("", name)


def is_exact(pattern: str) -> bool:
    return not any(letter in pattern for letter in "*?[")


def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))


def covers(wide: str, narrow: str) -> bool:
    """Whether `wide` matches every name that `narrow` matches. Never true where it does not; a cover that
    only character classes could show is not seen."""
    return _covers(tuple(_TOKENS.findall(wide)), tuple(_TOKENS.findall(narrow)))


@cache
def _covers(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    if not wide:
        return not narrow
    if wide[0].startswith("*"):
        return _covers(wide[1:], narrow) or (bool(narrow) and _covers(wide, narrow[1:]))
    return bool(narrow) and _covers_one(wide[0], narrow[0]) and _covers(wide[1:], narrow[1:])


def _covers_one(wide: str, narrow: str) -> bool:
    """One token that is not `*` in `wide`."""
    if narrow.startswith("*"):
        return False
    if wide in ("?", narrow):
        return True
    return len(wide) > 1 and len(narrow) == 1 and narrow != "?" and fnmatch.fnmatchcase(narrow, wide)
