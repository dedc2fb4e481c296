"""Gateways started side by side, and one scenario measured on one of them."""

import asyncio
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from attrs import asdict, define, frozen

from benchmarks import bodies, load, process
from benchmarks.gateways import PATHS, Place, Recipe, recipe
from benchmarks.scenarios import Scenario

HERE = Path(__file__).parent
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TERM", "TMPDIR")


@frozen
class Measured:
    """One run of one scenario. Times in milliseconds, except `cpu_us` per unit and `wall` in seconds."""

    units: int
    cpu_us: float | None
    rate: float
    """Units per second by the clock on the wall."""
    cores: float
    """How much of a core the gateway used."""
    answered: int
    errors: int
    first_error: str
    first_byte: float | None
    age_p50: float | None
    age_p99: float | None
    pss_mb: float
    count_ms: float | None = None
    """Median time of a count_tokens request of 268 KB."""

    def plain(self) -> dict[str, object]:
        return asdict(self)


@define
class Running:
    """A gateway that runs."""

    name: str
    recipe: Recipe
    url: str
    root: int | None
    """The process at the top of its tree; None: not ours to measure."""
    child: subprocess.Popen[bytes] | None = None
    seconds_to_start: float | None = None
    idle_rss: float = 0.0
    counted_rss: float | None = None
    """After the first count of tokens and all scenarios."""

    def pids(self) -> list[int]:
        return process.tree(self.root) if self.root else []

    def stop(self) -> None:
        if self.child is None or self.child.poll() is not None:
            return
        os.killpg(self.child.pid, signal.SIGTERM)
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


def fetch(url: str, timeout: float = 3.0) -> None:
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        answer.read()


def start_upstream(port: int) -> subprocess.Popen[bytes]:
    running = subprocess.Popen([sys.executable, str(HERE / "upstream.py"), "--port", str(port)])
    _until_healthy(running, f"http://127.0.0.1:{port}/health", time.monotonic() + 10)
    return running


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def start(name: str, upstream: str, folder: Path) -> Running:
    """Starts a gateway by its recipe, waits until it is healthy, and looks at its memory."""
    port = free_port()
    place = Place(upstream, port, folder / name)
    made = recipe(name, place) if name.startswith("http://") else _prepared(name, place)
    url = made.url or f"http://127.0.0.1:{port}{PATHS[made.api]}"
    running = Running(name, made, url, None)
    if made.command:
        try:
            launch(running, port, folder / name)
        except RuntimeError:
            running.stop()
            raise
    elif name.startswith("http://"):
        running.root = process.listener(urlsplit(name).port or 80)
    time.sleep(0.5)
    running.idle_rss = process.resident_mb(running.pids())
    return running


def _prepared(name: str, place: Place) -> Recipe:
    place.folder.mkdir(parents=True)
    return recipe(name, place)


def launch(running: Running, port: int, folder: Path) -> None:
    env = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    env |= {"NO_PROXY": "*", **running.recipe.env}
    began = time.monotonic()
    with (folder / "log").open("wb") as log:
        running.child = subprocess.Popen(
            running.recipe.command, env=env, stdout=log, stderr=log, start_new_session=True
        )
    url = f"http://127.0.0.1:{port}{running.recipe.health}"
    _until_healthy(running.child, url, began + running.recipe.patience)
    running.seconds_to_start = time.monotonic() - began
    running.root = running.child.pid


def _until_healthy(running: subprocess.Popen[bytes], url: str, deadline: float) -> None:
    while time.monotonic() < deadline and running.poll() is None:
        try:
            return fetch(url, timeout=2)
        except urllib.error.HTTPError:
            return None
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"{running.args} did not start")


def warm_up(gateway: Running, upstream: str) -> None:
    """A second of requests: imports and connections are paid for. RuntimeError if none is answered."""
    fetch(f"{upstream}/_set?chunks=20&delay_ms=0&burst=0&stamp=0")
    for stream in (False, True):
        body = bodies.small(stream=stream, api=gateway.recipe.api)
        tally = _run(load.Load(gateway.url, [body], 2, 0.7, api=gateway.recipe.api))
        if not tally.answered:
            raise RuntimeError(f"{gateway.url} does not answer: {tally.first_error}")


def count_once(gateway: Running) -> None:
    """One count of tokens, then the memory that is left in use. Only where there is such an endpoint."""
    if gateway.recipe.api == "anthropic":
        _run(load.Load(gateway.url + "/count_tokens", [bodies.big()], 1, 5, most=1))
        time.sleep(1)
        gateway.counted_rss = process.resident_mb(gateway.pids())


def measure(gateway: Running, scenario: Scenario, upstream: str, seconds: float) -> Measured:
    fetch(f"{upstream}/_set?{scenario.upstream}")
    pids = gateway.pids()
    before, began = process.cpu_seconds(pids), time.monotonic()
    tally, counted = asyncio.run(_load(gateway, scenario, seconds))
    wall = time.monotonic() - began
    spent = process.cpu_seconds(gateway.pids()) - before
    units = tally.answered * (scenario.chunks if scenario.stream else 1)
    return Measured(
        units=units,
        cpu_us=spent * 1e6 / units if units and pids else None,
        rate=units / tally.wall,
        cores=spent / wall,
        answered=tally.answered,
        errors=tally.errors + counted.errors,
        first_error=tally.first_error or counted.first_error or _shortfall(scenario, tally),
        first_byte=_milliseconds(tally.first_bytes, 0.5),
        age_p50=_milliseconds(tally.ages, 0.5),
        age_p99=_milliseconds(tally.ages, 0.99),
        pss_mb=process.proportional_mb(gateway.pids()),
        count_ms=statistics.median(counted.durations) / 1e6 if counted.durations else None,
    )


async def _load(gateway: Running, scenario: Scenario, seconds: float) -> tuple[load.Tally, load.Tally]:
    main = load.run(_of(gateway, scenario, seconds))
    if not scenario.counting:
        return await main, load.Tally()
    lasting = scenario.chunks * scenario.delay_ms / 1000
    counts = load.Load(gateway.url + "/count_tokens", [bodies.big()], 1, lasting)
    return await asyncio.gather(main, load.run(counts))


def _of(gateway: Running, scenario: Scenario, seconds: float) -> load.Load:
    api = gateway.recipe.api
    match scenario.body:
        case "small":
            asked = [bodies.small(stream=scenario.stream, api=api)]
        case "big":
            asked = [bodies.big(api=api)]
        case "many_big":
            asked = bodies.many_big(api=api)
    return load.Load(
        gateway.url,
        asked,
        scenario.connections,
        seconds,
        api=api,
        stamped=scenario.paced,
        stagger=0.3 if scenario.paced else 0.0,
        most=scenario.connections if scenario.once else None,
    )


def _shortfall(scenario: Scenario, tally: load.Tally) -> str:
    """A word if streams brought noticeably fewer chunks of text than the upstream sent."""
    if scenario.stream and tally.deltas < 0.97 * tally.answered * scenario.chunks:
        return f"{tally.deltas} chunks of text in {tally.answered} streams: {tally.sample[-400:]!r}"
    return ""


def _run(wanted: load.Load) -> load.Tally:
    return asyncio.run(load.run(wanted))


def _milliseconds(nanoseconds: list[int], share: float) -> float | None:
    if not nanoseconds:
        return None
    ordered = sorted(nanoseconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1e6
