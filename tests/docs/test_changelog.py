"""CHANGELOG.md keeps the form of Keep a Changelog 1.1, one line for each entry."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CHANGELOG.md").read_text()
SECTIONS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
VERSION = re.compile(r"^## (.*)$", re.MULTILINE)


def test_versions_have_a_date_and_the_unreleased_section_is_first():
    unreleased, *versions = VERSION.findall(TEXT)
    assert unreleased == "[Unreleased]"
    assert [one for one in versions if not re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", one)] == []


def test_the_version_of_the_package_has_a_section():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"\n## [{version}] - " in TEXT


def test_the_parts_of_each_version_are_the_usual_ones_in_order():
    for body in VERSION.split(TEXT)[2::2]:
        parts = re.findall(r"^### (.*)$", body, re.MULTILINE)
        assert parts == [one for one in SECTIONS if one in parts]


def test_every_entry_is_one_line_and_a_sentence():
    entries = [line for line in TEXT.splitlines() if line.startswith("- ")]
    assert len(entries) > 100
    assert [line for line in entries if len(line) > 220 or not line.endswith(".")] == []
    assert [line for line in TEXT.splitlines() if line.startswith(" ")] == []
