"""Anthropic's own tools become functions as gateway/anthropic/tools/client_tools.py and families.py say."""

import json
import re
from pathlib import Path
from typing import get_args

import anthropic.types
import msgspec
import pytest

from gateway.anthropic import wire as a
from gateway.anthropic.tools import client_tools, client_toolsets
from gateway.errors import RequestRefused

SDK = Path(anthropic.types.__file__).parent
SIZE = {"display_width_px": 800, "display_height_px": 600}


def tool(type_: str, **more: object) -> a.ToolDefinition:
    return msgspec.json.decode(json.dumps({"type": type_, **more}).encode(), type=a.ToolDefinition)


def schema(definition: a.ToolDefinition) -> dict:
    return json.loads(bytes(definition.input_schema))


def told(type_: str, **more: object) -> a.ToolDefinition:
    function = client_tools.as_function(tool(type_, **more))
    assert function is not None
    return function


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        ("bash_20241022", "bash"),
        ("bash_20250124", "bash"),
        ("text_editor_20241022", "str_replace_editor"),
        ("text_editor_20250124", "str_replace_editor"),
        ("text_editor_20250429", "str_replace_based_edit_tool"),
        ("text_editor_20250728", "str_replace_based_edit_tool"),
        ("memory_20250818", "memory"),
        ("computer_20241022", "computer"),
        ("computer_20250124", "computer"),
        ("computer_20251124", "computer"),
    ],
)
def test_every_type_has_its_name_a_description_and_a_schema(type_: str, name: str):
    function = told(type_, **SIZE)
    assert function.name == name
    assert function.description
    known = schema(function)
    assert known["type"] == "object"
    assert set(known.get("required", ())) <= set(known["properties"])
    assert client_tools.is_typed(tool(type_))


def test_other_types_are_none():
    assert client_tools.as_function(tool("web_search_20250305", name="web_search")) is None
    assert client_tools.as_function(tool("custom", name="x")) is None
    assert not client_tools.is_typed(tool("bash_20990101"))


def test_only_the_older_editors_undo_and_insert_by_new_str():
    old, new = schema(told("text_editor_20250124")), schema(told("text_editor_20250728"))
    assert "undo_edit" in old["properties"]["command"]["enum"]
    assert "undo_edit" not in new["properties"]["command"]["enum"]
    assert "insert_text" in new["properties"]
    assert "insert_text" not in old["properties"]


def test_limit_of_a_view_is_said():
    assert "10000 characters" in (told("text_editor_20250728", max_characters=10000).description or "")
    assert "characters" not in (told("text_editor_20250728").description or "")


def test_size_of_the_display_is_said():
    said = told("computer_20250124", **SIZE, display_number=2).description or ""
    assert "800x600" in said
    assert "number 2" in said


@pytest.mark.parametrize(
    ("type_", "more", "has", "lacks"),
    [
        ("computer_20241022", {}, {"screenshot"}, {"scroll", "zoom"}),
        ("computer_20250124", {"enable_zoom": True}, {"scroll", "triple_click"}, {"zoom"}),
        ("computer_20251124", {}, {"scroll"}, {"zoom"}),
        ("computer_20251124", {"enable_zoom": True}, {"scroll", "zoom"}, set()),
    ],
)
def test_actions_are_those_of_the_version(type_: str, more: dict, has: set, lacks: set):
    actions = set(schema(told(type_, **SIZE, **more))["properties"]["action"]["enum"])
    assert has <= actions
    assert actions.isdisjoint(lacks)


def members(name: str, **configs: object) -> list[a.ToolDefinition]:
    return client_toolsets.toolset_members(
        tool(f"{name}_toolset_20260801", configs=configs or None), "tools.0"
    )


@pytest.mark.parametrize("name", ["computer", "browser"])
def test_members_are_those_that_the_sdk_knows(name: str):
    known = getattr(anthropic.types, f"{name.title()}MemberName")
    assert {each.name for each in members(name)} == {f"{name}__{member}" for member in get_args(known)}


@pytest.mark.parametrize("name", ["computer", "browser"])
def test_members_have_the_fields_that_the_sdk_knows(name: str):
    for each in members(name):
        source = (SDK / f"{name}_{each.name.partition('__')[2]}_input.py").read_text()
        fields = re.findall(r"^    (\w+): (.*)$", source.partition("class ")[2], re.MULTILINE)
        known = schema(each)
        assert set(known["properties"]) == {field.rstrip("_") for field, _ in fields} - {"Omitted"}
        optional = {field for field, kind in fields if kind.startswith("Optional")}
        assert set(known.get("required", ())) == {
            field.rstrip("_") for field, kind in fields if field not in optional and field != "Omitted"
        }


def test_members_are_switched_off_and_deferred_by_their_config():
    offered = members("computer", zoom={"enabled": False}, wait={"defer_loading": True}, key=None)
    assert len(offered) == 16
    assert [each.name for each in offered if each.defer_loading] == ["computer__wait"]


def test_configs_of_a_wrong_kind_are_refused_with_their_path():
    with pytest.raises(RequestRefused, match=r"tools\.0\.configs"):
        members("computer", zoom="off")


def test_only_screens_need_eyes():
    assert client_tools.needs_vision(tool("computer_20250124"))
    assert client_tools.needs_vision(tool("computer_toolset_20260801"))
    assert not client_tools.needs_vision(tool("browser_toolset_20260801"))
    assert not client_tools.needs_vision(tool("bash_20250124"))
