"""Toolsets: one entry of `tools` for a family of tools -> one function for each member.

    {"type": "computer_toolset_20260801"}  ->  computer__left_click, computer__screenshot, ...

A member is sent upstream as `family__member`; a call of it is returned to the client as the member's name
with `toolset_name` (specification 4.4). `configs` disables members or defers them.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from gateway.anthropic import wire as a
from gateway.anthropic.tools.json_schemas import (
    BOOLEAN,
    DIRECTION,
    INTEGER,
    NUMBER,
    POINT,
    REGION,
    STRING,
    STRINGS,
    Schema,
    enum_schema,
    object_schema,
    parameters_json,
)
from gateway.errors import RequestRefused

BETWEEN = "__"


class _Config(Struct, frozen=True):
    enabled: bool | None = None
    defer_loading: bool | None = None


_CONFIGS: msgspec.json.Decoder[dict[str, _Config | None] | None] = msgspec.json.Decoder(
    dict[str, _Config | None] | None
)


def toolset_name(tool: a.ToolDefinition) -> str | None:
    """The family's name (`computer`), or None if the tool is not a toolset."""
    return _FAMILIES.get(tool.type or "")


def toolset_members(tool: a.ToolDefinition, path: str) -> list[a.ToolDefinition]:
    """One function for each enabled member."""
    name = _FAMILIES[tool.type or ""]
    try:
        configs = _CONFIGS.decode(tool.configs) if bytes(tool.configs) else None
    except msgspec.ValidationError as error:
        raise RequestRefused(f"{path}.configs: {error}") from None
    offered: list[a.ToolDefinition] = []
    configs = configs or {}
    for member in _MEMBERS[name]:
        config = configs.get(member.name.partition(BETWEEN)[2]) or _Config()
        if config.enabled is not False:
            offered.append(
                msgspec.structs.replace(member, defer_loading=True) if config.defer_loading else member
            )
    return offered


_FAMILIES = {"computer_toolset_20260801": "computer", "browser_toolset_20260801": "browser"}
_HERE = "at the coordinate, or where the cursor is"


def _members(
    name: str, table: dict[str, tuple[str, dict[str, Schema], str]], everywhere: dict[str, Schema]
) -> list[a.ToolDefinition]:
    """`table`: member -> description, properties, required ones. `everywhere`: properties that most have."""
    return [
        a.ToolDefinition(
            f"{name}{BETWEEN}{member}",
            text,
            parameters_json(properties | ({} if member in _ALONE else everywhere), required),
        )
        for member, (text, properties, required) in table.items()
    ]


_ALONE = frozenset({"list_tabs", "new_tab", "switch_tab", "close_tab"})
"""Members that act on no tab, or on the one that they name."""

_CLICK: dict[str, Schema] = {"coordinate": POINT, "text": STRING}
_COMPUTER: dict[str, tuple[str, dict[str, Schema], str]] = {
    "screenshot": ("Take a screenshot of the screen.", {}, ""),
    "left_click": (f"Click the left mouse button {_HERE}.", _CLICK, ""),
    "right_click": (f"Click the right mouse button {_HERE}.", _CLICK, ""),
    "middle_click": (f"Click the middle mouse button {_HERE}.", _CLICK, ""),
    "double_click": (f"Double-click the left mouse button {_HERE}.", _CLICK, ""),
    "triple_click": (f"Triple-click the left mouse button {_HERE}.", _CLICK, ""),
    "left_click_drag": (
        "Drag the cursor from start_coordinate to coordinate.",
        {"start_coordinate": POINT, "coordinate": POINT, "text": STRING},
        "start_coordinate coordinate",
    ),
    "left_mouse_down": ("Press the left mouse button and hold it.", {}, ""),
    "left_mouse_up": ("Release the left mouse button.", {}, ""),
    "mouse_move": ("Move the cursor without clicking.", {"coordinate": POINT}, "coordinate"),
    "cursor_position": ("Tell where the cursor is.", {}, ""),
    "scroll": (
        f"Scroll {_HERE}.",
        {"scroll_direction": DIRECTION, "scroll_amount": INTEGER, "coordinate": POINT, "text": STRING},
        "scroll_direction scroll_amount",
    ),
    "type": ("Type a text.", {"text": STRING}, "text"),
    "key": (
        'Press a key or a combination such as "ctrl+s".',
        {"text": STRING, "repeat": INTEGER},
        "text",
    ),
    "hold_key": (
        "Hold a key or a combination down for a number of seconds.",
        {"text": STRING, "duration": NUMBER},
        "text duration",
    ),
    "wait": ("Wait for a number of seconds.", {"duration": NUMBER}, "duration"),
    "zoom": (
        "Take a screenshot of a region, scaled up; in coordinates of the full screenshot.",
        {"region": REGION},
        "region",
    ),
}

_AT = object_schema({"type": enum_schema("coordinate"), "x": INTEGER, "y": INTEGER}, "type x y")
_ELEMENT = object_schema(
    {"type": enum_schema("ref"), "ref": {**STRING, "description": "as read_page or find gave it"}}, "type ref"
)
_TARGET: Schema = {"anyOf": [_AT, _ELEMENT]}
_PRESS: dict[str, Schema] = {
    "target": _TARGET,
    "modifiers": {**STRING, "description": 'such as "ctrl+shift"'},
}
_VALUE: Schema = {"anyOf": [STRING, NUMBER, BOOLEAN]}
_BROWSER: dict[str, tuple[str, dict[str, Schema], str]] = {
    "navigate": ("Go to a URL, or back, forward or reload.", {"url": STRING}, "url"),
    "list_tabs": ("List the open tabs with tab_id, title and URL.", {}, ""),
    "new_tab": ("Open an empty tab and return its tab_id.", {}, ""),
    "switch_tab": ("Make a tab the active one.", {"tab_id": STRING}, "tab_id"),
    "close_tab": ("Close a tab.", {"tab_id": STRING}, "tab_id"),
    "read_page": (
        "Return the page, or what is below ref, as a tree of elements with references.",
        {"depth": INTEGER, "filter": enum_schema("all interactive"), "ref": STRING},
        "",
    ),
    "get_page_text": ("Return the page's visible text.", {}, ""),
    "read_console": ("Return what the console has printed since the last read.", {}, ""),
    "read_network": ("Return the network requests since the last read.", {}, ""),
    "find": ("Find elements by a description; returns their references.", {"query": STRING}, "query"),
    "form_input": (
        "Set the value of a form's element; a boolean for a checkbox.",
        {"target": _ELEMENT, "value": _VALUE},
        "target value",
    ),
    "file_upload": (
        "Set a file input to one or more files, by paths or document_ids.",
        {"target": _ELEMENT, "paths": STRINGS, "document_ids": STRINGS},
        "target",
    ),
    "left_click": ("Click a place or an element.", _PRESS, "target"),
    "right_click": ("Click a place or an element with the right button.", _PRESS, "target"),
    "middle_click": ("Click a place or an element with the middle button.", _PRESS, "target"),
    "double_click": ("Double-click a place or an element.", _PRESS, "target"),
    "triple_click": ("Triple-click a place or an element.", _PRESS, "target"),
    "hover": ("Move the cursor over a place or an element.", {"target": _TARGET}, "target"),
    "mouse_move": ("Move the cursor without clicking.", {"target": _AT}, "target"),
    "left_mouse_down": ("Press the left mouse button and hold it.", {"target": _AT}, "target"),
    "left_mouse_up": ("Release the left mouse button.", {"target": _AT}, "target"),
    "left_click_drag": ("Drag from one place to another.", {"from": _AT, "target": _AT}, "from target"),
    "scroll": (
        "Scroll at a place.",
        {"target": _AT, "scroll_direction": DIRECTION, "scroll_amount": INTEGER},
        "target scroll_direction",
    ),
    "scroll_to": ("Scroll an element into view.", {"target": _ELEMENT}, "target"),
    "key": ('Press a key or a chord such as "ctrl+a".', {"text": STRING, "repeat": INTEGER}, "text"),
    "hold_key": (
        "Hold a key or a chord down for a number of seconds.",
        {"text": STRING, "duration": NUMBER},
        "text duration",
    ),
    "type": ("Type a text where the focus is.", {"text": STRING}, "text"),
    "javascript_exec": (
        "Run JavaScript in the page and return the value of its last expression (without `return`).",
        {"text": STRING},
        "text",
    ),
    "screenshot": ("Take a screenshot of the viewport.", {}, ""),
    "wait": ("Wait for a number of seconds.", {"duration": NUMBER}, "duration"),
    "zoom": ("Take a screenshot of a region of the viewport, scaled up.", {"region": REGION}, "region"),
}
_MEMBERS = {
    "computer": _members("computer", _COMPUTER, {}),
    "browser": _members("browser", _BROWSER, {"tab_id": STRING}),
}
