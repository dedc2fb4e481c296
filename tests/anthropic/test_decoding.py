"""Requests are decoded by the rules of gateway/anthropic/wire.py."""

import json

import pytest

from gateway.anthropic import wire as a
from gateway.anthropic.decoding import decode_request
from gateway.errors import RequestRefused

BLOCKS = [
    {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}, "of_next_year": 1},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
    {"type": "document", "source": {"type": "text", "data": "words"}, "title": None},
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
            return (block.title, bytes(block.source))
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
