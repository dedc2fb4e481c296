"""The functions that a model is offered, after the changes in messages."""

import pytest
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.tools.available import (
    PLACEHOLDER,
    SEARCHES,
    AvailableTools,
    OmittedTool,
    ToolOptions,
    is_usable,
)
from gateway.anthropic.tools.tool_changes import ToolChange
from gateway.errors import RequestRefused
from gateway.parts import Notice

OBJECT = Raw(b'{"type":"object"}')
WEB_SEARCH = a.ToolDefinition("web_search", type="web_search_20250305")
TOOL_SEARCH = a.ToolDefinition("tool_search_tool_regex", type="tool_search_tool_regex_20251119")
SCREEN = a.ToolDefinition("computer", type="computer_20250124", display_width_px=800, display_height_px=600)
FAMILY = a.ToolDefinition(
    type="computer_toolset_20260801",
    configs=Raw(b'{"zoom":{"enabled":false},"wait":{"defer_loading":true}}'),
)


def tool(name: str, description: str | None = None, **fields) -> a.ToolDefinition:
    return a.ToolDefinition(name, description, OBJECT, **fields)


def declared(*tools: a.ToolDefinition, options: ToolOptions | None = None) -> AvailableTools:
    request = a.MessagesRequest(model="m", messages=(), tools=tools)
    available = AvailableTools(request, options or ToolOptions(), NoticeCollector())
    available.declare()
    return available


def added(definition: a.ToolDefinition) -> ToolChange:
    return ToolChange("addition", definition.name, definition)


A, B, LATE = tool("a"), tool("b"), tool("late", defer_loading=True)
LOADED, REMOVED, RESTORED = (
    ToolChange("reference", "late"),
    ToolChange("removal", "a"),
    ToolChange("addition", "a"),
)


@pytest.mark.parametrize(
    ("tools", "changes", "names"),
    [
        ((), [], []),
        ((B, A), [], ["b", "a"]),
        ((LATE, A), [], ["a", "late"]),
        ((LATE, A, B), [LOADED, LOADED], ["a", "b", "late"]),
        ((LATE, A, TOOL_SEARCH), [], ["late", "a"]),
        ((A, tool(PLACEHOLDER)), [], ["a"]),
        ((A, B), [REMOVED], ["b"]),
        ((A, B), [REMOVED, RESTORED], ["b", "a"]),
        ((A, B), [REMOVED, ToolChange("reference", "a")], ["b"]),
        ((A,), [ToolChange("reference", "unknown")], ["a"]),
        ((A,), [added(tool("né"))], ["a", "né"]),
        ((A,), [added(tool(PLACEHOLDER))], ["a"]),
        ((A, WEB_SEARCH), [ToolChange("removal", "web_search")], ["a"]),
        ((tool("s__x"), A, tool("s__y")), [ToolChange("removal", "s", server="s")], ["a"]),
        ((A, FAMILY), [ToolChange("removal", "computer")], ["a"]),
        ((A, FAMILY), [ToolChange("removal", "computer__zoom"), ToolChange("removal", "computer")], ["a"]),
    ],
)
def test_functions_in_the_order_they_are_sent(
    tools: tuple[a.ToolDefinition, ...], changes: list[ToolChange], names: list[str]
):
    assert list(declared(*tools).changed(changes)) == names


@pytest.mark.parametrize(
    ("tools", "changes", "kept", "notices"),
    [
        ((A, tool("a", "second")), [], A, (Notice("dropped.tool", "a: the name is there twice"),)),
        ((A,), [added(tool("a"))], A, ()),
        ((A,), [added(tool("a", "new"))], A, (Notice("dropped.tool", "a: the name is there twice"),)),
        ((A,), [REMOVED, added(tool("a", "new"))], tool("a", "new"), ()),
    ],
)
def test_first_of_two_tools_stays_unless_it_was_removed(
    tools: tuple, changes: list[ToolChange], kept: a.ToolDefinition, notices: tuple[Notice, ...]
):
    available = declared(*tools)
    assert available.changed(changes) == {"a": kept}
    assert available.notices.notices == notices


@pytest.mark.parametrize(
    ("left_out", "options", "notices"),
    [
        (WEB_SEARCH, ToolOptions(), (Notice("dropped.tool", "web_search_20250305"),)),
        (WEB_SEARCH, ToolOptions(web_search=True), ()),
        (
            TOOL_SEARCH,
            ToolOptions(),
            (Notice("emulated.tool_search", "all tools are there from the start"),),
        ),
    ],
)
def test_tool_of_anthropics_servers_is_left_out(
    left_out: a.ToolDefinition, options: ToolOptions, notices: tuple[Notice, ...]
):
    available = declared(A, left_out, options=options)
    assert available.left_out == {left_out.name: OmittedTool(left_out, "tools.1")}
    assert (list(available.changed([])), available.notices.notices) == (["a"], notices)
    refusal = available.left_out[left_out.name].refusal()
    assert refusal.message == f"tools.1: unsupported tool type '{left_out.type}'"


def test_removed_tool_is_not_left_out_any_more():
    available = declared(WEB_SEARCH)
    available.changed([ToolChange("removal", "web_search")])
    assert available.left_out == {}


def test_tool_not_for_direct_calls_is_dropped():
    available = declared(tool("a", allowed_callers=["code"]), tool("b", allowed_callers=["code", "direct"]))
    assert list(available.changed([])) == ["b"]
    assert available.notices.notices == (Notice("dropped.tool", "a: not for the model to call"),)


@pytest.mark.parametrize(
    ("entry", "options", "message"),
    [
        (a.ToolDefinition(input_schema=OBJECT), ToolOptions(), "tools.0.name: field required"),
        (
            SCREEN,
            ToolOptions(vision=False),
            "tools.0: 'computer_20250124' needs a model with vision, and this one has none",
        ),
        (
            a.ToolDefinition("computer", type="computer_20250124", display_width_px=8),
            ToolOptions(),
            "tools.0.display_height_px: field required",
        ),
    ],
)
def test_entry_that_cannot_be_offered_is_refused(entry: a.ToolDefinition, options: ToolOptions, message: str):
    with pytest.raises(RequestRefused) as refused:
        declared(entry, options=options)
    assert refused.value.message == message


@pytest.mark.parametrize("kind", ["addition", "removal"])
def test_change_of_an_undeclared_tool_is_refused_with_its_code(kind):
    with pytest.raises(RequestRefused) as refused:
        declared(A).changed([ToolChange(kind, "unknown")])
    assert refused.value.message == f"tool_{kind}: no tool is named 'unknown'"
    assert refused.value.details == {"error_code": "tool_reference_unresolved"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ToolChange("removal", "a", server="a"),
            "tools: the messages add and remove too many whole groups of tools",
        ),
        (
            ToolChange("removal", "unknown"),
            "tools: the messages name too many tools that are not offered",
        ),
    ],
)
def test_searches_of_names_are_limited(change: ToolChange, message: str):
    available = declared(A)
    available.searches = SEARCHES
    with pytest.raises(RequestRefused) as refused:
        available.changed([change])
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("web_search", "tools", "offered"),
    [(True, [], WEB_SEARCH), (True, ["web_search"], None), (False, [], None)],
)
def test_search_of_the_upstream_is_used_unless_a_function_has_its_name(
    web_search: bool, tools: list[str], offered: a.ToolDefinition | None
):
    available = declared(WEB_SEARCH, options=ToolOptions(web_search=web_search))
    assert available.web_search(tools) == offered


@pytest.mark.parametrize(
    ("entry", "usable"),
    [
        (a.ToolDefinition("a"), True),
        (a.ToolDefinition("a", type="custom"), True),
        (a.ToolDefinition("a", type="new_20300101"), False),
        (a.ToolDefinition("a", type="new_20300101", input_schema=OBJECT), True),
        (a.ToolDefinition("bash", type="bash_20250124"), True),
        (FAMILY, True),
        (WEB_SEARCH, False),
    ],
)
def test_tool_that_can_be_a_function(entry: a.ToolDefinition, usable: bool):
    assert is_usable(entry) is usable
