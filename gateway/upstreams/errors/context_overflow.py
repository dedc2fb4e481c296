"""An upstream's report that a prompt does not fit -> the text that makes Claude Code compact.

    prompt is too long: 13392 tokens > 8192 maximum
    input length and `max_tokens` exceed context limit: 8000 + 16000 > 16384, decrease input length or ...

Rules:
- `limit_messages` has the texts that servers use.
- The first form is for a prompt that alone is too long, the second if only room for the answer is missing.
- The numbers are the upstream's. A missing one is taken from what is known of the model and from the
  gateway's estimate, so that the client always finds two numbers, the first larger than the second.
"""

from __future__ import annotations

import re

from attrs import frozen

from gateway.upstreams.errors.error_body import ErrorBody
from gateway.upstreams.errors.limit_messages import LimitKind, figure, mentions

_UNDERSTOOD = re.compile(
    r"prompt is too long[^0-9]*\d+\s*tokens?\s*>\s*\d+"
    r"|input length and `max_tokens` exceed context limit: \d+ \+ \d+ > \d+"
)
"""The patterns that Claude Code matches."""
_BEYOND = 25
"""A prompt that an upstream counted is reported to exceed the window by at least this part of it. Claude Code
cuts no more than the reported excess: after an excess of a few tokens it compacts and is refused again, up to
six times."""
_SHARES = r"(\d+) of \w+ input"
"""OpenRouter's counts: of text, of tools, of images."""


@frozen
class ContextOverflow:
    """The numbers an upstream stated; None for a missing one."""

    window: int | None = None
    prompt: int | None = None
    answer: int | None = None

    @property
    def fits_without_answer(self) -> bool:
        return self.window is not None and self.prompt is not None and self.prompt < self.window

    def message(self, window: int | None, estimate: int | None) -> str:
        """`window` and `estimate` replace numbers that the upstream did not state."""
        if self.fits_without_answer and self.answer is not None:
            return (
                f"input length and `max_tokens` exceed context limit: {self.prompt} + {self.answer} > "
                f"{self.window}, decrease input length or `max_tokens` and try again"
            )
        known = self.window or window
        limit = known or max(1, (self.prompt or estimate or 0) - 1)
        beyond = limit // _BEYOND if known and self.prompt else 1
        prompt = max(self.prompt or estimate or 0, limit + max(1, beyond))
        return f"prompt is too long: {prompt} tokens > {limit} maximum"


def context_overflow(words: ErrorBody) -> ContextOverflow | None:
    """None if the text is about something else."""
    if not mentions(LimitKind.OVERFLOW, words.text):
        return None
    message = words.message
    window = _field(words, "n_ctx") or figure(LimitKind.WINDOW, message)
    shares = sum(map(int, re.findall(_SHARES, message)))
    prompt = shares or _field(words, "n_prompt_tokens") or figure(LimitKind.PROMPT, message)
    answer, total = figure(LimitKind.ANSWER, message), figure(LimitKind.TOTAL, message)
    if prompt is None and total is not None:
        prompt = total - (answer or 0)
    return ContextOverflow(window, prompt, answer)


def has_token_counts(message: str) -> bool:
    """Whether clients find their two numbers in the text, in the form that Anthropic's own servers use."""
    return _UNDERSTOOD.search(message) is not None


def _field(words: ErrorBody, name: str) -> int | None:
    value = words.fields.get(name)
    return value if isinstance(value, int) and value > 0 else None
