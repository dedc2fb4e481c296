"""Prompt-cache marks, shared by both OpenAI protocols."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from gateway.anthropic import wire as a
from gateway.upstreams.request.plan import RequestPlan

MOST = 4
"""Maximum marks in one request: the limit of Anthropic, OpenAI and the providers behind OpenRouter."""

Lifetime = Literal["30m", "12h"]


def system_sections(plan: RequestPlan) -> Iterator[tuple[str, a.CacheControl | None]]:
    """The system prompt in pieces, each with the mark at its end; text added by the gateway comes last."""
    begin = 0
    for cut in plan.cuts:
        yield plan.system[begin : cut.at], cut.mark
        begin = cut.at
    if begin < len(plan.system):
        yield plan.system[begin:], None


def lifetime(mark: a.CacheControl) -> Lifetime:
    """The client's five minutes or hour in OpenAI's steps, rounded up."""
    return "12h" if mark.ttl == "1h" else "30m"
