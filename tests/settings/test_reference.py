"""docs/configuration.md says what the models say."""

from pathlib import Path

import attrs

from gateway.settings import models as m
from gateway.settings.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_page_is_current() -> None:
    assert PAGE.read_text() == reference(), (
        "run: python -m gateway.settings.reference > docs/configuration.md"
    )


def test_every_key_is_described_with_an_example() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    for cls in (m.Server, m.Timeouts, m.Provider, m.ModelTarget):
        for one in attrs.fields(cls):
            row = next(row for row in rows if row.startswith(f"| `{one.name}` |"))
            assert all(cell.strip() for cell in row.replace("\\|", "/").strip("|").split("|")), row
