"""docs/notices.md is written from the table, and the code gives no notice a name that is not in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from gateway.notices import NOTICES, NoticeName, page

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"(clamped|dropped|emulated|estimated|fallback|repaired)\.[a-z_]+|empty_answer")
PASSED_ON = {
    ("gateway/anthropic/response/writer.py", "name"),
    ("gateway/anthropic/conversation/content_parts.py", "_DROPPED[what]"),
    ("gateway/upstreams/request/plan.py", "_EMULATED[choice.type]"),
    ("gateway/upstreams/request/unsupported_fields.py", "_NOTICES.get(name, 'dropped.parameter')"),
}
"""Where a name is no literal: what is passed on was named elsewhere, or is looked up among literals."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / "gateway").rglob("*.py")):
        if path.name != "notices.py":
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def is_notice(call: ast.Call) -> bool:
    """`Notice(...)`, `notices.add(...)` on a collector of notices, and `_note_once(...)`."""
    match call.func:
        case ast.Name(id="Notice") | ast.Attribute(attr="Notice" | "_note_once"):
            return True
        case ast.Attribute(attr="add", value=ast.Name(id="notices") | ast.Attribute(attr="notices")):
            return True
        case _:
            return False


def given() -> Iterator[tuple[str, ast.expr]]:
    """Where a notice is given, and the expression that names it."""
    for path, module in modules():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and is_notice(node):
                yield path, node.args[0]


def test_every_name_of_the_type_has_a_row():
    assert set(get_args(NoticeName)) == NOTICES.keys()


def test_page_is_current():
    assert (ROOT / "docs" / "notices.md").read_text() == page(), (
        "run: python -m gateway.notices > docs/notices.md"
    )


def test_table_is_in_order():
    assert list(NOTICES) == sorted(NOTICES)
    assert all(meaning.says for meaning in NOTICES.values())


def test_every_notice_has_a_name_of_the_table():
    literal = {(path, name.value) for path, name in given() if isinstance(name, ast.Constant)}
    assert {name for _, name in literal} <= NOTICES.keys()
    other = {(path, ast.unparse(name)) for path, name in given() if not isinstance(name, ast.Constant)}
    assert other == PASSED_ON


def test_table_has_no_name_that_the_code_has_not():
    said = {
        node.value
        for _, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert {text for text in said if NAME.fullmatch(text)} == NOTICES.keys()
