"""How much may a request hold, really, and how much may the model write?

- Ollama: what it has loaded after it was asked with a window (`/api/ps`).
- Servers nearby: a prompt that is too long, which a good server refuses at once with its numbers; a bad one
  cuts it in silence, and its counts show that.
- Servers that cost money are not sent such a prompt: what they say of themselves counts.
- The most that may be written: a limit of ten million, which a server refuses with its own; one that takes it
  is left after the first piece.
"""

from __future__ import annotations

import contextlib

from gateway.probing.dialect import Answer, Question, body, chunks, url
from gateway.probing.finding import Finding, Subject, excerpt
from gateway.probing.identity import identify
from gateway.probing.line import Silence
from gateway.probing.server import Server
from gateway.settings.windows import ADVISED, LEAST, too_small
from gateway.upstreams.complaints import complaint
from gateway.upstreams.overflow import overflow
from gateway.upstreams.words import read_words

PATIENCE = 30.0
_WORD = " hello"
"""One token in every vocabulary that is in use."""
_UNSAID = 300_000
_LONGEST = 700_000
"""Tokens that are sent at most: 4 MB."""
_LEAST = 512
"""Tokens that every model's window holds: fewer are no count of a long prompt."""
_MUCH = 10_000_000


async def window(subject: Subject) -> list[Finding]:
    now = await identify(subject.line)
    model = now.model(subject.model.name) if isinstance(now, Server) else None
    claimed = model.window if model and model.window else subject.model.window
    if subject.server.kind == "ollama":
        return [_loaded(subject, claimed)]
    return [await _tested(subject, claimed)]


def _loaded(subject: Subject, claimed: int | None) -> Finding:
    asked = subject.manner.window
    if claimed is None:
        return Finding(
            "window", "unknown", f"asked for {asked}; /api/ps does not say what was loaded", value=asked
        )
    if asked and claimed < asked:
        meaning = "the memory may hold no more: the gateway asks for what was loaded"
        return Finding("window", "partly", f"asked for {asked}, loaded with {claimed}", meaning, claimed)
    return Finding("window", "yes", f"/api/ps: loaded with {claimed}", _enough(claimed), claimed)


async def _tested(subject: Subject, claimed: int | None) -> Finding:
    size = int(claimed * 1.25) + 200 if claimed else _UNSAID
    if not subject.near or size > _LONGEST:
        why = "a test would cost money" if not subject.near else "too large for a test"
        if claimed is None:
            return Finding(
                "window", "unknown", f"the server does not say; {why}", "set context_window yourself"
            )
        return Finding("window", "yes", f"the server says {claimed}; {why}", _enough(claimed), claimed)
    answer = await subject.ask(Question(_WORD * size, max_tokens=1), PATIENCE)
    return _judged(answer, size, claimed)


def _judged(answer: Answer, size: int, claimed: int | None) -> Finding:
    found = overflow(read_words(answer.refusal)) if answer.refused else None
    told = found.window if found else None
    if told or (answer.refused and claimed):
        real = told or claimed or 0
        seen = f"{size} tokens are refused: {excerpt(answer.words, 100)}"
        if claimed and told and told != claimed:
            return Finding("window", "partly", f"it says {claimed}, but {seen}", _enough(real), real)
        return Finding("window", "yes", seen, _enough(real), real)
    if answer.refused or answer.fault or not answer.prompt_tokens:
        seen = f"{size} tokens: {excerpt(answer.words, 100)}"
        return Finding("window", "unknown", seen, "set context_window yourself", claimed)
    if answer.prompt_tokens < _LEAST:
        seen = f"{size} tokens were counted as {answer.prompt_tokens}: its counts are none"
        return Finding("window", "unknown", seen, "set context_window yourself", claimed)
    if answer.prompt_tokens < 0.8 * size:
        cut = answer.prompt_tokens
        seen = f"{size} tokens were cut to {cut} without a word"
        meaning = "context_window must be right, or the model forgets its tools"
        return Finding("window", "partly", seen, meaning, min(claimed or cut, cut))
    seen = f"{answer.prompt_tokens} tokens were taken, more than it says"
    return Finding("window", "partly", seen, _enough(claimed or size), claimed or answer.prompt_tokens)


def _enough(size: int) -> str:
    if size < LEAST:
        return too_small(size)
    return "" if size >= ADVISED else f"enough for Claude Code's default tools; real work takes {ADVISED}"


async def output_limit(subject: Subject) -> list[Finding]:
    if subject.server.kind == "ollama":
        return []
    if subject.model.output:
        return [
            Finding(
                "output limit", "yes", f"the server says {subject.model.output}", value=subject.model.output
            )
        ]
    status, refusal = await _refusal(subject)
    said = complaint(status, refusal) if refusal else None
    if said and said.max_tokens and said.lasting:
        seen = excerpt(read_words(refusal).message, 100)
        return [Finding("output limit", "yes", f"{_MUCH} are refused: {seen}", value=said.max_tokens)]
    return [Finding("output limit", "unknown", f"a limit of {_MUCH} is {'refused' if refusal else 'taken'}")]


async def _refusal(subject: Subject) -> tuple[int, bytes]:
    """What it says to the absurd limit; nothing if it begins to answer."""
    asked = body(subject.manner, Question("Reply with one word: ready", max_tokens=_MUCH))
    with contextlib.suppress(Silence):
        async with subject.line.open(url(subject.line, subject.manner), asked, PATIENCE) as stream:
            if stream.status >= 300:
                return stream.status, await stream.body()
            async with contextlib.aclosing(chunks(stream, subject.manner.kind)) as pieces:
                async for _ in pieces:
                    break
    return 200, b""
