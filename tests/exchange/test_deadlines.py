"""The timer of one request: timeouts, pauses and keepalives."""

import asyncio
import math

import pytest

from gateway.errors import Kind, RequestRefused, UpstreamFailed
from gateway.exchange.deadlines import Deadlines, RequestTimer
from gateway.settings.models import Provider, Timeouts
from gateway.settings.quirks import PLAIN
from gateway.upstreams.base import Target
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.registry import make_adapter

TIMEOUTS = Timeouts(first_byte=10.0, idle=5.0, total=100.0)


def target(timeouts: Timeouts = TIMEOUTS) -> Target:
    adapter = make_adapter("up", Provider(kind="scripted"))
    return Target(adapter, ModelInfo("up", "m", PLAIN), timeouts)


def deadlines(**fields) -> Deadlines:
    return Deadlines(target(), **{"request_time": 0.0, "attempt_time": 1.0, **fields})


@pytest.mark.parametrize(
    ("fields", "now", "due"),
    [
        ({}, 2.0, 11.0),
        ({"attempt_time": math.inf}, 2.0, 100.0),
        ({"attempt_time": 95.0}, 96.0, 100.0),
        ({"last_read": 20.0}, 22.0, 25.0),
        ({"last_read": 20.0, "sending": True}, 22.0, 27.0),
        ({"last_read": 98.0}, 99.0, 100.0),
    ],
)
def test_next_deadline(fields: dict, now: float, due: float):
    assert deadlines(**fields).next(now) == due


@pytest.mark.parametrize(
    ("fields", "now", "message"),
    [
        ({}, 11.0, "[up] waited 10 s for the first byte of m (timeouts.first_byte)"),
        ({"last_read": 20.0}, 25.0, "[up] waited 5 s for the next byte of m (timeouts.idle)"),
        ({"last_read": 20.0}, 100.0, "[up] waited 100 s for the whole answer of m (timeouts.total)"),
    ],
)
def test_error_names_the_timeout(fields: dict, now: float, message: str):
    error = deadlines(**fields).error(now)
    assert (error.kind, error.message) == (Kind.UPSTREAM_TIMEOUT, message)


def test_next_target_starts_anew_and_a_pause_stops_first_byte():
    times = deadlines(last_read=20.0, sending=True)
    other = target()
    times.start(other, 30.0)
    assert times == Deadlines(other, request_time=0.0, attempt_time=30.0)
    times.pause()
    assert times.next(31.0) == 100.0


class Client:
    """A response whose keepalive is due at once, or never."""

    def __init__(self, due: float = math.inf) -> None:
        self.due_at = due
        self.kept_alive = asyncio.Event()

    async def events(self, events) -> None: ...

    async def fail(self, error) -> None: ...

    def due(self) -> float:
        return self.due_at

    async def keepalive(self) -> None:
        self.due_at = math.inf
        self.kept_alive.set()


def timer(client: Client, timeouts: Timeouts = TIMEOUTS) -> RequestTimer:
    loop = asyncio.get_running_loop()
    to = target(timeouts)
    return RequestTimer(Deadlines(to, loop.time(), loop.time()), client, loop)


async def test_attempt_without_data_is_cancelled_with_the_timeout():
    clock = timer(Client(), Timeouts(first_byte=0.0))
    clock.schedule()
    with pytest.raises(UpstreamFailed, match=r"\(timeouts\.first_byte\)"):
        async with clock.limiting():
            await asyncio.Event().wait()
    clock.stop()


async def test_error_ends_later_attempts_until_it_is_cleared():
    clock, error = timer(Client()), RequestRefused("gone")
    clock.cancel(error)
    with pytest.raises(RequestRefused):
        async with clock.limiting():
            pass
    clock.clear(RequestRefused("another"))
    with pytest.raises(RequestRefused):
        async with clock.limiting():
            pass
    clock.clear(error)
    async with clock.limiting():
        pass


async def test_running_attempt_is_cancelled_with_the_error():
    clock, error = timer(Client()), RequestRefused("gone")

    async def attempt() -> None:
        async with clock.limiting():
            clock.cancel(error)
            await asyncio.Event().wait()

    with pytest.raises(RequestRefused) as raised:
        await attempt()
    assert raised.value is error


async def test_timeout_of_the_attempt_itself_is_not_replaced():
    with pytest.raises(TimeoutError):
        async with timer(Client()).limiting():
            raise TimeoutError


async def test_keepalive_is_sent_when_it_is_due():
    client = Client(due=0.0)
    clock = timer(client)
    clock.schedule()
    clock.schedule()
    await client.kept_alive.wait()
    assert client.due_at == math.inf
    clock.stop()


async def test_reads_and_writes_move_the_idle_timeout():
    clock = timer(Client())
    times = clock.deadlines
    clock.read(has_data=False)
    assert times.last_read is None
    clock.read(has_data=True)
    first = times.last_read
    assert first is not None
    clock.read(has_data=False)
    assert times.last_read >= first
    clock.sending()
    assert times.sending
    clock.sent()
    assert not times.sending
    clock.start(times.target, wait=3.0)
    assert times.last_read is None
    assert times.attempt_time >= first + 3.0
    clock.stop()
