"""What the requests of both of OpenAI's protocols do alike with prompt-cache marks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from gateway.anthropic import wire as a
from gateway.upstreams.request.plan import RequestPlan

MOST = 4
"""Marks in one request: what Anthropic, OpenAI and those behind OpenRouter take."""

Lifetime = Literal["30m", "12h"]


def system_sections(todo: RequestPlan) -> Iterator[tuple[str, a.CacheControl | None]]:
    """The system prompt in pieces, each with the mark at its end; what the gateway added comes last."""
    begin = 0
    for cut in todo.cuts:
        yield todo.system[begin : cut.at], cut.mark
        begin = cut.at
    if begin < len(todo.system):
        yield todo.system[begin:], None


def lifetime(mark: a.CacheControl) -> Lifetime:
    """In OpenAI's steps, the next one from the client's five minutes or hour."""
    return "12h" if mark.ttl == "1h" else "30m"
