"""What is asked of every gateway, by name."""

from typing import Literal

from attrs import evolve, frozen


@frozen
class Scenario:
    """Clients ask for `body`; streams have `chunks` chunks, `delay_ms` apart."""

    about: str
    connections: int
    body: Literal["small", "big", "many_big"] = "small"
    stream: bool = True
    chunks: int = 200
    delay_ms: int = 0
    burst: bool = False
    once: bool = False
    """One request on each connection, however long it takes."""
    counting: bool = False
    """Meanwhile another client has the tokens of the big body counted, again and again."""

    @property
    def unit(self) -> str:
        return "chunk" if self.stream else "request"

    @property
    def paced(self) -> bool:
        return self.delay_ms > 0

    @property
    def upstream(self) -> str:
        """The query that sets the fake upstream."""
        stamp = int(self.paced)
        return f"chunks={self.chunks}&delay_ms={self.delay_ms}&burst={int(self.burst)}&stamp={stamp}"


PACED = Scenario("100 live streams of 50 chunks, one every 20 ms", 100, chunks=50, delay_ms=20)
LIVE = Scenario(
    "20 live streams of 200 chunks, one every 10 ms: what a live token costs", 20, delay_ms=10, once=True
)

SCENARIOS = {
    "small": Scenario("tiny requests, not streamed", 8, stream=False),
    "small1": Scenario("tiny requests, not streamed, one at a time", 1, stream=False),
    "big": Scenario("the same 268 KB request, not streamed", 2, body="big", stream=False),
    "bigcold": Scenario("64 different requests of 268 KB, not streamed", 2, body="many_big", stream=False),
    "s1": Scenario("one stream at a time, 200 chunks without delay", 1),
    "s16": Scenario("16 streams at once, 200 chunks without delay", 16),
    "s64": Scenario("64 streams at once, 200 chunks without delay", 64),
    "burst": Scenario("8 streams at once, 200 chunks in one write", 8, burst=True),
    "pz": LIVE,
    "pzcount": evolve(LIVE, about="as pz, while tokens of 268 KB are counted", counting=True),
    "paced20": evolve(PACED, about="20 live streams of 50 chunks, one every 20 ms", connections=20),
    "paced": PACED,
    "paced200": evolve(PACED, about="200 live streams of 50 chunks, one every 20 ms", connections=200),
}
