"""Tool changes in messages, and the tools that they mean."""

import pytest
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.tools.client_toolsets import BETWEEN
from gateway.anthropic.tools.tool_changes import ToolChange, tool_change
from gateway.errors import RequestRefused

DEFINITION = a.ToolDefinition("New", "Ö", Raw(b'{"type":"object"}'))


@pytest.mark.parametrize(
    ("kind", "raw", "change"),
    [
        (
            "tool_addition",
            b'{"type":"tool_addition","tool":{"type":"tool","name":"T"}}',
            ToolChange("addition", "T"),
        ),
        (
            "tool_removal",
            b'{"type":"tool_removal","tool":{"tool_name":"T","unknown":1}}',
            ToolChange("removal", "T"),
        ),
        (
            "tool_removal",
            b'{"type":"tool_removal","tool":{"server_name":"srv"}}',
            ToolChange("removal", "srv", server="srv"),
        ),
        (
            "tool_addition",
            b'{"type":"tool_addition","tool":{"server_name":"srv","name":"T"}}',
            ToolChange("addition", f"srv{BETWEEN}T", server="srv"),
        ),
        (
            "tool_addition",
            '{"type":"tool_addition","tool":{"name":"x","definition":'
            '{"name":"New","description":"Ö","input_schema":{"type":"object"}}}}'.encode(),
            ToolChange("addition", "New", DEFINITION),
        ),
        ("tool_addition", b'{"type":"tool_addition","tool":{}}', ToolChange("addition", "")),
        ("tool_reference", b'{"type":"tool_reference","tool_name":"T"}', None),
        ("new", b"{}", None),
    ],
)
def test_change_is_read_from_its_block(kind: str, raw: bytes, change: ToolChange | None):
    assert tool_change(a.Unknown(kind, Raw(raw)), "p") == change


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'{"type":"tool_addition"}', "p.tool: field required"),
        (b'{"type":"tool_addition","tool":{"name":1}}', "p.tool.name: Expected `str`, got `int`"),
    ],
)
def test_malformed_change_is_refused(raw: bytes, message: str):
    with pytest.raises(RequestRefused) as refused:
        tool_change(a.Unknown("tool_addition", Raw(raw)), "p")
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("change", "function", "family", "meant"),
    [
        (ToolChange("reference", "T"), "T", None, True),
        (ToolChange("reference", "T"), "U", None, False),
        (ToolChange("reference", "browser"), f"browser{BETWEEN}click", "browser", True),
        (ToolChange("removal", "srv", server="srv"), f"srv{BETWEEN}T", None, True),
        (ToolChange("removal", "srv", server="srv"), "srvT", None, False),
        (ToolChange("removal", "srv"), f"srv{BETWEEN}T", None, False),
        (ToolChange("removal", f"srv{BETWEEN}T", server="srv"), f"srv{BETWEEN}T", None, True),
        (ToolChange("removal", f"srv{BETWEEN}T", server="srv"), f"srv{BETWEEN}U", None, False),
        (ToolChange("removal", ""), f"{BETWEEN}T", None, False),
    ],
)
def test_function_that_a_change_means(change: ToolChange, function: str, family: str | None, meant: bool):
    assert change.means(function, family) is meant


@pytest.mark.parametrize(
    ("change", "tool", "family", "declared"),
    [
        (ToolChange("reference", "T"), a.ToolDefinition("T"), None, True),
        (ToolChange("reference", "T"), a.ToolDefinition("U"), None, False),
        (ToolChange("reference", ""), a.ToolDefinition(""), None, False),
        (ToolChange("reference", "T", server="s"), a.ToolDefinition(mcp_server_name="s"), None, True),
        (ToolChange("reference", "T", server="s"), a.ToolDefinition(mcp_server_name="t"), None, False),
        (ToolChange("reference", "browser"), a.ToolDefinition("x"), "browser", True),
        (ToolChange("reference", f"browser{BETWEEN}click"), a.ToolDefinition("x"), "browser", True),
        (ToolChange("reference", "x"), a.ToolDefinition("x"), "browser", False),
    ],
)
def test_entry_of_tools_that_declared_what_is_meant(
    change: ToolChange, tool: a.ToolDefinition, family: str | None, declared: bool
):
    assert change.is_of(tool, family) is declared
