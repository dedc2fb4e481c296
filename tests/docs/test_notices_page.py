from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"(clamped|dropped|emulated|estimated|fallback|repaired)\.[a-z_]+|empty_answer")


def names_in_code() -> set[str]:
    constants = (
        node.value
        for path in (ROOT / "gateway").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {text for text in constants if NAME.fullmatch(text)}


def test_page_names_every_notice_and_no_other(page):
    rows = page("docs/notices.md").rows("| name |")
    names = [row[0].strip("`") for row in rows]
    assert names == sorted(names)
    assert set(names) == names_in_code()
    assert all(row[1] for row in rows)
