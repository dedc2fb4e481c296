from __future__ import annotations

import re
from pathlib import Path

import pytest
from attrs import frozen

ROOT = Path(__file__).parents[2]


@frozen
class Page:
    text: str

    def blocks(self, language: str) -> list[str]:
        """The fenced blocks of a language."""
        return re.findall(rf"^```{language}\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)

    def rows(self, heading: str) -> list[list[str]]:
        """The cells of the table that begins with this heading row."""
        after = self.text[self.text.index(heading) :].splitlines()[2:]
        table = after[: next((i for i, line in enumerate(after) if not line.startswith("|")), len(after))]
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


@pytest.fixture
def page():
    return lambda name: Page((ROOT / name).read_text())
