"""docs/configuration.md says what the models say."""

from pathlib import Path

import attrs

from gateway.settings import models as m
from gateway.settings.reference.page import reference_page

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_page_is_current() -> None:
    assert PAGE.read_text() == reference_page(), (
        "run: python -m gateway.settings.reference > docs/configuration.md"
    )


def test_every_key_is_described_with_an_example() -> None:
    rows = [line for line in reference_page().splitlines() if line.startswith("| `")]
    for cls in (m.Server, m.Timeouts, m.Provider, m.ModelTarget):
        for one in attrs.fields(cls):
            row = next(row for row in rows if row.startswith(f"| `{one.name}` |"))
            assert all(cell.strip() for cell in row.replace("\\|", "/").strip("|").split("|")), row


def cells() -> list[list[str]]:
    """The rows of keys: key, what, holds, default, example."""
    lines = [line.replace("\\|", "/") for line in reference_page().splitlines() if line.startswith("| `")]
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines]
    return [row for row in rows if len(row) == 5]


def test_a_switch_names_the_kinds_that_read_it() -> None:
    what = {row[0]: row[1] for row in cells()}
    assert what["`stream_usage`"].endswith("streams. Only for kind `openai`.")
    assert what["`system_role`"].endswith("prompt. Only for kinds `openai` and `responses`.")
    assert "Only for kind" not in what["`native`"]


def test_every_example_differs_from_the_default() -> None:
    assert len(cells()) > 100
    assert [row for row in cells() if row[3] == row[4] or row[4] in ("", "none", "see below")] == []


def test_a_whole_number_says_what_it_counts() -> None:
    plain = {row[0] for row in cells() if row[2].startswith("a whole number") and ":" not in row[2]}
    assert plain == {"`port`", "`status`"}
