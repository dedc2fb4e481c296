"""Every page takes its window sizes from the one table."""

import re
from pathlib import Path

from gateway.settings.windows import ADVISED_WINDOW, MIN_WINDOW, NEEDS, announced_window

ROOT = Path(__file__).parents[2]


def test_the_page_has_the_table(page):
    rows = page("docs/windows.md").rows("| tokens |")
    assert rows == [[str(need.tokens), need.purpose] for need in NEEDS]


def test_the_page_says_what_is_announced(page):
    rows = page("docs/windows.md").rows("| `context_window` |")
    windows = [int(row[0]) for row in rows]
    told = [announced_window(window) for window in windows]
    expected = [[str(one.window), str(one.output), str(one.compacts_at)] for one in told]
    assert [row[1:] for row in rows] == expected
    assert len(rows) > 5


def test_the_readme_announces_what_env_would(page):
    readme = page("README.md")
    (window,) = re.findall(r"for a window of (\d+)", readme.text)
    told = announced_window(int(window))
    assert set(re.findall(r'CLAUDE_CODE_MAX_CONTEXT_TOKENS"?(?:=| = |: )"?(\d+)', readme.text)) == {
        str(told.window)
    }
    assert set(re.findall(r'CLAUDE_CODE_MAX_OUTPUT_TOKENS"?(?:=| = |: )"?(\d+)', readme.text)) == {
        str(told.output)
    }


def test_pages_name_no_other_least_window():
    """`at least N`, `least N`, `N is the least`, `N or more`: the table's numbers."""
    known = {str(MIN_WINDOW), str(ADVISED_WINDOW), *(str(need.tokens) for need in NEEDS)}
    claims = r"(?:at least|least of) (\d{5})\b|\b(\d{5}) (?:is the least|or more)\b"
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "config").rglob("*.yaml")]
    found = {
        number
        for page in pages
        for claim in re.findall(claims, page.read_text())
        for number in claim
        if number
    }
    assert found <= known
    assert str(ADVISED_WINDOW) in found
