"""What an upstream says of a prompt that does not fit -> the words Claude Code compacts on.

    prompt is too long: 13392 tokens > 8192 maximum
    input length and `max_tokens` exceed context limit: 8000 + 16000 > 16384, decrease input length or ...

Rules:
- The first is for a prompt too long by itself, the second where only the room for the answer is missing.
- The numbers are the upstream's. What it does not tell is taken from what is known of the model and from our
  own estimate, so that the client always finds two numbers, the first larger than the second.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from attrs import frozen

from gateway.upstreams.words import Words

_PHRASES = re.compile(
    r"exceed_context_size|context_length_exceeded|exceeds? the available context size"
    r"|maximum context (length|limit)|exceed context limit|longer than the (model's )?context length"
    r"|exceeds? the (model's )?(maximum )?context (length|window)|greater than the context length"
    r"|exceeds the maximum number of tokens|input tokens exceed the configured limit"
    r"|exceed model maximum|(input|prompt) is too long|maximum input length"
    r"|input text length should not exceed|range of input length"
    r"|prompt token count of \d+ exceeds|prompt_too_long|context the overflows"
    r"|(input|prompt) length exceeds|max_tokens must be at least 1, got -"
    r"|maximum prompt length|exceeded model token limit"
    r"|`inputs` tokens \+ `max_new_tokens` must be|`inputs` must have less than"
    r"|reduce the length of the (messages|input|prompt)|contextwindowexceeded",
    re.IGNORECASE,
)
_N = r"[^\d]{0,40}?(\d[\d,]*)"
_WINDOW = (
    r"model with (\d+) maximum context",
    r"maximum prompt length is (\d+)",
    r"model token limit: (\d+)",
    r"`max_new_tokens` must be <= (\d+)",
    r"`inputs` must have less than (\d+)",
    rf"available context size \({_N}",
    rf"maximum context (?:length|limit)(?: of| is)?{_N}",
    rf"context (?:length|window|limit|size) of(?: only)?{_N}",
    rf"model's (?:maximum )?context length \({_N}",
    rf"maximum number of tokens allowed \({_N}",
    rf"exceed model maximum \({_N}",
    r"exceed context limit: \d+ \+ \d+ > (\d+)",
    r"tokens? > (\d+) maximum",
    rf"maximum input length is{_N}",
    r"input length should be \[\d+, ?(\d+)\]",
    rf"exceeds the limit of{_N}",
    rf"should not exceed{_N}",
    rf"configured limit of{_N}",
)
_PROMPT = (
    r"request \((\d+) tokens?\)",
    r"\((\d+) in the (?:messages|prompt)",
    r"(\d+) tokens from the input messages",
    r"prompt contains (\d+) tokens",
    r"request contains (\d+) tokens",
    r"given: (\d+)",
    r"at least (\d+) input tokens",
    r"request has (\d+) input tokens",
    r"messages resulted in (\d+) tokens",
    r"(?:input|prompt)(?: tokens?| token count)? \((\d+)(?: tokens)?\)",
    r"exceed context limit: (\d+) \+",
    r"too long: (\d+) tokens",
    r"prompt token count of (\d+)",
    r"passed (\d+) input tokens",
)
_ANSWER = (
    r"(\d+) in the (?:completion|output)",
    r"(\d+) tokens for the completion",
    r"and (\d+) `max_new_tokens`",
    r"requested (\d+) output tokens",
    r"exceed context limit: \d+ \+ (\d+)",
    r"\((\d+) > \d+ - \d+\)",
)
_UNDERSTOOD = re.compile(
    r"prompt is too long[^0-9]*\d+\s*tokens?\s*>\s*\d+"
    r"|input length and `max_tokens` exceed context limit: \d+ \+ \d+ > \d+"
)
"""What Claude Code looks for."""
_TOTAL = (r"requested (?:about |a total of )?(\d+) tokens", r"\(requested: (\d+)\)")
_BEYOND = 25
"""A prompt that an upstream counted is said to exceed the window by at least this part of it. Claude
Code cuts no more than it is told: for a few tokens it compacts and is refused again, up to six times."""
_SHARES = r"(\d+) of \w+ input"
"""OpenRouter's: of text, of tools, of images."""


@frozen
class Overflow:
    """The numbers an upstream gave; None where it did not."""

    window: int | None = None
    prompt: int | None = None
    answer: int | None = None

    @property
    def fits_without_answer(self) -> bool:
        return self.window is not None and self.prompt is not None and self.prompt < self.window

    def message(self, window: int | None, estimate: int | None) -> str:
        """`window` and `estimate` stand in for numbers that the upstream did not give."""
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


def overflow(words: Words) -> Overflow | None:
    """None where the words are about something else."""
    if not _PHRASES.search(words.text):
        return None
    window = _figure(words, "n_ctx") or _search(_WINDOW, words.message)
    shares = re.findall(_SHARES, words.message)
    prompt = sum(map(int, shares)) or _figure(words, "n_prompt_tokens") or _search(_PROMPT, words.message)
    answer, total = _search(_ANSWER, words.message), _search(_TOTAL, words.message)
    if prompt is None and total is not None:
        prompt = total - (answer or 0)
    return Overflow(window, prompt, answer)


def is_understood(said: str) -> bool:
    """Whether clients find their two numbers in it, as Anthropic's own servers say them."""
    return _UNDERSTOOD.search(said) is not None


def _figure(words: Words, name: str) -> int | None:
    value = words.fields.get(name)
    return value if isinstance(value, int) and value > 0 else None


def _search(patterns: Iterable[str], text: str) -> int | None:
    for pattern in patterns:
        if found := re.search(pattern, text, re.IGNORECASE):
            return int(found[1].replace(",", ""))
    return None
