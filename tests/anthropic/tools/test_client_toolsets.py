"""One entry of `tools` for a family of tools becomes one function for each member."""

import json

import pytest
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.tools.client_toolsets import BETWEEN, toolset_members, toolset_name
from gateway.errors import RequestRefused

COMPUTER, BROWSER = "computer_toolset_20260801", "browser_toolset_20260801"


def entry(kind: str, configs: str = "") -> a.ToolDefinition:
    return a.ToolDefinition(type=kind, configs=Raw(configs.encode()))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (COMPUTER, "computer"),
        (BROWSER, "browser"),
        ("computer_20250124", None),
        ("custom", None),
        (None, None),
    ],
)
def test_family_of_an_entry(kind: str | None, name: str | None):
    assert toolset_name(a.ToolDefinition("x", type=kind)) == name


@pytest.mark.parametrize(("kind", "family"), [(COMPUTER, "computer"), (BROWSER, "browser")])
def test_every_member_is_a_function_with_a_description_and_an_object(kind: str, family: str):
    members = toolset_members(entry(kind), "tools.0")
    assert len({member.name for member in members}) == len(members) > 10
    for member in members:
        schema = json.loads(bytes(member.input_schema))
        assert member.name.startswith(f"{family}{BETWEEN}")
        assert member.description
        assert set(schema.get("required", [])) <= set(schema["properties"])
        assert (schema["type"], member.type, member.defer_loading) == ("object", None, None)


@pytest.mark.parametrize(
    ("member", "has"), [("left_click", True), ("screenshot", True), ("list_tabs", False), ("new_tab", False)]
)
def test_members_of_the_browser_name_a_tab_if_they_act_on_one(member: str, has: bool):
    members = {one.name: json.loads(bytes(one.input_schema)) for one in toolset_members(entry(BROWSER), "p")}
    assert ("tab_id" in members[f"browser{BETWEEN}{member}"]["properties"]) is has


def test_members_of_the_computer_name_no_tab():
    assert all(b"tab_id" not in bytes(one.input_schema) for one in toolset_members(entry(COMPUTER), "p"))


@pytest.mark.parametrize(
    ("configs", "without", "deferred"),
    [
        ("null", set(), set()),
        ('{"zoom":null,"unknown":{"enabled":false}}', set(), set()),
        ('{"zoom":{"enabled":false},"wait":{"enabled":true}}', {"zoom"}, set()),
        ('{"zoom":{"defer_loading":true},"wait":{"defer_loading":false}}', set(), {"zoom"}),
        ('{"zoom":{"enabled":false,"defer_loading":true}}', {"zoom"}, set()),
    ],
)
def test_configs_disable_and_defer_members(configs: str, without: set[str], deferred: set[str]):
    every = {one.name for one in toolset_members(entry(COMPUTER), "p")}
    members = toolset_members(entry(COMPUTER, configs), "p")
    assert every - {one.name for one in members} == {f"computer{BETWEEN}{name}" for name in without}
    assert {one.name for one in members if one.defer_loading} == {
        f"computer{BETWEEN}{name}" for name in deferred
    }


@pytest.mark.parametrize("configs", ["[]", '{"zoom":1}', '{"zoom":{"enabled":"no"}}'])
def test_malformed_configs_are_refused_with_their_path(configs: str):
    with pytest.raises(RequestRefused) as refused:
        toolset_members(entry(COMPUTER, configs), "tools.3")
    assert refused.value.message.startswith("tools.3.configs: Expected ")
