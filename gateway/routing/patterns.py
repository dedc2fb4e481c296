"""Shell patterns of model names: what they match, and which of two covers the other.

`*`, `?` and `[...]` mean what `fnmatch.fnmatchcase` says. `*` also matches `/`.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from itertools import accumulate

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
    only `?` beside `*`, or two classes together, could show is not seen."""
    if is_exact(wide) or is_exact(narrow):
        return wide == narrow or (is_exact(narrow) and fnmatch.fnmatchcase(narrow, wide))
    return _covers(_TOKENS.findall(wide), _TOKENS.findall(narrow))


def _covers(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    """Each row: whether the tokens of `wide` so far cover the first 0, 1, 2, ... tokens of `narrow`."""
    row = [True] + [False] * len(narrow)
    for token in wide:
        if token.startswith("*"):
            row = list(accumulate(row, max))
        else:
            ones = (before and _covers_one(token, one) for before, one in zip(row, narrow, strict=False))
            row = [False, *ones]
    return row[-1]


def _covers_one(wide: str, narrow: str) -> bool:
    """One token that is not `*` in `wide`."""
    if narrow.startswith("*"):
        return False
    if wide in ("?", narrow):
        return True
    return len(wide) > 1 and len(narrow) == 1 and narrow != "?" and fnmatch.fnmatchcase(narrow, wide)
