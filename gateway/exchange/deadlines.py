"""The one clock of an exchange: it ends an attempt whose patience is spent, and covers silence up.

One timer, wound to the next moment that matters and never per chunk: when it rings, it looks at what has
happened meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from attrs import Factory, define

from gateway.exchange.response import Delivery
from gateway.exchange.timeouts import Budget

TICK = 0.005
"""Seconds: the finest it is read."""


@define
class Clock:
    budget: Budget
    delivery: Delivery
    _loop: asyncio.AbstractEventLoop
    _timer: asyncio.TimerHandle | None = None
    _running: asyncio.Timeout | None = None
    _verdict: Exception | None = None
    """What everything ends of."""
    _beats: set[asyncio.Task[None]] = Factory(set["asyncio.Task[None]"])

    def now(self) -> float:
        return self._loop.time()

    def wind(self) -> None:
        """Ask to be woken at the next moment that matters."""
        if self._timer:
            self._timer.cancel()
        now = self.now()
        due = min(self.budget.deadline(now), self.delivery.due())
        self._timer = self._loop.call_at(max(due, now + TICK), self._tick)

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()
        for beat in self._beats:
            beat.cancel()

    def read(self, *, said: bool) -> None:
        """Something came. After the first that says something another budget holds, which may end sooner."""
        first = self.budget.last_read is None
        if said or not first:
            self.budget.last_read = self.now()
        if said and first:
            self.wind()

    def expire(self, verdict: Exception) -> None:
        """End the running attempt, and any that would begin; `verdict` is what they end of."""
        self._verdict = verdict
        if self._running is not None:
            with contextlib.suppress(RuntimeError):  # it is ending by itself
                self._running.reschedule(self.now())

    def forgive(self, verdict: Exception) -> None:
        """It ended one target's attempt, and another target is asked."""
        if self._verdict is verdict:
            self._verdict = None

    @contextlib.asynccontextmanager
    async def limiting(self) -> AsyncGenerator[None]:
        """An attempt, which ends of the verdict once there is one."""
        try:
            async with asyncio.timeout(None) as self._running:
                self._check()
                yield
        except TimeoutError:
            self._check()
            raise
        finally:
            self._running = None

    def _check(self) -> None:
        if self._verdict is not None:
            raise self._verdict

    def _tick(self) -> None:
        now = self.now()
        if now >= self.budget.deadline(now):
            self.expire(self.budget.spent(now))
            return
        if now >= self.delivery.due():
            beat = self._loop.create_task(self._beat())
            self._beats.add(beat)
            beat.add_done_callback(self._beats.discard)
        self.wind()

    async def _beat(self) -> None:
        with contextlib.suppress(OSError):
            await self.delivery.beat()
