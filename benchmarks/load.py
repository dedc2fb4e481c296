"""A load generator: raw HTTP/1.1 clients on loopback that each send the next request when one is answered.

`run(Load(...))` -> `Tally`. A chunk that carries the upstream's clock (`t<ns>z`) tells its own age.
"""

import asyncio
import re
import time
from urllib.parse import urlsplit

from attrs import define, field, frozen

LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
CLOSE = re.compile(rb"\r\nconnection:\s*close", re.IGNORECASE)
STAMP = re.compile(rb"t(\d{12,20})z")

DELTA = {"anthropic": b'"text_delta"', "openai": b'"content":"', "ollama": b'"content":"'}
"""What each chunk of text holds once. OpenAI's and Ollama's have one or two more in the frame."""

MOST_ERRORS = 20
LONGEST_TAIL = 30.0
"""Seconds that running streams get to end after the last request was sent."""

HEADERS = {
    "content-type": "application/json",
    "accept": "*/*",
    "x-api-key": "sk-bench",
    "authorization": "Bearer sk-bench",
    "anthropic-version": "2023-06-01",
    "user-agent": "claude-cli/bench",
}


@frozen
class Load:
    """What to send: bodies in turn, on so many connections, for so many seconds."""

    url: str
    bodies: list[bytes]
    connections: int
    seconds: float
    api: str = "anthropic"
    stamped: bool = False
    stagger: float = 0.0
    """Seconds over which the connections start."""
    most: int | None = None
    """Requests at most."""


@define
class Tally:
    """What came back. Times are in nanoseconds, except `wall`, which is in seconds."""

    answered: int = 0
    errors: int = 0
    deltas: int = 0
    wall: float = 0.0
    first_error: str = ""
    sample: bytes = b""
    ages: list[int] = field(factory=list)
    gaps: list[int] = field(factory=list)
    """Between two reads of one stamped stream."""
    first_bytes: list[int] = field(factory=list)
    durations: list[int] = field(factory=list)

    def fail(self, what: str) -> None:
        self.errors += 1
        self.first_error = self.first_error or what[:600]


class Generator:
    """The connections of one load, and when they stop."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.tally = Tally()
        self.delta = DELTA[load.api]
        self.url = urlsplit(load.url)
        if self.url.hostname != "127.0.0.1":
            raise ValueError("loopback only")
        self.requests = [self._request(body) for body in load.bodies]
        self.issued = 0
        self.expired = False
        self.alive = load.connections
        self.over = asyncio.Event()

    def _request(self, body: bytes) -> bytes:
        headers = {"host": self.url.netloc, **HEADERS, "content-length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST {self.url.path} HTTP/1.1\r\n{lines}\r\n".encode() + body

    @property
    def stopping(self) -> bool:
        enough = self.load.most is not None and self.issued >= self.load.most
        return self.expired or enough or self.tally.errors > MOST_ERRORS

    def next_request(self) -> bytes:
        self.issued += 1
        return self.requests[self.issued % len(self.requests)]

    def expire(self) -> None:
        self.expired = True

    async def run(self) -> Tally:
        started = time.monotonic()
        for number in range(self.load.connections):
            await self.connect(self.load.stagger * number / self.load.connections)
        asyncio.get_running_loop().call_later(self.load.seconds, self.expire)
        try:
            await asyncio.wait_for(self.over.wait(), self.load.seconds + LONGEST_TAIL)
        except TimeoutError:
            self.tally.fail(f"not all answers ended {LONGEST_TAIL:.0f} s after the last request")
        self.tally.wall = time.monotonic() - started
        return self.tally

    async def connect(self, delay: float = 0.0) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: Connection(self, delay), self.url.hostname, self.url.port)
        except OSError as error:
            self.tally.fail(repr(error))
            self.leave()

    def lost(self) -> None:
        """A connection closed: replaced unless this is the end."""
        if self.stopping:
            self.leave()
        else:
            self.reconnecting = asyncio.ensure_future(self.connect())

    def leave(self) -> None:
        self.alive -= 1
        if self.alive <= 0:
            self.over.set()


class Connection(asyncio.Protocol):
    """One keep-alive client."""

    def __init__(self, generator: Generator, delay: float) -> None:
        self.generator = generator
        self.tally = generator.tally
        self.delay = delay
        self.busy = False

    def connection_made(self, transport):
        self.transport = transport
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, self.ask)
        else:
            self.ask()

    def ask(self) -> None:
        if self.generator.stopping:
            self.transport.close()
            return
        self.head = b""
        self.parts: list[bytes] = []
        self.left: int | None = None
        self.seen_first = False
        self.busy = True
        self.asked = time.monotonic_ns()
        self.transport.write(self.generator.next_request())

    def data_received(self, data):
        now = time.monotonic_ns()
        if not self.head:
            data = self.take_head(data)
            if not self.head:
                return
        self.parts.append(data)
        self.note_times(data, now)
        if self.is_over(data):
            self.finish(now)

    def take_head(self, data: bytes) -> bytes:
        data = b"".join((*self.parts, data))
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self.parts = [data]
            return b""
        self.head, self.parts = data[: end + 4], []
        found = LENGTH.search(self.head)
        self.left = int(found[1]) if found else None
        self.status = int(self.head[9:12])
        return data[end + 4 :]

    def note_times(self, data: bytes, now: int) -> None:
        """The first byte counts, or in a stamped stream the first stamp."""
        stamps = STAMP.findall(data) if self.generator.load.stamped else ()
        self.tally.ages.extend(now - int(stamp) for stamp in stamps)
        if stamps:
            if self.seen_first:
                self.tally.gaps.append(now - self.last)
            self.last = now
        if not self.seen_first and (stamps if self.generator.load.stamped else data):
            self.seen_first = True
            self.tally.first_bytes.append(now - self.asked)

    def is_over(self, data: bytes) -> bool:
        if self.left is not None:
            self.left -= len(data)
            return self.left <= 0
        tail = data if len(data) >= 5 else b"".join(self.parts[-5:])
        return tail.endswith(b"0\r\n\r\n")

    def finish(self, now: int) -> None:
        self.busy = False
        body = b"".join(self.parts)
        if self.status == 200:
            self.tally.answered += 1
            self.tally.deltas += body.count(self.generator.delta)
            self.tally.durations.append(now - self.asked)
            self.tally.sample = self.tally.sample or body
        else:
            self.tally.fail((self.head + body).decode("latin1"))
        if CLOSE.search(self.head):
            self.transport.close()
        else:
            self.ask()

    def connection_lost(self, error):
        if self.busy:
            self.busy = False
            self.tally.fail(f"connection lost in the middle of an answer: {error!r}")
        self.generator.lost()


async def run(load: Load) -> Tally:
    return await Generator(load).run()
