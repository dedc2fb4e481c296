"""Each row of the tables of features is covered, for each kind of upstream, by tests that run."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COLUMNS = "| feature | openai | responses | ollama | anthropic | how |"
KINDS = ("openai", "responses", "ollama", "anthropic")
WORDS = {"native", "gateway", "by preset", "dropped", "refused", "passthrough"}
MATRIX = tomllib.loads((ROOT / "tests/matrix.toml").read_text())
BOTH_SIDES = "tests/integration/features/"
"""A test there fails if it does not look at what went upstream and at what the client got."""


def rows() -> list[list[str]]:
    tables = (ROOT / "docs/features.md").read_text().split(COLUMNS)[1:]
    lines = [line for table in tables for line in table.splitlines()[2:] if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@cache
def collected() -> dict[str, set[str]]:
    """Each listed test that pytest would run -> its parameters, `openai`, `stream`, ..."""
    files = sorted({test.partition("::")[0] for entry in MATRIX.values() for test in entry["tests"]})
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-n0",
        "-p",
        "no:cacheprovider",
        *files,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, set[str]] = {}
    for name, values in re.findall(r"^(tests/\S+?::\w+)(?:\[(.*)\])?$", done.stdout, re.MULTILINE):
        found.setdefault(name, set()).update(re.split(r"[-]", values) if values else ())
    return found


def test_every_feature_has_tests_and_every_entry_is_a_feature():
    assert [row[0] for row in rows()] == list(MATRIX)
    assert all(entry["tests"] for entry in MATRIX.values())


def test_every_cell_says_what_happens():
    assert {cell for row in rows() for cell in row[1:5]} <= WORDS


@pytest.mark.parametrize("feature", MATRIX)
def test_its_tests_run(feature: str):
    assert set(MATRIX[feature]["tests"]) <= set(collected())


@pytest.mark.parametrize("feature", MATRIX)
def test_each_kind_of_upstream_is_tested_from_both_sides(feature: str):
    entry = MATRIX[feature]
    sided = [test for test in entry["tests"] if test.startswith((BOTH_SIDES, "tests/e2e/"))]
    covered = {value for test in sided for value in collected()[test]}
    assert set(entry.get("kinds", KINDS)) <= covered
