"""Requests are decoded by the rules of gateway/anthropic/wire.py."""

import json

import pytest

from gateway.anthropic import wire as a
from gateway.anthropic.request.decoding import MESSAGE_LIMIT, SCHEMA_LIMIT, decode_request
from gateway.errors import RequestRefused

BLOCKS = [
    {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}, "of_next_year": 1},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
    {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "words"},
        "title": None,
    },
    {"type": "thinking", "thinking": "hm", "signature": "s"},
    {"type": "redacted_thinking", "data": "x"},
    {"type": "tool_use", "id": "1", "name": "T", "input": {"b": 1}},
    {"type": "tool_reference", "tool_name": "X"},
    {"type": "tool_result", "tool_use_id": "1", "content": "r", "is_error": None},
    {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "r"}, {"type": "odd"}]},
    {"type": "tool_result", "tool_use_id": "1"},
]


def decoded(*content: object, **request: object) -> a.MessagesRequest:
    messages = [{"role": "user", "content": block} for block in content or ["x"]]
    return decode_request(json.dumps({"model": "m", "messages": messages, **request}).encode())


def refusal(body: bytes | dict) -> str:
    with pytest.raises(RequestRefused) as refused:
        decode_request(body if isinstance(body, bytes) else json.dumps(body).encode())
    return refused.value.message


def plain(block: a.Block) -> object:
    """A block without its raw values, which are compared as bytes."""
    match block:
        case a.ToolUse():
            return (block.id, block.name, bytes(block.input))
        case a.Document():
            return (block.title, block.source)
        case a.Unknown():
            return (block.type, block.text, bytes(block.raw))
        case a.ToolResult():
            return (block.tool_use_id, [plain(inner) for inner in block.content], block.is_error)
        case _:
            return block


def test_string_and_list_content():
    request = decoded("a", [{"type": "text", "text": "a"}])
    assert [(m.content, m.plain) for m in request.messages] == [
        ((a.Text("a"),), True),
        ((a.Text("a"),), False),
    ]


def test_an_unknown_block_costs_nothing_but_itself():
    known = decoded(BLOCKS).messages[0].content
    *same, odd = decoded([*BLOCKS, {"type": "hologram", "text": "t"}]).messages[0].content
    assert [plain(block) for block in same] == [plain(block) for block in known]
    assert plain(odd) == ("hologram", "t", b'{"type": "hologram", "text": "t"}')


def test_input_and_schemas_stay_byte_for_byte():
    raw = b'{"b" : 1E5, "a":"\\u00e9"}'
    call = b'{"type":"tool_use","id":"1","name":"T","input":%s}' % raw
    body = b'{"model":"m","messages":[{"role":"assistant","content":[%s]}]}' % call
    (block,) = decode_request(body).messages[0].content
    assert isinstance(block, a.ToolUse)
    assert bytes(block.input) == raw


def test_unknown_fields_and_roles_are_tolerated():
    request = decode_request(
        b'{"model":"m","messages":[{"role":"narrator","content":"x","zzz":[1]}],"betas":["b"]}'
    )
    assert request.messages[0].role == "narrator"


def test_system_is_a_list_of_texts():
    assert decoded(system="S").system == ("S",)
    assert decoded(system=[{"type": "text", "text": "a"}, {"type": "odd", "text": "b"}]).system == ("a", "b")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"messages": [{"role": "user", "content": "x"}]}, "model: field required"),
        ({"model": "", "messages": [{"role": "user", "content": "x"}]}, "model: a model name is required"),
        ({"model": "m"}, "messages: field required"),
        ({"model": "m", "messages": []}, "messages: at least one message is required"),
        ({"model": "m", "messages": [{"role": "user"}]}, "messages.0.content: field required"),
        ({"model": "m", "messages": [{"content": "x"}]}, "messages.0.role: field required"),
        (
            {"model": "m", "messages": [{"role": "user", "content": [{"type": "odd"}, {"type": "text"}]}]},
            "messages.0.content.1.text: field required",
        ),
        (
            {"model": "m", "messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages.0.content.0.text: field required",
        ),
        (
            {"model": "m", "messages": [{"role": "user", "content": [{"text": "x"}]}]},
            "messages.0.content.0.type: field required",
        ),
        (
            {"model": "m", "max_tokens": "many", "messages": [{"role": "user", "content": "x"}]},
            "max_tokens: Expected `int | null`, got `str`",
        ),
        (
            {"model": "m", "max_tokens": -1, "messages": [{"role": "user", "content": "x"}]},
            "max_tokens: must be",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_path(body: dict, message: str):
    assert refusal(body).startswith(message)


def refused_block(block: dict) -> str:
    return refusal({"model": "m", "messages": [{"role": "user", "content": [block]}]})


def document(type_: str, **source: object) -> dict:
    return {"type": "document", "source": {"type": type_, **source}}


HALF = {"type": "content", "content": [{"type": "image", "source": {"type": "base64", "data": "A"}}]}
BARE = {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": {"input_schema": "x"}}}


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"type": "image", "source": {"data": "AAAA"}}, "source.type: field required"),
        (
            {"type": "image", "source": {"type": "base64", "data": "AAAA"}},
            "source.media_type: field required",
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png"}},
            "source.data: field required",
        ),
        ({"type": "image", "source": {"type": "url"}}, "source.url: field required"),
        ({"type": "image", "source": {"type": "file"}}, "source.file_id: field required"),
        ({"type": "document", "source": "x"}, "source: Expected `object`, got `str`"),
        (document("text", media_type="text/plain"), "source.data: field required"),
        (document("text", data=3), "source.data: Expected `str | null`, got `int`"),
        (document("base64", data="AAAA"), "source.media_type: field required"),
        (document("content"), "source.content: field required"),
        (document("url"), "source.url: field required"),
        (document("file"), "source.file_id: field required"),
        ({"type": "document", "source": HALF}, "source.content.0.source.media_type: field required"),
        (document("content", content=[{"type": "text"}]), "source.content.0.text: field required"),
        ({"type": "search_result", "source": "s", "content": []}, "title: field required"),
        ({"type": "search_result", "source": "s", "title": "t"}, "content: field required"),
        (
            {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text"}]},
            "content.0.text: field required",
        ),
        ({"type": "server_tool_use", "name": "web_search", "input": {}}, "id: field required"),
        ({"type": "mcp_tool_use", "id": "1", "name": "n", "input": {}}, "server_name: field required"),
        ({"type": "web_search_tool_result", "content": []}, "tool_use_id: field required"),
        ({"type": "advisor_tool_result", "tool_use_id": "1"}, "content: field required"),
        ({"type": "mcp_tool_result", "content": "x"}, "tool_use_id: field required"),
        ({"type": "container_upload"}, "file_id: field required"),
        ({"type": "compaction", "content": 3}, "content: Expected `str | null`, got `int`"),
        ({"type": "browser_state"}, "tabs: field required"),
        ({"type": "tool_removal"}, "tool: field required"),
        (BARE, "tool.definition.input_schema: Expected `object`, got `str`"),
    ],
)
def test_what_a_block_must_have_is_named_with_its_path(block: dict, message: str):
    assert refused_block(block) == f"messages.0.content.0.{message}"
    nested = {"type": "tool_result", "tool_use_id": "t", "content": [block]}
    assert refused_block(nested) == f"messages.0.content.0.content.0.{message}"


@pytest.mark.parametrize(("sent", "got"), [('"x"', "str"), ("[]", "array"), ("3", "int"), ("true", "bool")])
def test_a_schema_that_is_no_object_is_refused(sent: str, got: str):
    body = '{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"name":"T","input_schema":%s}]}'
    assert refusal((body % sent).encode()) == f"tools.0.input_schema: Expected `object`, got `{got}`"


def test_only_a_system_message_may_come_without_content():
    effort = {"output_config": {"effort": "low"}}
    assert decode_request(json.dumps({"model": "m", "messages": [{"role": "system", **effort}]}).encode())
    for odd in ([], [{"role": "user", "content": [{"type": "odd"}]}]):
        messages = [*odd, {"role": "user", **effort}]
        path = f"messages.{len(odd)}.content"
        assert refusal({"model": "m", "messages": messages}) == f"{path}: field required"


def test_too_many_messages_are_refused():
    hi = b'{"role":"user","content":"x"},' * MESSAGE_LIMIT
    body = b'{"model":"m","messages":[%s{"role":"user","content":"x"}]}' % hi
    assert refusal(body) == "messages: at most 100000 messages are allowed"


@pytest.mark.parametrize("path", ["tools.1.input_schema", "output_config.format", "output_format"])
def test_a_schema_that_holds_everybody_up_is_refused(path: str):
    def asked(size: int) -> dict:
        large = {"type": "object", "description": "x" * (size - 37)}
        assert len(json.dumps(large)) == size
        form = {"type": "json_schema", "schema": large}
        return {
            "model": "m",
            "messages": [{"role": "user", "content": "x"}],
            **{
                "tools.1.input_schema": {
                    "tools": [{"name": "a", "input_schema": {}}, {"name": "b", "input_schema": large}]
                },
                "output_config.format": {"output_config": {"format": form}},
                "output_format": {"output_format": form},
            }[path],
        }

    assert refusal(asked(SCHEMA_LIMIT + 1)).startswith(f"{path}: 1048")
    decode_request(json.dumps(asked(SCHEMA_LIMIT - 100)).encode())


def test_what_is_no_text_in_the_system_prompt_keeps_its_place():
    blocks = [{"type": "text", "text": "a"}, BLOCKS[1], {"type": "odd", "text": "b"}, BLOCKS[7]]
    assert decoded(system=blocks).strays == (
        a.Stray(1, "image", has_text=False),
        a.Stray(2, "odd", has_text=True),
        a.Stray(3, "tool_result", has_text=False),
    )
    assert decoded(system=blocks[:1]).strays == decoded(system="a").strays == ()


def test_results_nested_without_end_are_refused():
    block = b'{"type":"tool_result","tool_use_id":"1","content":['
    body = b'{"model":"m","messages":[{"role":"user","content":[%s]}]}' % (block * 400 + b"]}" * 400)
    assert refusal(body).endswith("nested too deeply")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"model":"m"',
        b'{"model":"m\xff","messages":[{"role":"user","content":"x"}]}',
        b'{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"input_schema":{"a":"\xff"}}]}',
        b'{"model":"m","messages":[{"role":"user","content":"x","odd":'
        + b"[" * 100_000
        + b"]" * 100_000
        + b"}]}",
    ],
    ids=["empty", "open", "cut", "not UTF-8", "not UTF-8 in a schema", "nested without end"],
)
def test_what_is_no_json_is_refused(body: bytes):
    assert refusal(body).startswith("the request body is not valid JSON")
