"""What a reload costs the streams that run: the same load with and without edits of the configuration.

    python -m benchmarks.reload [--routes 200] [--streams 100] [--every 1.0] [--rounds 3]

The file has 11 providers and as many routes as told; each edit changes one provider and all routes. Both
runs take turns. What counts is the gap between two chunks of one stream, as a client sees it: its p99 with
edits is to stay within 50 ms of that without.
"""

import argparse
import asyncio
import re
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from attrs import define, frozen

from benchmarks import bodies, contest, load, report
from benchmarks.gateways import PROJECT, Place, Recipe
from benchmarks.scenarios import Scenario

PROVIDERS = 10
CHUNKS, DELAY_MS = 200, 50
LIMIT_MS = 50


@define
class Edited:
    """The configuration that is edited."""

    path: Path
    place: Place
    routes: int
    edits: int = 0

    def write(self) -> None:
        """As most editors save: a new file, renamed."""
        new = self.path.with_suffix(".new")
        new.write_text(self._text())
        new.replace(self.path)
        self.edits += 1

    def _text(self) -> str:
        lines = [f"server: {{port: {self.place.port}, log_level: warning}}", "providers:"]
        lines += [
            f'  up{number}: {{kind: openai, base_url: "{self.place.upstream}", api_key: key-{number}}}'
            for number in range(PROVIDERS)
        ]
        edit = f'{{x-edit: "{self.edits}"}}'
        lines.append(f'  moving: {{kind: openai, base_url: "{self.place.upstream}", headers: {edit}}}')
        lines.append("models:")
        lines += [
            f"  route-{number}-*: {{provider: up{number % PROVIDERS}, model: m{number}-{self.edits}, "
            f"context_window: 131072, max_output_tokens: 32768}}"
            for number in range(self.routes)
        ]
        return "\n".join([*lines, '  "*": {provider: moving, model: bench}', ""])


@frozen
class Run:
    gaps: list[int]
    ages: list[int]
    errors: int
    first_error: str
    reloads: float


def gateway(config: Edited) -> Recipe:
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(config.path)]
    return Recipe(command, env={"PYTHONPATH": str(PROJECT)})


def reloads(port: int) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    found = re.search(r'^gateway_config_reloads_total{result="applied"} (\S+)', text, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def run(url: str, config: Edited, streams: int, every: float | None) -> Run:
    """All streams once; meanwhile an edit every so many seconds."""
    before = reloads(config.place.port)
    body = bodies.small(stream=True)
    wanted = load.Load(url, [body], streams, 2.0, stamped=True, stagger=0.5, most=streams)
    editing = asyncio.create_task(_edit(config, every)) if every else None
    tally = await load.run(wanted)
    if editing:
        editing.cancel()
    await asyncio.sleep(0.5)
    after = reloads(config.place.port)
    return Run(tally.gaps, tally.ages, tally.errors, tally.first_error, after - before)


async def _edit(config: Edited, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        config.write()


def quantile(nanoseconds: list[int], share: float) -> float:
    ordered = sorted(nanoseconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1e6


def row(name: str, runs: list[Run]) -> list[str]:
    def median(share: float, what: str) -> float:
        return statistics.median(quantile(getattr(run, what), share) for run in runs)

    return [
        name,
        str(int(sum(run.reloads for run in runs))),
        *(f"{median(share, 'gaps'):.1f}" for share in (0.5, 0.99, 0.999)),
        f"{max(quantile(run.gaps, 1) for run in runs):.0f}",
        f"{median(0.5, 'ages'):.1f} / {median(0.99, 'ages'):.1f}",
        str(sum(run.errors for run in runs)),
    ]


def compare(url: str, config: Edited, options: argparse.Namespace) -> tuple[list[Run], list[Run]]:
    still: list[Run] = []
    edited: list[Run] = []
    for _ in range(options.rounds):
        still.append(asyncio.run(run(url, config, options.streams, None)))
        edited.append(asyncio.run(run(url, config, options.streams, options.every)))
        time.sleep(0.5)
    return still, edited


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reload",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--routes", type=int, default=200)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two edits")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def main() -> None:
    options = arguments()
    port = contest.free_port()
    upstream = f"http://127.0.0.1:{port}"
    print(f"Machine: {report.machine()}.\n")
    server = contest.start_upstream(port)
    running: contest.Running | None = None
    try:
        with tempfile.TemporaryDirectory(prefix="gateway-bench.") as name:
            folder = Path(name)
            config = Edited(
                folder / "gateway.yaml", Place(upstream, contest.free_port(), folder), options.routes
            )
            config.write()
            url = f"http://127.0.0.1:{config.place.port}/v1/messages"
            running = contest.Running("gateway", gateway(config), url, None)
            contest.launch(running, config.place.port, folder)
            contest.warm_up(running, upstream)
            scenario = Scenario("", options.streams, chunks=CHUNKS, delay_ms=DELAY_MS)
            contest.fetch(f"{upstream}/_set?{scenario.upstream}")
            print_table(options, *compare(url, config, options))
    finally:
        if running:
            running.stop()
        server.terminate()
        server.wait()


def print_table(options: argparse.Namespace, still: list[Run], edited: list[Run]) -> None:
    title = f"{options.streams} streams of {CHUNKS} chunks, one every {DELAY_MS} ms; {options.routes} routes"
    head = ["", "reloads", "gap p50 ms", "p99", "p99.9", "max", "age of a chunk p50 / p99 ms", "errors"]
    rows = [row("no edits", still), row(f"an edit every {options.every:g} s", edited)]
    print(f"{title}; {options.rounds} rounds\n")
    print(report.table(head, rows))
    for one in (*still, *edited):
        if one.first_error:
            print(f"! {one.first_error}", file=sys.stderr)
    worse = statistics.median(quantile(one.gaps, 0.99) for one in edited) - statistics.median(
        quantile(one.gaps, 0.99) for one in still
    )
    verdict = "within" if worse < LIMIT_MS else "OUTSIDE"
    print(f"\np99 of the gaps: {worse:+.1f} ms with edits, {verdict} the limit of {LIMIT_MS} ms")
    sys.exit(worse >= LIMIT_MS)


if __name__ == "__main__":
    main()
