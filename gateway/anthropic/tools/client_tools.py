"""Tools that Anthropic defines and the client runs (`bash_20250124`, ...) -> ordinary functions.

The API gives such a tool only a type: Anthropic's models know its schema. Other models need a description and
a schema, which are defined here (specification 4.4). A call is returned under the tool's own name, which the
client can run.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Raw, structs

from gateway.anthropic import wire as a
from gateway.anthropic.tools.json_schemas import (
    BOOLEAN,
    DIRECTION,
    INTEGER,
    INTEGERS,
    NUMBER,
    POINT,
    REGION,
    STRING,
    Schema,
    enum_schema,
    parameters_json,
)

MEMORY = "memory_20250818"
MEMORY_PROMPT = (
    "You have a directory /memories that lasts between conversations. Before you do anything else, use the "
    "memory tool to view it, and write there whatever should not be lost."
)
"""Tells the model to look. The API adds a similar text."""

Definition = tuple[str, Raw]
"""Description and parameters."""


def as_function(tool: a.ToolDefinition) -> a.ToolDefinition | None:
    """The same tool with name, description and schema; None if it has none of these types."""
    define = _TYPES.get(tool.type or "")
    if define is None:
        return None
    name, of = define
    description, schema = of(tool)
    return structs.replace(
        tool, name=tool.name or name, description=tool.description or description, input_schema=schema
    )


def is_typed(tool: a.ToolDefinition) -> bool:
    return tool.type in _TYPES


def needs_vision(tool: a.ToolDefinition) -> bool:
    """Whether the tool is useless for a model that cannot see a screen."""
    return (tool.type or "").startswith("computer_")


def missing_tool_field(tool: a.ToolDefinition) -> str | None:
    """The required field that the tool lacks: without the screen size a model cannot point at it."""
    if not is_typed(tool) or not needs_vision(tool):
        return None
    if tool.display_width_px is None:
        return "display_width_px"
    return "display_height_px" if tool.display_height_px is None else None


_BASH = parameters_json({"command": STRING, "restart": BOOLEAN})


def _bash(_: a.ToolDefinition) -> Definition:
    return "Run a shell command in a persistent session. Set restart to true to start a fresh one.", _BASH


def _editing(commands: str, **more: Schema) -> Raw:
    return parameters_json(
        {
            "command": enum_schema(commands),
            "path": STRING,
            "file_text": STRING,
            "old_str": STRING,
            "new_str": STRING,
            "insert_line": INTEGER,
            **more,
            "view_range": INTEGERS,
        },
        "command path",
    )


_EDIT = _editing("view create str_replace insert", insert_text=STRING)
_EDIT_AND_UNDO = _editing("view create str_replace insert undo_edit")


def _editor(tool: a.ToolDefinition) -> Definition:
    limit = f" Views are cut at {tool.max_characters} characters." if tool.max_characters else ""
    return f"View, create and edit text files.{limit}", _EDIT


def _editor_with_undo(_: a.ToolDefinition) -> Definition:
    return "View, create and edit text files. insert puts new_str behind insert_line.", _EDIT_AND_UNDO


_MEMORY = parameters_json(
    {
        "command": enum_schema("view create str_replace insert delete rename"),
        "path": STRING,
        "view_range": INTEGERS,
        "file_text": STRING,
        "old_str": STRING,
        "new_str": STRING,
        "insert_line": INTEGER,
        "insert_text": STRING,
        "old_path": STRING,
        "new_path": STRING,
    },
    "command",
)


def _memory(_: a.ToolDefinition) -> Definition:
    text = (
        "View and edit the files below /memories, which last between conversations. "
        "view, delete: path; create: path, file_text; str_replace: path, old_str, new_str; "
        "insert: path, insert_line, insert_text; rename: old_path, new_path."
    )
    return text, _MEMORY


_ACTIONS = (
    "key type mouse_move left_click left_click_drag right_click middle_click double_click screenshot "
    "cursor_position"
)
_LATER_ACTIONS = f"{_ACTIONS} left_mouse_down left_mouse_up scroll hold_key wait triple_click"


def _using(actions: str, **more: Schema) -> Raw:
    return parameters_json(
        {"action": enum_schema(actions), "coordinate": POINT, "text": STRING, **more}, "action"
    )


_LATER: dict[str, Schema] = {
    "start_coordinate": POINT,
    "scroll_direction": DIRECTION,
    "scroll_amount": INTEGER,
    "duration": NUMBER,
}
_COMPUTER_FIRST = _using(_ACTIONS)
_COMPUTER = _using(_LATER_ACTIONS, **_LATER)
_COMPUTER_ZOOM = _using(f"{_LATER_ACTIONS} zoom", **_LATER, region=REGION)


def _computer(tool: a.ToolDefinition) -> Definition:
    size = f"{tool.display_width_px}x{tool.display_height_px}"
    number = f", number {tool.display_number}" if tool.display_number is not None else ""
    text = (
        f"Use the computer's mouse and keyboard and look at its screen. The display is {size} pixels"
        f"{number}. Take a screenshot to see it; coordinates are pixels from its top left corner."
    )
    if tool.type == "computer_20241022":
        return text, _COMPUTER_FIRST
    zooms = tool.enable_zoom and tool.type == "computer_20251124"
    return text, _COMPUTER_ZOOM if zooms else _COMPUTER


_TYPES: dict[str, tuple[str, Callable[[a.ToolDefinition], Definition]]] = {
    "bash_20241022": ("bash", _bash),
    "bash_20250124": ("bash", _bash),
    "text_editor_20241022": ("str_replace_editor", _editor_with_undo),
    "text_editor_20250124": ("str_replace_editor", _editor_with_undo),
    "text_editor_20250429": ("str_replace_based_edit_tool", _editor),
    "text_editor_20250728": ("str_replace_based_edit_tool", _editor),
    MEMORY: ("memory", _memory),
    "computer_20241022": ("computer", _computer),
    "computer_20250124": ("computer", _computer),
    "computer_20251124": ("computer", _computer),
}
