"""docs/adr: one short page for each decision, all of them in the index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "adr"
RECORDS = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")


def test_the_index_lists_every_record_with_its_title(page):
    rows = page("docs/adr/README.md").rows("| record |")
    listed = {re.search(r"\((.+)\)", link)[1]: title for link, title in rows}
    titles = {path.name: path.read_text().splitlines()[0].split(". ", 1)[1] for path in RECORDS}
    assert listed == titles
    assert [path.name[:4] for path in RECORDS] == [f"{number:04}" for number in range(1, len(RECORDS) + 1)]


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name)
def test_a_record_is_one_page_of_three_parts(path):
    text = path.read_text()
    assert text.startswith(f"# {int(path.name[:4])}. ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.splitlines()) < 40


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name)
def test_the_files_that_a_record_names_exist(path):
    named = re.findall(r"`((?:gateway|tests|docs|tools)/[^`\s]+)`", path.read_text())
    assert [one for one in named if not (ROOT / one).exists()] == []
