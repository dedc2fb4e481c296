"""Answers without an upstream: a request -> the parts of its answer, or None if an upstream is needed.

Rules:
- Each kind of local answer is one function `(inbound, target) -> parts or None` in `_ANSWERS`; the first
  result counts. Routing still chooses the target: its quirks and limits apply, and its name is reported as
  the route.
- The parts go through the writer like any other answer, so streaming, JSON answers and the record work
  unchanged.
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
    """A finished answer. `parts` end with `Finish`."""

    parts: list[Part]
    request: UpstreamRequest = Factory(lambda: UpstreamRequest(b""))
    has_data: bool = True

    async def read(self) -> list[Part] | None:
        parts, self.parts = self.parts, []
        return parts or None

    async def close(self) -> None:
        """Nothing to release."""


Answer = Callable[[Inbound, Target], "list[Part] | None"]

_ANSWERS: tuple[Answer, ...] = (prewarmed, unavailable)


def local_answer(inbound: Inbound, target: Target) -> LocalAttempt | None:
    """Raises RequestRefused if the request asks for something impossible."""
    if target.model_info.quirks.native:
        return None
    for answer in _ANSWERS:
        parts = answer(inbound, target)
        if parts is not None:
            notices = tuple(part for part in parts if isinstance(part, Notice))
            content: list[Part] = [part for part in parts if not isinstance(part, Notice)]
            return LocalAttempt(content, UpstreamRequest(b"", notices=notices))
    return None
