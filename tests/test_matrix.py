"""Each row of the features table is covered by tests that exist."""

from __future__ import annotations

import ast
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COLUMNS = "| feature | openai | responses | ollama | anthropic | how |"
WORDS = {"as it is", "here", "left out", "refused", "passed"}
MATRIX = tomllib.loads((ROOT / "tests/matrix.toml").read_text())


def rows() -> list[list[str]]:
    after = (ROOT / "docs/features.md").read_text().split(COLUMNS)[1].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in after if line.startswith("|")]


@cache
def names_in(file: str) -> frozenset[str]:
    path = ROOT / file
    assert path.is_file(), f"there is no {file}"
    tree = ast.parse(path.read_text())
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(function.name for function in functions if function.name.startswith("test_"))


def test_every_feature_has_tests_and_every_entry_is_a_feature():
    assert [row[0] for row in rows()] == list(MATRIX)
    assert all(entry["tests"] for entry in MATRIX.values())


def test_every_cell_says_what_happens():
    assert {cell for row in rows() for cell in row[1:5]} <= WORDS
    assert all(row[5] for row in rows())


@pytest.mark.parametrize("feature", MATRIX)
def test_its_tests_exist(feature: str):
    for test in MATRIX[feature]["tests"]:
        file, _, name = test.partition("::")
        assert name in names_in(file), f"there is no {test}"
        assert Path(file).name.startswith("test_"), "pytest would not collect it"
