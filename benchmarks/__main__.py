"""Gateways side by side: what each spends on a request and on a streamed chunk.

    benchmarks/peers.sh
    python -m benchmarks -g gateway -g nginx -g litellm -g ccr --scenarios small,big,s16,pz

All gateways live at once and take turns, round by round, so that whatever else the machine does hits all of
them alike. The figure that counts is CPU time per unit (the whole process tree, user and system): compare it
inside one run only. Everything stays on loopback, and each run is bounded.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks import contest, report
from benchmarks.gateways import RECIPES, versions
from benchmarks.scenarios import SCENARIOS


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "-g",
        "--gateway",
        action="append",
        metavar="NAME|URL",
        help=f"{', '.join(RECIPES)}, or the URL of a server that runs in front of the fake upstream; "
        "the first one is what the others are compared with",
    )
    parser.add_argument("--scenarios", default="small,big,s16,pz", help=", ".join(SCENARIOS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2.0, help="of load in each run")
    parser.add_argument("--upstream-port", type=int, help="of the fake upstream; left out: any free one")
    parser.add_argument("--out", type=Path, help="where to write all measurements as JSON")
    return parser.parse_args()


def start_all(started: list[contest.Running], names: list[str], upstream: str, folder: Path) -> None:
    """Adds those that start to `started`; the others are named on stderr."""
    for name in names:
        try:
            gateway = contest.start(name, upstream, folder)
        except (RuntimeError, OSError) as error:
            log = folder / name / "log"
            words = log.read_text()[-2000:] if log.exists() else ""
            print(f"! {name}: {error}\n{words}", file=sys.stderr)
            continue
        started.append(gateway)
    for gateway in list(started):
        try:
            contest.warm_up(gateway, upstream)
        except RuntimeError as error:
            print(f"! {gateway.name}: {error}", file=sys.stderr)
            gateway.stop()
            started.remove(gateway)


def compare(
    gateways: list[contest.Running], scenarios: list[str], upstream: str, options: argparse.Namespace
) -> report.Results:
    results: report.Results = {}
    for name in scenarios:
        able = [gateway for gateway in gateways if _fits(gateway, name)]
        for _ in range(options.rounds):
            for gateway in able:
                measured = contest.measure(gateway, SCENARIOS[name], upstream, options.seconds)
                results.setdefault((gateway.name, name), []).append(measured)
                if measured.first_error:
                    print(f"! {gateway.name} {name}: {measured.first_error}", file=sys.stderr)
    for gateway in gateways:
        contest.count_once(gateway)
    return results


def _fits(gateway: contest.Running, scenario: str) -> bool:
    return gateway.recipe.api == "anthropic" or not SCENARIOS[scenario].counting


def as_json(gateways: list[contest.Running], results: report.Results) -> str:
    found = {
        "versions": versions(),
        "machine": report.machine(),
        "gateways": {
            gateway.name: {
                "seconds_to_start": gateway.seconds_to_start,
                "idle_rss_mb": gateway.idle_rss,
                "rss_after_count_mb": gateway.counted_rss,
            }
            for gateway in gateways
        },
        "results": [
            {"gateway": gateway, "scenario": scenario, "runs": [run.plain() for run in runs]}
            for (gateway, scenario), runs in results.items()
        ],
    }
    return json.dumps(found, indent=1)


def main() -> None:
    options = arguments()
    scenarios = options.scenarios.split(",")
    port = options.upstream_port or contest.free_port()
    upstream = f"http://127.0.0.1:{port}"
    print(f"Machine: {report.machine()}.")
    print("Versions: " + ", ".join(f"{name} {version}" for name, version in versions().items()) + ".\n")
    gateways: list[contest.Running] = []
    server = contest.start_upstream(port)
    try:
        with tempfile.TemporaryDirectory(prefix="gateway-bench.", ignore_cleanup_errors=True) as folder:
            names = options.gateway or ["gateway"]
            start_all(gateways, names, upstream, Path(folder))
            results = compare(gateways, scenarios, upstream, options)
            print(report.tables(gateways, scenarios, results))
            if options.out:
                options.out.write_text(as_json(gateways, results))
    finally:
        for gateway in gateways:
            gateway.stop()
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
