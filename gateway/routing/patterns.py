"""Patterns of model names: what they match, and which of two covers the other.

- In a shell pattern `*`, `?` and `[...]` have the meaning of `fnmatch.fnmatchcase`. `*` also matches `/`.
- `/.../` and `regex:...` are regular expressions, which may match anywhere in the name.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from gateway.settings.loading.converters import expression_of

_TOKENS = re.compile(r"\*+|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)
_ONE_MILLION = re.compile(r"\[1m\]$", re.IGNORECASE)


def without_window_suffix(name: str) -> str:
    """Without `[1m]`: Claude Code's mark for a long context window, which is not part of a name."""
    return _ONE_MILLION.sub("", name)


def is_exact(pattern: str) -> bool:
    return expression_of(pattern) is None and not any(letter in pattern for letter in "*?[")


def has_slash(pattern: str) -> bool:
    """Whether it contains a slash, apart from those around a regular expression."""
    return "/" in (expression_of(pattern) or pattern)


@lru_cache(4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """For use with `search`."""
    expression = expression_of(pattern)
    return re.compile(r"\A" + fnmatch.translate(pattern) if expression is None else expression)


def covers(wide: str, narrow: str) -> bool:
    """Whether `wide` matches every name that `narrow` matches. It never returns True wrongly. It may return
    False wrongly for `?` next to `*`, for two character classes together, and for two regular expressions."""
    if is_exact(narrow) and not is_exact(wide):
        return compiled(wide).search(narrow) is not None
    if wide == narrow or is_exact(wide) or expression_of(wide) is not None:
        return wide == narrow
    if expression_of(narrow) is not None:
        return not wide.strip("*")
    return _covers(_TOKENS.findall(wide), _TOKENS.findall(narrow))


def literal_prefix(pattern: str) -> str:
    """The characters with which all matching names begin, and all patterns that it covers."""
    return "" if expression_of(pattern) is not None else re.split(r"[*?\[]", pattern, maxsplit=1)[0]


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
    """One token of `wide` other than `*`."""
    if narrow.startswith("*"):
        return False
    if wide in ("?", narrow):
        return True
    return len(wide) > 1 and len(narrow) == 1 and narrow != "?" and fnmatch.fnmatchcase(narrow, wide)
