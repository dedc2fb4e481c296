"""A browser tool's state -> lines of text: the tabs, and what changed.

Browser tabs:
- 1: Example — https://example.com (active)
- 2: (blank)
Changes:
- tab_opened 2
- download_completed d1 https://example.com/a.zip /tmp/a.zip
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from gateway.anthropic import wire as a


class _Tab(Struct, frozen=True):
    tab_id: str = ""
    title: str = ""
    url: str = ""
    active: bool = False


class _Change(Struct, frozen=True):
    type: str = ""
    tab_id: str = ""
    download_id: str = ""
    url: str = ""
    path: str | None = None
    error: str | None = None


class _State(Struct, frozen=True):
    tabs: list[_Tab] = []
    state_changes: list[_Change] | None = None


_STATE = msgspec.json.Decoder(_State)


def browser_state(block: a.Unknown) -> str:
    """Empty if the block is malformed."""
    try:
        state = _STATE.decode(block.raw)
    except msgspec.ValidationError:
        return ""
    lines = ["Browser tabs:", *map(_tab, state.tabs)] if state.tabs else ["No browser tab is open."]
    if state.state_changes:
        lines += ["Changes:", *map(_change, state.state_changes)]
    return "\n".join(lines)


def _tab(tab: _Tab) -> str:
    label = " — ".join(filter(None, (tab.title, tab.url))) or "(blank)"
    return f"- {tab.tab_id}: {label}" + (" (active)" if tab.active else "")


def _change(change: _Change) -> str:
    fields = (change.type, change.tab_id, change.download_id, change.url, change.path, change.error)
    return "- " + " ".join(filter(None, fields))
