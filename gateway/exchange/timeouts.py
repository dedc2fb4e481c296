"""How long a target may take: the three budgets of one exchange, in seconds of one clock.

- `first_byte`: until anything of the answer comes; comments that keep a connection open are nothing of it.
  `idle`: between two reads after that, of whatever. `total`: since the request came.
- While something else is waited for (`pause`), the first byte is not. While a client is slow to read
  (`sending`), nobody is idle.
"""

from __future__ import annotations

import math

from attrs import define

from gateway.errors import Kind, UpstreamFailed
from gateway.upstreams.base import Target


@define
class Budget:
    target: Target
    begun: float
    """When the request came."""
    asked: float
    """When the target was asked."""
    last_read: float | None = None
    sending: bool = False
    """What was read is being sent on."""

    def ask(self, target: Target, now: float) -> None:
        self.target, self.asked, self.last_read, self.sending = target, now, None, False

    def pause(self) -> None:
        self.asked = math.inf

    def deadline(self, now: float) -> float:
        """When patience ends, if nothing is read before."""
        timeouts = self.target.timeouts
        if self.last_read is None:
            waiting = self.asked + timeouts.first_byte
        else:
            waiting = (now if self.sending else self.last_read) + timeouts.idle
        return min(waiting, self.begun + timeouts.total)

    def spent(self, now: float) -> UpstreamFailed:
        """Which budget was used up, in words that name its key."""
        timeouts, facts = self.target.timeouts, self.target.facts
        if now - self.begun >= timeouts.total:
            key, limit, what = "total", timeouts.total, "the whole answer"
        elif self.last_read is None:
            key, limit, what = "first_byte", timeouts.first_byte, "the first byte"
        else:
            key, limit, what = "idle", timeouts.idle, "the next byte"
        said = f"[{facts.provider}] waited {limit:g} s for {what} of {facts.model} (timeouts.{key})"
        return UpstreamFailed(Kind.UPSTREAM_TIMEOUT, said)
