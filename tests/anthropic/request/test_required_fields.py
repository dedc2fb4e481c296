"""Blocks and tool schemas that lack what the API requires are refused with their path."""

import pytest
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.request.required_fields import check_block, check_schema
from gateway.errors import RequestRefused

PATH = "messages.0.content.2"


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("server_tool_use", b'{"id":"s","name":"web_search","input":{}}'),
        ("search_result", '{"source":"s","title":"ü","content":[{"text":"t","extra":1}]}'.encode()),
        ("web_search_tool_result", b'{"tool_use_id":"s","content":null}'),
        ("compaction", b"{}"),
        ("compaction", b'{"content":null,"tool_changes":[1]}'),
        ("tool_addition", b'{"tool":{"type":"tool","name":"T"}}'),
        ("tool_addition", b'{"tool":{"type":"tool","definition":{"name":"T","input_schema":{}}}}'),
        ("fallback", b"{}"),
        ("unknown_of_tomorrow", b"{}"),
    ],
)
def test_complete_and_unchecked_blocks_pass(kind: str, raw: bytes):
    check_block(a.Unknown(kind, Raw(raw)), PATH)


@pytest.mark.parametrize(
    ("kind", "raw", "message"),
    [
        ("server_tool_use", b'{"id":"s"}', f"{PATH}.name: field required"),
        ("mcp_tool_use", b'{"id":"s","name":"n"}', f"{PATH}.server_name: field required"),
        ("container_upload", b"{}", f"{PATH}.file_id: field required"),
        ("browser_state", b'{"tabs":{}}', f"{PATH}.tabs: Expected `array`, got `object`"),
        (
            "search_result",
            b'{"source":"s","title":"t","content":[{"text":"a"},{}]}',
            f"{PATH}.content.1.text: field required",
        ),
        (
            "tool_addition",
            b'{"tool":{"type":"tool","definition":{"name":"T","input_schema":[]}}}',
            f"{PATH}.tool.definition.input_schema: Expected `object`, got `array`",
        ),
    ],
)
def test_missing_or_wrong_field_is_refused(kind: str, raw: bytes, message: str):
    with pytest.raises(RequestRefused) as refused:
        check_block(a.Unknown(kind, Raw(raw)), PATH)
    assert refused.value.message == message


@pytest.mark.parametrize("schema", [b"", b"{}", b"null", b'{"type":"object"}'])
def test_schema_may_be_absent_or_an_object(schema: bytes):
    check_schema(a.ToolDefinition("T", input_schema=Raw(schema)), "tools.0")


@pytest.mark.parametrize(
    ("schema", "got"), [(b"[]", "array"), (b'"x"', "str"), (b"3", "int"), (b"true", "bool")]
)
def test_schema_of_another_type_is_refused(schema: bytes, got: str):
    with pytest.raises(RequestRefused) as refused:
        check_schema(a.ToolDefinition("T", input_schema=Raw(schema)), "tools.0")
    assert refused.value.message == f"tools.0.input_schema: Expected `object`, got `{got}`"
