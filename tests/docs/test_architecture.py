"""docs/architecture.md names the code as it is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "gateway"
NAMED = re.compile(r"`(\w+)`s?\s+\(`(gateway/[\w/]+\.py)`\)")
NAMED_LAST = re.compile(r"\(`(\w+)`,\s+`(gateway/[\w/]+\.py)`\)")


@pytest.fixture
def architecture(page):
    return page("docs/architecture.md")


def test_every_path_exists(architecture):
    paths = set(re.findall(r"`(gateway/[^`\s]*)`", architecture.text))
    assert len(paths) > 60
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_the_tree_has_every_package_and_every_module_at_the_top(architecture):
    listed = {row[0].strip("`") for row in architecture.rows("| path |")}
    packages = {f"{path.parent.relative_to(ROOT)}/" for path in PACKAGE.rglob("__init__.py")} - {"gateway/"}
    modules = {str(path.relative_to(ROOT)) for path in PACKAGE.glob("*.py") if not path.name.startswith("__")}
    assert listed == packages | modules


def test_the_layers_are_those_of_the_contract(architecture):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contract = next(one for one in project["tool"]["importlinter"]["contracts"] if one["name"] == "Layers")
    (shown,) = architecture.blocks("text")
    assert shown.splitlines() == contract["layers"]


def test_every_class_and_function_is_where_the_page_says(architecture):
    found = NAMED.findall(architecture.text) + NAMED_LAST.findall(architecture.text)
    assert len(found) > 35
    missing = [
        (name, path)
        for name, path in found
        if not re.search(rf"^(?:class|def|async def) {name}\b", (ROOT / path).read_text(), re.MULTILINE)
    ]
    assert missing == []
