"""The state of a browser becomes lines of text."""

import json

from gateway.anthropic import wire as a
from gateway.anthropic.conversation.browser_state import browser_state


def shown(**state: object) -> str:
    return browser_state(a.Unknown("browser_state", a.Raw(json.dumps(state).encode())))


def test_tabs_and_changes_are_listed():
    tabs = [
        {"tab_id": "1", "title": "T", "url": "u", "active": True},
        {"tab_id": "2", "title": "", "url": ""},
    ]
    changes = [
        {"type": "tab_opened", "tab_id": "2"},
        {"type": "download_failed", "download_id": "d", "url": "v"},
    ]
    assert shown(tabs=tabs, state_changes=changes).splitlines() == [
        "Browser tabs:",
        "- 1: T — u (active)",
        "- 2: (blank)",
        "Changes:",
        "- tab_opened 2",
        "- download_failed d v",
    ]


def test_no_tab_is_said():
    assert shown(tabs=[]) == "No browser tab is open."


def test_wrong_state_is_nothing():
    assert shown(tabs=3) == ""
