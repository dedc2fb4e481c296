"""The real context window, and the longest answer of the model.

- Ollama: what it has loaded after a request with a window (`/api/ps`).
- Servers nearby: growing prompts, up to a little more than the window that the server reports. A good server
  refuses the last one at once with its numbers; a bad one truncates it silently, and its counts show that;
  one without a check reads on, so each prompt is sent only if the one before it was read quickly enough.
- Servers that cost money are not sent long prompts: what they report counts.
- The longest answer: a limit of ten million, which a server refuses with its own; if one accepts it, the
  request is cancelled after the first piece.

Rules:
- No prompt is longer than `ProbeEffort.largest`, and none is sent that could not be read in the remaining
  time at the pace of the one before: some servers cannot be stopped while they read
  (`test_a_slow_server_without_a_check_is_not_kept_busy`).
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from attrs import define, frozen

from gateway.doctor.client import ProbeError
from gateway.doctor.dialect import ChatAnswer, ChatQuestion, chat_body, chat_url, stream_chunks
from gateway.doctor.finding import Finding, ProbeContext, excerpt
from gateway.doctor.identity import identify
from gateway.doctor.server import DetectedServer
from gateway.settings.windows import ADVISED_WINDOW, MIN_WINDOW, too_small
from gateway.upstreams.errors.adapt import read_refusal
from gateway.upstreams.errors.context_overflow import context_overflow
from gateway.upstreams.errors.error_body import parse_error_body

PATIENCE = 30.0
_WORD = " hello"
"""One token in every vocabulary that is in use."""
_FIRST = 1_024
"""Tokens of the first prompt."""
_GROWTH = 4
_RESERVE = 2.0
"""Factor for the time of the next prompt: the longer it is, the slower each token is read."""
_LEAST = 512
"""Ignore stated prompt sizes below this: no long prompt counts so few tokens."""
_MUCH = 10_000_000
_YOURSELF = "set context_window yourself"


@frozen
class ProbeEffort:
    largest: int
    """Tokens of the longest prompt."""
    seconds: float
    """For all prompts together."""


USUAL = ProbeEffort(largest=40_000, seconds=PATIENCE)
"""A little more than Claude Code needs."""
DEEP = ProbeEffort(largest=700_000, seconds=600.0)
"""4 MB of text."""


async def probe_window(subject: ProbeContext, effort: ProbeEffort = USUAL) -> list[Finding]:
    now = await identify(subject.line)
    model = now.model(subject.model.name) if isinstance(now, DetectedServer) else None
    claimed = model.window if model and model.window else subject.model.window
    if subject.server.kind == "ollama":
        return [_loaded(subject, claimed)]
    if subject.near:
        return [await _WindowTrial(subject, claimed, effort).found()]
    why = "a test would cost money"
    if claimed is None:
        return [Finding("window", "unknown", f"the server does not say; {why}", _YOURSELF)]
    return [Finding("window", "yes", f"the server says {claimed}; {why}", _enough(claimed), claimed)]


def _loaded(subject: ProbeContext, claimed: int | None) -> Finding:
    requested = subject.manner.window
    if claimed is None:
        return Finding(
            "window",
            "unknown",
            f"asked for {requested}; /api/ps does not say what was loaded",
            value=requested,
        )
    if requested and claimed < requested:
        meaning = "the memory may hold no more: the gateway asks for what was loaded"
        return Finding("window", "partly", f"asked for {requested}, loaded with {claimed}", meaning, claimed)
    return Finding("window", "yes", f"/api/ps: loaded with {claimed}", _enough(claimed), claimed)


@define
class _WindowTrial:
    """Growing prompts. `accepted`: the longest that was answered."""

    subject: ProbeContext
    claimed: int | None
    effort: ProbeEffort
    accepted: int = 0

    async def found(self) -> Finding:
        goal = min(
            int(self.claimed * 1.05) + 200 if self.claimed else self.effort.largest, self.effort.largest
        )
        ends = time.monotonic() + self.effort.seconds
        size: int | None = min(_FIRST, goal)
        while size is not None and self.accepted < goal:
            began = time.monotonic()
            try:
                async with asyncio.timeout(ends - began):
                    answer = await self.subject.ask(ChatQuestion(_WORD * size, max_tokens=1), ends - began)
            except TimeoutError:
                return self._inconclusive(
                    f"{size} tokens were not read within {time.monotonic() - began:.0f} s"
                )
            if found := self._judge(answer, size):
                return found
            self.accepted, now = size, time.monotonic()
            size = _next(size, now - began, ends - now, goal)
        if self.claimed and self.accepted > self.claimed:
            seen = f"{self.accepted} tokens were taken, more than it says"
            return Finding("window", "partly", seen, _enough(self.claimed), self.claimed)
        return self._inconclusive("" if self.effort == DEEP else "`--deep` tries more")

    def _judge(self, answer: ChatAnswer, size: int) -> Finding | None:
        """None if the prompt was presumably accepted."""
        if answer.refused:
            return self._refused(answer, size)
        if answer.fault:
            return self._inconclusive(f"{size} tokens: {excerpt(answer.words, 100)}")
        count = answer.prompt_tokens
        if count is None or count >= 0.8 * size:
            return None
        if count < _LEAST:
            seen = f"{size} tokens were counted as {count}: its counts are none"
            return Finding("window", "unknown", seen, _YOURSELF, self.claimed)
        meaning = "context_window must be right, or the model forgets its tools"
        seen = f"{size} tokens were cut to {count} without an error"
        return Finding("window", "partly", seen, meaning, min(self.claimed or count, count))

    def _refused(self, answer: ChatAnswer, size: int) -> Finding:
        over = context_overflow(parse_error_body(answer.refusal))
        stated = over.window if over else None
        seen = f"{size} tokens are refused: {excerpt(answer.words, 100)}"
        if stated and self.claimed and stated != self.claimed:
            return Finding("window", "partly", f"it says {self.claimed}, but {seen}", _enough(stated), stated)
        if real := stated or (self.claimed if self.claimed and size > self.claimed else None):
            return Finding("window", "yes", seen, _enough(real), real)
        if over and self.accepted:
            seen = f"{self.accepted} tokens were taken, {seen}"
            return Finding("window", "partly", seen, _enough(self.accepted), self.accepted)
        return self._inconclusive(seen)

    def _inconclusive(self, why: str) -> Finding:
        """An accepted prompt proves no window: some servers accept more than their model can hold."""
        claim = f"the server says {self.claimed}" if self.claimed else "the server does not say"
        accepted = f"{self.accepted} tokens were taken" if self.accepted else ""
        seen = "; ".join(filter(None, [claim, accepted, why]))
        if self.claimed and self.accepted:
            return Finding("window", "yes", seen, _enough(self.claimed), self.claimed)
        return Finding("window", "unknown", seen, _YOURSELF, self.claimed)


def _next(size: int, took: float, left: float, goal: int) -> int | None:
    """The next prompt's tokens; None if the remaining seconds would allow too little."""
    affordable = int(size * left / (_RESERVE * max(took, 0.001)))
    following = min(goal, size * _GROWTH, affordable)
    return following if following == goal or following >= 1.5 * size else None


def _enough(size: int) -> str:
    if size < MIN_WINDOW:
        return too_small(size)
    return (
        ""
        if size >= ADVISED_WINDOW
        else f"enough for Claude Code's default tools; real work takes {ADVISED_WINDOW}"
    )


async def probe_output_limit(subject: ProbeContext) -> list[Finding]:
    if subject.server.kind == "ollama":
        return []
    if subject.model.output:
        return [
            Finding(
                "output limit", "yes", f"the server says {subject.model.output}", value=subject.model.output
            )
        ]
    status, refusal = await _refusal(subject)
    limits = read_refusal(status, refusal) if refusal else None
    if limits and limits.max_tokens and limits.lasting:
        seen = excerpt(parse_error_body(refusal).message, 100)
        return [Finding("output limit", "yes", f"{_MUCH} are refused: {seen}", value=limits.max_tokens)]
    return [Finding("output limit", "unknown", f"a limit of {_MUCH} is {'refused' if refusal else 'taken'}")]


async def _refusal(subject: ProbeContext) -> tuple[int, bytes]:
    """The answer to the absurd limit; nothing if it begins to answer."""
    body = chat_body(subject.manner, ChatQuestion("Reply with one word: ready", max_tokens=_MUCH))
    with contextlib.suppress(ProbeError):
        async with subject.line.open(chat_url(subject.line, subject.manner), body, PATIENCE) as stream:
            if stream.status >= 300:
                return stream.status, await stream.body()
            async with contextlib.aclosing(stream_chunks(stream, subject.manner.kind)) as chunks:
                async for _ in chunks:
                    break
    return 200, b""
