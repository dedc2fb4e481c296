"""The context window sizes that Claude Code needs, and the sizes that it is configured with.

Measured with Claude Code 2.1.332:
- It compacts a conversation at `window - min(output, 20,000) - 13,000` tokens. `window` is
  `CLAUDE_CODE_MAX_CONTEXT_TOKENS`, `output` is `CLAUDE_CODE_MAX_OUTPUT_TOKENS`.
- Configured with the true size of a small window, it compacts below its own first turn, and gives up
  ("thrashing").

Rules:
- It is configured with the window with which it compacts when the true one is nearly full
  (`test_compaction_comes_before_the_window_is_full`).
- A prompt that exceeds the true window nevertheless is refused with `prompt is too long`, and Claude Code
  compacts then.
- `NEEDS` is the only table of sizes: pages and commands take their numbers from here
  (`tests/docs/test_windows.py`).
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

from attrs import frozen

FIRST_TURN = 13_000
"""Tokens of Claude Code's first request with its default tools."""
MIN_WINDOW = 24_000
ADVISED_WINDOW = 32_768
JUDGE = 48_000
JUDGE_PROMPT = 36_000
"""Estimated tokens of the 144 kB that auto mode's classifier sends; counted, they are up to 40,000."""
BARE = '`claude --bare --tools ""`'
"""The command that still works with a window below `MIN_WINDOW`."""


@frozen
class WindowNeed:
    tokens: int
    purpose: str


NEEDS = (
    WindowNeed(
        MIN_WINDOW, f"the least for Claude Code with its default tools; its first turn takes {FIRST_TURN:,}"
    ),
    WindowNeed(
        ADVISED_WINDOW, "the least for real work; Ollama is asked for this much where nothing is configured"
    ),
    WindowNeed(JUDGE, "a model that decides for auto mode what may run; each question takes up to 40,000"),
)

LONGEST_ANSWER = 32_000
"""Tokens that Claude Code requests by default from a model that it does not recognise."""
_KEPT = 13_000
"""Tokens that Claude Code keeps free in addition to the answer."""
_KEPT_FOR_ANSWER = 20_000
"""The most that it keeps free for the answer."""


@frozen
class _Share:
    """The parts of a window for one answer and for the rest of a turn: tool results, and the instruction to
    compact, which takes up to 3,000 tokens."""

    window: int
    answer: int
    room: int


_SHARES = (
    _Share(0, 0, 0),
    _Share(16_000, 2_000, 1_000),
    _Share(24_000, 2_048, 2_000),
    _Share(32_768, 4_096, 3_000),
    _Share(49_152, 4_096, 3_500),
    _Share(98_304, 12_288, 6_000),
    _Share(256_000, LONGEST_ANSWER, 13_000),
)
"""Between two of these the shares are interpolated; after the last they are constant."""


@frozen
class AnnouncedWindow:
    """The values that Claude Code is configured with, and when it compacts with them."""

    window: int
    """`CLAUDE_CODE_MAX_CONTEXT_TOKENS`."""
    output: int
    """`CLAUDE_CODE_MAX_OUTPUT_TOKENS`."""

    @property
    def compacts_at(self) -> int:
        return self.window - min(self.output, _KEPT_FOR_ANSWER) - _KEPT


def announced_window(window: int, limit: int | None = None) -> AnnouncedWindow:
    """For a model with this window, whose answers have at most `limit` tokens."""
    share = _share(window)
    output = max(1, min(share.answer, limit or LONGEST_ANSWER))
    threshold = window - output - share.room
    return AnnouncedWindow(threshold + min(output, _KEPT_FOR_ANSWER) + _KEPT, output)


def _share(window: int) -> _Share:
    if window >= _SHARES[-1].window:
        return _SHARES[-1]
    at = bisect_right([one.window for one in _SHARES], window) - 1
    below, above = list(pairwise(_SHARES))[at]
    done, whole = window - below.window, above.window - below.window
    answer = below.answer + (above.answer - below.answer) * done // whole
    return _Share(window, answer, below.room + (above.room - below.room) * done // whole)


def fitting_prompt(window: int) -> int:
    """The largest prompt, in estimated tokens, that certainly fits: the estimate (bytes / 4) may be a tenth
    too low, and the answer needs room."""
    return window * 3 // 4


def too_small(window: int) -> str:
    """The message about a window below `MIN_WINDOW`."""
    return (
        f"{window} tokens are too few for Claude Code's default tools, which need at least {MIN_WINDOW}, and "
        f"{ADVISED_WINDOW} for real work; {BARE} works"
    )
