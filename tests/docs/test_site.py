"""The documentation site is built from all pages, without a warning and without remote files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "site.py"
REMOTE = re.compile(r'<(?:script|link|img)\b[^>]*(?:src|href)="(?:https?:)?//[^"]*"')


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, TOOL, folder], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "html"


def test_every_page_is_in_the_navigation():
    nav = (ROOT / "mkdocs.yml").read_text().split("\nnav:\n")[1]
    listed = re.findall(r"[\w./-]+\.md", nav)
    patterns = ("*.md", "docs/**/*.md", "benchmarks/README.md", "findings/README.md")
    pages = [str(path.relative_to(ROOT)) for pattern in patterns for path in ROOT.glob(pattern)]
    assert sorted(listed) == sorted(pages)


def test_diagrams_are_marked_for_mermaid(site):
    html = (site / "docs" / "architecture" / "index.html").read_text()
    assert html.count('<pre class="mermaid">') == 3


def test_links_between_pages_lead_to_pages_of_the_site(site):
    html = (site / "docs" / "architecture" / "index.html").read_text()
    links = [link for link in re.findall(r'<a href="([^"#:]+)', html) if not link.startswith("/")]
    assert links
    assert [link for link in links if link.endswith(".md")] == []


def test_no_page_loads_a_remote_script_font_or_image(site):
    found = {tag for path in site.rglob("*.html") for tag in REMOTE.findall(path.read_text())}
    assert found == set()
