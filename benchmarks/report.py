"""Measurements -> Markdown: what each gateway costs, and the others as multiples of the first."""

import os
import platform
import re
import statistics
from pathlib import Path

from benchmarks.contest import Measured, Running
from benchmarks.scenarios import SCENARIOS

Results = dict[tuple[str, str], list[Measured]]
"""By gateway and scenario: one for each round."""


def tables(gateways: list[Running], scenarios: list[str], results: Results) -> str:
    parts = [_processes(gateways), *(_scenario(name, gateways, results) for name in scenarios)]
    if len(gateways) > 1:
        parts.append(_ratios(gateways, scenarios, results))
    return "\n\n".join(parts)


def machine() -> str:
    cpuinfo = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"model name\s*:\s*(.+)", cpuinfo)
    name = model[1] if model else platform.processor()
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} x {name}, {platform.system()} {platform.release()}, load {load} at the start"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _processes(gateways: list[Running]) -> str:
    rows = [
        [
            gateway.name,
            _number(gateway.seconds_to_start, 2),
            _number(gateway.idle_rss or None),
            _number(gateway.counted_rss),
        ]
        for gateway in gateways
    ]
    return table(["gateway", "start to healthy, s", "idle RSS, MB", "RSS after load and a count, MB"], rows)


def _scenario(name: str, gateways: list[Running], results: Results) -> str:
    scenario = SCENARIOS[name]
    head = ["gateway", f"CPU µs per {scenario.unit}", "each round", f"{scenario.unit}s/s", "cores used"]
    head += ["first byte p50 ms", "PSS MB", "errors"]
    head += ["age of a chunk p50 / p99 ms"] if scenario.paced else []
    head += ["count_tokens ms"] if scenario.counting else []
    rows = [
        _row(gateway.name, scenario.paced, scenario.counting, results[gateway.name, name])
        for gateway in gateways
        if (gateway.name, name) in results
    ]
    return f"**{name}**: {scenario.about}\n\n" + table(head, rows)


def _row(name: str, paced: bool, counting: bool, runs: list[Measured]) -> list[str]:
    row = [
        name,
        _number(_median(runs, "cpu_us")),
        " ".join(_number(run.cpu_us) for run in runs),
        _number(_median(runs, "rate"), 0),
        _number(_median(runs, "cores"), 2),
        _number(_median(runs, "first_byte"), 2),
        _number(max(run.pss_mb for run in runs) or None),
        str(sum(run.errors for run in runs)),
    ]
    if paced:
        row.append(f"{_number(_median(runs, 'age_p50'), 2)} / {_number(_median(runs, 'age_p99'), 2)}")
    if counting:
        row.append(_number(_median(runs, "count_ms")))
    return row


def _ratios(gateways: list[Running], scenarios: list[str], results: Results) -> str:
    first, *others = gateways
    rows = [[other.name, *_ratio_cells(first, other, scenarios, results)] for other in others]
    head = [f"as a multiple of {first.name}", *(f"CPU {name}" for name in scenarios), "idle RSS", "start"]
    return table(head, rows)


def _ratio_cells(first: Running, other: Running, scenarios: list[str], results: Results) -> list[str]:
    def cpu(gateway: Running, scenario: str) -> float | None:
        return _median(results.get((gateway.name, scenario), []), "cpu_us")

    return [
        *(_ratio(cpu(other, name), cpu(first, name)) for name in scenarios),
        _ratio(other.idle_rss, first.idle_rss),
        _ratio(other.seconds_to_start, first.seconds_to_start),
    ]


def _ratio(value: float | None, base: float | None) -> str:
    if not value or not base:
        return "-"
    ratio = value / base
    return f"{ratio:.{0 if ratio >= 10 else 1 if ratio >= 1 else 2}f}x"


def _median(runs: list[Measured], name: str) -> float | None:
    values = [value for run in runs if (value := getattr(run, name)) is not None]
    return statistics.median(values) if values else None


def _number(value: float | None, digits: int | None = None) -> str:
    if value is None:
        return "-"
    if digits is None:
        digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f}"
