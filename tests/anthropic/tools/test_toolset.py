"""The tools of a request keep the rules of gateway/anthropic/tools/toolset.py."""

import json

import msgspec
import pytest

from gateway.anthropic import wire as a
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.tools.available import ToolOptions
from gateway.anthropic.tools.tool_changes import ToolChange, tool_change
from gateway.anthropic.tools.toolset import ToolChoice, Toolset, toolset
from gateway.errors import RequestRefused

SEARCH = {"type": "web_search_20250305", "name": "web_search"}


def tool(name: str, **more: object) -> dict:
    return {"name": name, "input_schema": {"type": "object"}, **more}


def late(name: str) -> dict:
    return tool(name, defer_loading=True)


def offered(
    *tools: dict,
    mentions: list[ToolChange] | None = None,
    notes: NoticeCollector | None = None,
    choice: object = None,
    terms: ToolOptions | None = None,
) -> Toolset:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "x"}],
        "tools": tools,
        "tool_choice": choice,
    }
    return toolset(
        decode_request(json.dumps(body).encode()),
        mentions or [],
        notes or NoticeCollector(),
        terms or ToolOptions(),
    )


def names(*tools: dict, mentions: list[ToolChange] | None = None) -> list[str]:
    return [t.name for t in offered(*tools, mentions=mentions).tools]


def test_tools_come_as_sent():
    assert names(tool("b"), tool("a"), tool("c", type="custom")) == ["b", "a", "c"]


def test_deferred_tools_stand_behind_the_others_by_first_mention():
    mentions = [ToolChange("reference", "z"), ToolChange("reference", "x"), ToolChange("reference", "z")]
    assert names(late("x"), tool("a"), late("y"), late("z"), tool("b"), mentions=mentions) == [
        "a",
        "b",
        "z",
        "x",
        "y",
    ]


def test_with_a_tool_search_all_come_as_sent():
    search = {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"}
    assert names(late("x"), search, tool("a")) == ["x", "a"]


def test_mention_of_a_tool_that_is_not_there_changes_nothing():
    assert names(tool("a"), mentions=[ToolChange("reference", "x")]) == ["a"]


def test_placeholder_is_dropped():
    assert names(tool("a"), late("DeferredToolPlaceholder")) == ["a"]


def test_removed_tool_is_gone_until_it_is_added_again():
    removed, added = ToolChange("removal", "a"), ToolChange("addition", "a")
    assert names(tool("a"), tool("b"), mentions=[removed]) == ["b"]
    assert names(tool("a"), tool("b"), mentions=[removed, ToolChange("reference", "a")]) == ["b"]
    assert names(tool("a"), tool("b"), mentions=[removed, added]) == ["b", "a"]


def test_added_definition_joins_at_the_end():
    block = {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": tool("new")}}
    said = tool_change(a.Unknown("tool_addition", a.Raw(json.dumps(block).encode())), "messages.1.content.0")
    assert said is not None
    assert names(tool("a"), late("x"), mentions=[said]) == ["a", "new", "x"]


def test_addition_of_an_unknown_tool_is_refused_with_its_code():
    with pytest.raises(RequestRefused) as refused:
        names(tool("a"), mentions=[ToolChange("addition", "x")])
    assert refused.value.details == {"error_code": "tool_reference_unresolved"}


def test_malformed_tool_change_is_refused_with_its_path():
    with pytest.raises(RequestRefused, match=r"messages\.1\.content\.0"):
        tool_change(a.Unknown("tool_removal", a.Raw(b'{"type":"tool_removal"}')), "messages.1.content.0")


def test_first_of_two_tools_with_one_name_stays():
    notes = NoticeCollector()
    (kept,) = offered(tool("a", description="1"), tool("a", description="2"), notes=notes).tools
    assert kept.description == "1"
    assert [n.name for n in notes.notices] == ["dropped.tool"]


def test_tool_without_a_name_is_refused():
    with pytest.raises(RequestRefused, match=r"tools\.0\.name: field required"):
        offered({"input_schema": {}})


def test_tool_not_for_direct_calls_is_dropped():
    assert names(
        tool("a", allowed_callers=["code_execution_20260120"]), tool("b", allowed_callers=["direct"])
    ) == ["b"]


def test_unknown_type_with_a_schema_is_an_ordinary_tool():
    assert names(tool("a", type="hologram_20270101")) == ["a"]


def test_server_tool_is_dropped_with_a_notice():
    notes = NoticeCollector()
    assert [t.name for t in offered(SEARCH, tool("a"), notes=notes).tools] == ["a"]
    assert [(n.name, n.detail) for n in notes.notices] == [("dropped.tool", "web_search_20250305")]


@pytest.mark.parametrize("choice", [{"type": "tool", "name": "web_search"}, {"type": "any"}])
def test_forced_server_tool_is_refused_by_its_type(choice: dict):
    with pytest.raises(RequestRefused, match=r"tools\.0: unsupported tool type 'web_search_20250305'"):
        offered(SEARCH, choice=choice)


def test_custom_tool_of_a_server_tools_name_is_kept_and_can_be_forced():
    kept = offered(SEARCH, tool("web_search"), choice={"type": "tool", "name": "web_search"})
    assert [t.name for t in kept.tools] == ["web_search"]
    assert kept.choice == ToolChoice("tool", "web_search")


def test_search_for_tools_gives_all_tools_and_a_notice():
    notes = NoticeCollector()
    search = {"type": "tool_search_tool_bm25", "name": "tool_search_tool_bm25"}
    assert [t.name for t in offered(search, late("x"), notes=notes).tools] == ["x"]
    assert [n.name for n in notes.notices] == ["emulated.tool_search"]


COMPUTER = {"type": "computer_toolset_20260801"}
BASH = {"type": "bash_20250124", "name": "bash"}
SCREEN = {
    "type": "computer_20250124",
    "name": "computer",
    "display_width_px": 1024,
    "display_height_px": 768,
}


def test_members_of_a_toolset_are_tools_of_their_own():
    kept = offered(COMPUTER, BASH, tool("computer__wait"))
    assert "computer__left_click" in [t.name for t in kept.tools]
    assert kept.members["computer__left_click"] == "computer"
    assert "bash" not in kept.members
    assert len({t.name for t in kept.tools}) == len(kept.tools) == 18


@pytest.mark.parametrize("screen", [COMPUTER, SCREEN])
def test_screen_is_refused_to_a_model_without_vision(screen: dict):
    with pytest.raises(RequestRefused, match=r"tools\.1: '.*' needs a model with vision"):
        offered(BASH, screen, terms=ToolOptions(vision=False))


def test_whole_family_is_removed_by_its_name():
    assert names(COMPUTER, tool("a"), mentions=[ToolChange("removal", "computer")]) == ["a"]


def test_removal_of_an_unknown_tool_is_refused_with_its_code():
    with pytest.raises(RequestRefused, match="tool_removal: no tool is named 'x'") as refused:
        names(tool("a"), mentions=[ToolChange("removal", "x")])
    assert refused.value.details == {"error_code": "tool_reference_unresolved"}


def test_tool_of_an_mcp_server_is_unknown():
    block = {"type": "tool_addition", "tool": {"type": "mcp_toolset_reference", "server_name": "s"}}
    said = tool_change(a.Unknown("tool_addition", a.Raw(json.dumps(block).encode())), "messages.1.content.0")
    assert said is not None
    with pytest.raises(RequestRefused, match="no tool is named 's'"):
        names(tool("a"), mentions=[said])


def test_definition_may_be_any_tool_and_is_known_from_there_on():
    block = {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": BASH}}
    said = tool_change(a.Unknown("tool_addition", a.Raw(json.dumps(block).encode())), "messages.1.content.0")
    assert said is not None
    assert names(tool("a"), mentions=[said]) == ["a", "bash"]
    assert names(tool("a"), mentions=[said, ToolChange("removal", "bash")]) == ["a"]
    again = [said, ToolChange("removal", "bash"), ToolChange("addition", "bash")]
    assert names(tool("a"), mentions=again) == ["a", "bash"]


def test_choice_is_checked_against_the_tools():
    assert offered(tool("a"), choice={"type": "tool", "name": "a"}).choice == ToolChoice("tool", "a")
    assert offered(tool("a"), choice={"type": "any", "disable_parallel_tool_use": True}).choice == ToolChoice(
        "any", single=True
    )
    with pytest.raises(RequestRefused, match=r"tool_choice\.name: tool not found"):
        offered(tool("a"), choice={"type": "tool", "name": "b"})
    with pytest.raises(RequestRefused, match="no tool to choose"):
        offered(choice={"type": "any"})


def test_unknown_choice_is_left_to_the_model():
    notes = NoticeCollector()
    assert offered(tool("a"), choice={"type": "dice"}, notes=notes).choice == ToolChoice()
    assert [n.name for n in notes.notices] == ["dropped.tool_choice"]


def test_a_change_that_cannot_be_read_is_refused_with_its_path():
    block = a.Unknown("tool_addition", msgspec.Raw(b'{"type":"tool_addition"}'))
    with pytest.raises(RequestRefused, match=r"^messages\.1\.content\.0\.tool: field required$"):
        tool_change(block, "messages.1.content.0")


def added(definition: dict) -> ToolChange:
    block = {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": definition}}
    said = tool_change(a.Unknown("tool_addition", a.Raw(json.dumps(block).encode())), "messages.1.content.0")
    assert said is not None
    return said


def removed_server(name: str) -> ToolChange:
    block = {"type": "tool_removal", "tool": {"type": "mcp_toolset_reference", "server_name": name}}
    said = tool_change(a.Unknown("tool_removal", a.Raw(json.dumps(block).encode())), "messages.1.content.0")
    assert said is not None
    return said


SEARCHING = {"type": "tool_search_tool_bm25", "name": "tool_search_tool_bm25"}
PLACEHOLDER = late("DeferredToolPlaceholder")
INDIRECT = tool("indirect", allowed_callers=["code_execution_20260120"])


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        (SEARCH, [("dropped.tool", "web_search_20250305")]),
        ({"type": "hologram_20270101", "name": "h"}, [("dropped.tool", "hologram_20270101")]),
        (SEARCHING, [("emulated.tool_search", "all tools are there from the start")]),
        (INDIRECT, [("dropped.tool", "indirect: not for the model to call")]),
        (PLACEHOLDER, []),
    ],
)
def test_added_definition_that_nobody_can_run_is_left_out_and_remembered(definition: dict, said: list):
    notes = NoticeCollector()
    name = definition["name"]
    mentions = [added(definition), ToolChange("removal", name), ToolChange("addition", name)]
    kept = offered(tool("a"), mentions=mentions, notes=notes)
    assert [t.name for t in kept.tools] == ["a"]
    assert [(n.name, n.detail) for n in notes.notices] == said


@pytest.mark.parametrize("declared", [SEARCH, SEARCHING, PLACEHOLDER, INDIRECT])
@pytest.mark.parametrize("kind", ["removal", "addition"])
def test_declared_tool_that_was_left_out_may_be_removed_and_added(declared: dict, kind):
    assert names(tool("a"), declared, mentions=[ToolChange(kind, declared["name"])]) == ["a"]


def test_servers_tools_are_removed_by_the_servers_name():
    assert names(tool("s__x"), tool("sx"), tool("s__y"), mentions=[removed_server("s")]) == ["sx"]
    listed = {"type": "mcp_toolset", "mcp_server_name": "s"}
    assert names(
        tool("a"), listed, mentions=[removed_server("s"), ToolChange("removal", "s__x", None, "s")]
    ) == ["a"]
    with pytest.raises(RequestRefused, match="no tool is named 't'"):
        names(tool("a"), listed, mentions=[removed_server("t")])


def test_member_that_is_switched_off_may_be_removed():
    screen = {**COMPUTER, "configs": {"zoom": {"enabled": False}}}
    assert "computer__wait" in names(screen, mentions=[ToolChange("removal", "computer__zoom")])


def test_definition_replaces_one_that_was_removed():
    mentions = [ToolChange("removal", "a"), added(tool("a", description="2"))]
    kept = offered(tool("a", description="1"), tool("b"), mentions=mentions).tools
    assert [(t.name, t.description) for t in kept] == [("b", None), ("a", "2")]


@pytest.mark.parametrize(("description", "said"), [("1", []), ("2", ["dropped.tool"])])
def test_second_definition_of_a_tool_that_is_there_is_dropped(description: str, said: list):
    notes = NoticeCollector()
    mentions = [added(tool("a", description=description))]
    (kept,) = offered(tool("a", description="1"), mentions=mentions, notes=notes).tools
    assert kept.description == "1"
    assert [n.name for n in notes.notices] == said


@pytest.mark.parametrize("side", ["width", "height"])
def test_screen_without_a_size_is_refused(side: str):
    field = f"display_{side}_px"
    with pytest.raises(RequestRefused, match=rf"tools\.1\.{field}: field required"):
        offered(BASH, {key: value for key, value in SCREEN.items() if key != field})


def test_choice_may_name_a_member_as_the_client_knows_it():
    choice = {"type": "tool", "name": "zoom"}
    assert offered(COMPUTER, choice=choice).choice == ToolChoice("tool", "computer__zoom")
    assert offered(COMPUTER, tool("zoom"), choice=choice).choice == ToolChoice("tool", "zoom")
    with pytest.raises(RequestRefused, match=r"tool_choice\.name: tool not found"):
        offered(COMPUTER, {"type": "browser_toolset_20260801"}, choice=choice)


@pytest.mark.parametrize("left_out", [SEARCHING, SEARCH])
def test_choice_of_a_tool_that_is_left_out_is_refused_by_its_type(left_out: dict):
    with pytest.raises(RequestRefused, match=rf"tools\.1: unsupported tool type '{left_out['type']}'"):
        offered(tool("a"), left_out, choice={"type": "tool", "name": left_out["name"]})


def test_null_forbids_nothing():
    choice = {"type": "any", "disable_parallel_tool_use": None}
    assert offered(tool("a"), choice=choice).choice == ToolChoice("any")
