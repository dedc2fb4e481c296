"""Runs each mirrored test file under coverage and lists the modules that their own file covers too little.

    python tools/mirror.py                         # every module with a test file
    python tools/mirror.py gateway/codecs/sse.py   # only this one

Rules:
- The tests of a module of `PACKAGES` are at the mirrored path: those of `gateway/codecs/sse.py` in
  `tests/codecs/test_sse.py` (`tests/test_mirror.py` checks it). That file alone must execute at least `LEAST`
  percent of the module's lines.
- Lines that importing the module executes count as covered.
- One pytest process runs many files. While one of them is imported or run, only its own module is traced.
  Once the module is covered, the other tests of the file are skipped.
- A module below the limit is measured again in a process of its own: results that one test file leaves in a
  cache, another file does not compute again.
- Hypothesis draws `EXAMPLES` examples from a fixed seed, so that the result is the same each time.
- Tests that need a gateway process are left out: they execute nothing here.
- The exit status is 1 if a module is below the limit. Failed tests do not count: `make unit` finds them, and
  tests of timeouts may fail while they are traced.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import coverage
import hypothesis
import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("anthropic", "codecs", "exchange", "routing", "schemas", "upstreams")
LEAST = 90
EXAMPLES = 25
PYTEST = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--disable-warnings")


def modules() -> list[Path]:
    found = (path for name in PACKAGES for path in (ROOT / "gateway" / name).rglob("*.py"))
    return sorted(path for path in found if path.name != "__init__.py")


def mirrored(module: Path) -> Path:
    """The module's test file."""
    return ROOT / "tests" / module.relative_to(ROOT / "gateway").with_name(f"test_{module.name}")


class ModuleCoverage:
    """What a test file executes of its module. `imported`: the lines that importing the module executes."""

    def __init__(self, module: Path, imported: list[int]) -> None:
        self._module = str(module)
        self.tracer = tracer_of(module)
        self.tracer.get_data().add_lines({self._module: imported})
        self._statements = frozenset(self.tracer.analysis2(self._module)[1])

    def percent(self) -> float:
        executed = self._statements.intersection(self.tracer.get_data().lines(self._module) or ())
        return 100 * len(executed) / len(self._statements) if self._statements else 100

    def missing(self) -> str:
        """The lines that were not executed, as ranges."""
        return self.tracer.analysis2(self._module)[4]


class Recorder:
    """A pytest plugin. While a test file is imported or run, only the lines of its own module are traced."""

    def __init__(self, measured: Mapping[Path, ModuleCoverage]) -> None:
        """`measured`: by test file."""
        self._measured = measured
        self._running: coverage.Coverage | None = None

    def trace(self, tracer: coverage.Coverage | None) -> None:
        if tracer is self._running:
            return
        if self._running:
            self._running.stop()
        if tracer:
            tracer.start()
        self._running = tracer

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        hypothesis.settings.register_profile(
            "mirror", deadline=None, derandomize=True, database=None, max_examples=EXAMPLES
        )
        hypothesis.settings.load_profile("mirror")

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        self.trace(self._measured[collector.path].tracer if isinstance(collector, pytest.Module) else None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.trace(None)
        items[:] = [item for item in items if "gateways" not in getattr(item, "fixturenames", ())]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        measured = self._measured[item.path]
        if measured.percent() >= LEAST:
            self.trace(None)
            pytest.skip("the module is covered")
        self.trace(measured.tracer)

    def pytest_sessionfinish(self) -> None:
        self.trace(None)


def tracer_of(*modules: Path) -> coverage.Coverage:
    tracer = coverage.Coverage(data_file=None, config_file=False, include=[str(path) for path in modules])
    tracer.set_option("run:disable_warnings", ["no-data-collected"])
    return tracer


def measure(wanted: list[Path]) -> dict[Path, str]:
    """The modules below the limit, each with its percentage and the lines that its test file leaves out."""
    importing = tracer_of(*wanted)
    importing.start()
    for module in wanted:
        importlib.import_module(".".join(module.relative_to(ROOT).with_suffix("").parts))
    importing.stop()
    imported = importing.get_data()
    measured = {path: ModuleCoverage(path, imported.lines(str(path)) or []) for path in wanted}
    recorder = Recorder({mirrored(path): of for path, of in measured.items()})
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        status = pytest.main([*PYTEST, *(str(mirrored(path)) for path in wanted)], plugins=[recorder])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        sys.exit(output.getvalue())
    return {
        path: f"{of.percent():.0f} %, not lines {of.missing()}"
        for path, of in measured.items()
        if of.percent() < LEAST
    }


def again(wanted: list[Path], jobs: int) -> int:
    """The exit status of this script for the modules, `jobs` processes at a time."""
    shares = [share for share in (wanted[at::jobs] for at in range(jobs)) if share]
    command = (sys.executable, __file__, "-j", "1")
    running = [subprocess.Popen([*command, *map(str, share)]) for share in shares]
    return max([one.wait() for one in running], default=0)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Finds modules that their mirrored test file covers too little."
    )
    parser.add_argument(
        "modules", nargs="*", type=Path, metavar="MODULE", help="default: all that have a test file"
    )
    parser.add_argument("-j", "--jobs", type=int, default=2, help="processes at a time; default: 2")
    given = parser.parse_args()
    wanted = [path.resolve() for path in given.modules] or [
        one for one in modules() if mirrored(one).exists()
    ]
    for path in wanted:
        if not (path.is_file() and mirrored(path).exists()):
            parser.error(f"{path}: no module with a test file")
    if given.jobs > 1 and len(wanted) > 1:
        return again(wanted, given.jobs)
    low = measure(wanted)
    if len(wanted) > 1:
        return max([again([module], 1) for module in low], default=0)
    for module, result in low.items():
        print(f"{module.relative_to(ROOT)}: {result}")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
