"""Which kinds read a switch, held against the code that reads it."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import attrs
import pytest

import gateway
from gateway.settings.kinds import KINDS
from gateway.settings.quirks import READ_BY, Quirks

SWITCHES = {one.name for one in attrs.fields(Quirks)}
ROOT = Path(gateway.__file__).parent
ASIDE = {
    "max_tokens_field": {"doctor/examination.py"},
    "stream_usage": {"doctor/examination.py"},
    "cache_markers": {"upstreams/request/plan.py"},
}
"""Modules that look at a switch without its mattering to other kinds."""
BY_NAME = {"key_header"}
"""Read of what is no variable."""


def reads() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for file in ROOT.rglob("*.py"):
        module = file.relative_to(ROOT).as_posix()
        if module.startswith("settings/") or module == "upstreams/presets.py":
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in SWITCHES
                and "quirks" in ast.unparse(node.value)
            ):
                found[node.attr].add(module)
    return found


READS = reads()


def kinds_of(modules: set[str]) -> tuple[set[str], set[str]]:
    """Those whose folders read it, and the modules of all kinds that do."""
    own = {kind for kind in KINDS for module in modules if module.startswith(f"upstreams/{kind}/")}
    return own, {m for m in modules if not m.startswith(tuple(f"upstreams/{kind}/" for kind in KINDS))}


@pytest.mark.parametrize("switch", sorted(SWITCHES))
def test_the_kinds_of_a_switch_are_those_that_read_it(switch: str):
    own, shared = kinds_of(READS[switch])
    if switch in READ_BY:
        assert (own, shared - ASIDE.get(switch, set())) == (set(READ_BY[switch]), set())
    else:
        assert shared or switch in BY_NAME, f"only {sorted(own)} read it: say so in READ_BY"


def test_no_other_switches_are_named():
    assert READ_BY.keys() <= SWITCHES
