"""The documentation site: Markdown pages of the repository -> HTML, offline, with warnings as errors.

    python tools/site.py          # site/html
    python tools/site.py FOLDER   # FOLDER/html

Rules:
- The pages keep their paths, so that one link works on GitHub and on the site.
- A file that a page links to, and that is no page, is copied beside the pages.
- The site is built in a folder that git ignores; nothing in the repository changes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONFIG = "mkdocs.yml"
PAGES = ("*.md", "docs/**/*.md", "benchmarks/README.md", "findings/README.md")
LINK = re.compile(r"\]\(([^()\s#]+)(?:#[^()\s]*)?\)")


def pages() -> list[Path]:
    """Paths from the root of the repository."""
    return sorted(path.relative_to(ROOT) for pattern in PAGES for path in ROOT.glob(pattern))


def linked_files(page: Path) -> Iterator[Path]:
    """The repository files, pages among them, that a page links to."""
    for link in LINK.findall((ROOT / page).read_text(encoding="utf-8")):
        path = (ROOT / page.parent / link).resolve()
        if path.is_file() and path.is_relative_to(ROOT):
            yield path.relative_to(ROOT)


def copy_pages(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    found = pages()
    for path in {*found, *(file for page in found for file in linked_files(page))}:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)


def build(folder: Path) -> None:
    """CalledProcessError if the generator reports a mistake or a warning."""
    copy_pages(folder / "pages")
    shutil.copy(ROOT / CONFIG, folder / CONFIG)
    shutil.rmtree(folder / "html", ignore_errors=True)
    generator = Path(sys.executable).with_name("zensical")
    subprocess.run([generator, "build", "--strict"], cwd=folder, check=True)


if __name__ == "__main__":
    try:
        build(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "site")
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
