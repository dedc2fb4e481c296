"""Does the server cache prompt prefixes? Sends the same long prompt twice, with different ends.

The server's own count of cached tokens is proof; without one, the times are.
"""

from __future__ import annotations

import secrets

from gateway.doctor.dialect import ChatAnswer, ChatQuestion
from gateway.doctor.finding import Finding, ProbeContext, excerpt

PATIENCE = 120.0
_NAME = "prefix cache"
_SIZES = (1200, 8000)
"""Words. OpenAI caches from 1024 tokens on; a fast server reads the first size too quickly to be timed."""
_MEASURABLE = 0.4
"""The shortest reading time in seconds that shows a difference."""
_SLOW = "each turn reads the whole conversation again: minutes on a slow machine, money elsewhere"


async def probe_prefix_cache(subject: ProbeContext) -> list[Finding]:
    room = (subject.model.window or subject.manner.window or 8192) // 3
    for size in _SIZES:
        words = min(size, room)
        first, second = await _twice(subject, words)
        for answer in (first, second):
            if answer.refused or answer.fault:
                return [Finding(_NAME, "unknown", excerpt(answer.words))]
        if second.cached_tokens or _reading(first) >= _MEASURABLE or words < size or not subject.near:
            return [_judged(first, second)]
    return [Finding(_NAME, "unknown", "it reads too quickly for a difference to be seen")]


async def _twice(subject: ProbeContext, words: int) -> tuple[ChatAnswer, ChatAnswer]:
    # The nonce comes first, so that the cache has nothing of an earlier run.
    text = f"{secrets.token_hex(8)}" + " word" * words
    questions = [ChatQuestion(f"{text}\n{end}", max_tokens=1) for end in ("Reply: one", "Answer with: two")]
    return await subject.ask(questions[0], PATIENCE), await subject.ask(questions[1], PATIENCE)


def _reading(answer: ChatAnswer) -> float:
    """Seconds for the prompt: the server's own measurement, else the time to the first piece."""
    return next(
        (one for one in (answer.prompt_seconds, answer.first, answer.seconds) if one is not None), 0.0
    )


def _judged(first: ChatAnswer, second: ChatAnswer) -> Finding:
    times = f"{_reading(first):.2f} s, then {_reading(second):.2f} s"
    if second.cached_tokens and second.cached_tokens > (second.prompt_tokens or 0) * 0.5:
        return Finding(_NAME, "yes", f"{second.cached_tokens} tokens came from the cache; {times}")
    if _reading(first) < _MEASURABLE:
        return Finding(_NAME, "unknown", f"no count of cached tokens, and too quick to be timed: {times}")
    if _reading(second) < 0.5 * _reading(first):
        return Finding(_NAME, "yes", times)
    return Finding(_NAME, "no", times, _SLOW)
