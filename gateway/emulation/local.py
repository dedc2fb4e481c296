"""Answers that need no upstream: a request -> the parts of its answer, or None where an upstream is asked.

Rules:
- Each kind of local answer is one function `(inbound, target) -> parts or None` in `_ANSWERS`; the first that
  knows one wins. The target is still the one that routing chose: quirks and limits decide, and its name is
  reported as the route.
- The parts go through the writer like any other answer, so that both deliveries and the record work as ever.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import Factory, define

from gateway.emulation.prewarm import prewarmed
from gateway.emulation.server_tools import unavailable
from gateway.inbound import Inbound
from gateway.parts import Notice, Part
from gateway.upstreams.base import Target
from gateway.upstreams.upstream_request import UpstreamRequest


@define
class LocalAttempt:
    """An answer that is ready. `parts` end with `Finish`."""

    parts: list[Part]
    request: UpstreamRequest = Factory(lambda: UpstreamRequest(b""))
    has_data: bool = True

    async def read(self) -> list[Part] | None:
        parts, self.parts = self.parts, []
        return parts or None

    async def close(self) -> None:
        """There is nothing to give back."""


Answer = Callable[[Inbound, Target], "list[Part] | None"]

_ANSWERS: tuple[Answer, ...] = (prewarmed, unavailable)


def local_answer(inbound: Inbound, target: Target) -> LocalAttempt | None:
    """RequestRefused where the request asks for what cannot be done."""
    if target.model_info.quirks.native:
        return None
    for answer in _ANSWERS:
        parts = answer(inbound, target)
        if parts is not None:
            notices = tuple(part for part in parts if isinstance(part, Notice))
            said: list[Part] = [part for part in parts if not isinstance(part, Notice)]
            return LocalAttempt(said, UpstreamRequest(b"", notices=notices))
    return None
