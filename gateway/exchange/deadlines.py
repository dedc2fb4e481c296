"""The timer of one request: cancels attempts that exceed a timeout, sends keepalives during silence.

- `first_byte`: until the first byte of the answer; SSE comments that keep a connection open do not count.
  `idle`: between two reads after that. `total`: since the request arrived.
- `first_byte` does not run while attachments are fetched (`pause`). `idle` does not run while data is written
  to a slow client (`sending`).
- One timer handle for each request, set to the next deadline or keepalive and never reset for a chunk: when
  it fires, it compares the times recorded meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncGenerator

from attrs import Factory, define

from gateway.errors import Kind, UpstreamFailed
from gateway.exchange.response import ClientResponse
from gateway.upstreams.base import Target

TICK = 0.005
"""Resolution of the timer in seconds."""


@define
class Deadlines:
    """The timeouts of the current target. All times are seconds of the event loop's clock."""

    target: Target
    request_time: float
    """When the request arrived."""
    attempt_time: float
    """When the upstream request was sent."""
    last_read: float | None = None
    sending: bool = False
    """True while the last read is being written to the client."""

    def start(self, target: Target, now: float) -> None:
        self.target, self.attempt_time, self.last_read, self.sending = target, now, None, False

    def pause(self) -> None:
        self.attempt_time = math.inf

    def next(self, now: float) -> float:
        """When the attempt times out if no data arrives before."""
        timeouts = self.target.timeouts
        if self.last_read is None:
            waiting = self.attempt_time + timeouts.first_byte
        else:
            waiting = (now if self.sending else self.last_read) + timeouts.idle
        return min(waiting, self.request_time + timeouts.total)

    def error(self, now: float) -> UpstreamFailed:
        """The error for the timeout that was exceeded; it names the timeout's key."""
        timeouts, info = self.target.timeouts, self.target.model_info
        if now - self.request_time >= timeouts.total:
            key, limit, what = "total", timeouts.total, "the whole answer"
        elif self.last_read is None:
            key, limit, what = "first_byte", timeouts.first_byte, "the first byte"
        else:
            key, limit, what = "idle", timeouts.idle, "the next byte"
        message = f"[{info.provider}] waited {limit:g} s for {what} of {info.model} (timeouts.{key})"
        return UpstreamFailed(Kind.UPSTREAM_TIMEOUT, message)


@define
class RequestTimer:
    deadlines: Deadlines
    delivery: ClientResponse
    _loop: asyncio.AbstractEventLoop
    _handle: asyncio.TimerHandle | None = None
    _running: asyncio.Timeout | None = None
    _error: Exception | None = None
    """Cancels the running attempt and all later ones."""
    _keepalives: set[asyncio.Task[None]] = Factory(set["asyncio.Task[None]"])

    def now(self) -> float:
        return self._loop.time()

    def schedule(self) -> None:
        """Set the handle to the next deadline or keepalive."""
        if self._handle:
            self._handle.cancel()
        now = self.now()
        due = min(self.deadlines.next(now), self.delivery.due())
        self._handle = self._loop.call_at(max(due, now + TICK), self._fire)

    def stop(self) -> None:
        if self._handle:
            self._handle.cancel()
        for task in self._keepalives:
            task.cancel()

    def start(self, target: Target, wait: float = 0.0) -> None:
        """Switch to the deadlines of `target`, whose request will be sent in `wait` seconds."""
        self.deadlines.start(target, self.now() + wait)

    def read(self, *, has_data: bool) -> None:
        """Record a read. After the first read with data `idle` applies, which may end sooner."""
        first = self.deadlines.last_read is None
        if has_data or not first:
            self.deadlines.last_read = self.now()
        if has_data and first:
            self.schedule()

    def sending(self) -> None:
        """Mark the client as the slow side until `sent` is called."""
        self.deadlines.sending = True

    def sent(self) -> None:
        self.deadlines.sending, self.deadlines.last_read = False, self.now()

    def cancel(self, error: Exception) -> None:
        """Cancel the running attempt and all later ones with `error`."""
        self._error = error
        if self._running is not None:
            with contextlib.suppress(RuntimeError):  # the attempt is already ending
                self._running.reschedule(self.now())

    def clear(self, error: Exception) -> None:
        """Forget `error`, which ended one target's attempt, before the next target is tried."""
        if self._error is error:
            self._error = None

    @contextlib.asynccontextmanager
    async def limiting(self) -> AsyncGenerator[None]:
        """Run one attempt under the timer. Raises the error it was cancelled with."""
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
        if self._error is not None:
            raise self._error

    def _fire(self) -> None:
        now = self.now()
        if now >= self.deadlines.next(now):
            self.cancel(self.deadlines.error(now))
            return
        if now >= self.delivery.due():
            task = self._loop.create_task(self._keepalive())
            self._keepalives.add(task)
            task.add_done_callback(self._keepalives.discard)
        self.schedule()

    async def _keepalive(self) -> None:
        with contextlib.suppress(OSError):
            await self.delivery.keepalive()
