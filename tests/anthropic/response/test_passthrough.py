"""Events of a server that speaks Messages pass unchanged but for model and index."""

import json

import pytest

from gateway.anthropic.response import events as e
from gateway.anthropic.response.passthrough import forward_event, holds_tool_call
from gateway.parts import PassthroughEvent


@pytest.mark.parametrize(
    ("name", "sent", "blocks_before", "data"),
    [
        (
            "message",
            {"id": "msg_1", "model": "theirs", "content": [], "new": {"é": 1.50}},
            2,
            {"id": "msg_1", "model": "ours", "content": [], "new": {"é": 1.50}},
        ),
        (
            "message_start",
            {"type": "message_start", "message": {"id": "msg_1", "model": "theirs"}},
            0,
            {"type": "message_start", "message": {"id": "msg_1", "model": "ours"}},
        ),
        ("message_start", {"message": {}}, 0, {"message": {"model": "ours"}}),
        (
            "content_block_delta",
            {"index": 1, "delta": {"text": "日本"}},
            2,
            {"index": 3, "delta": {"text": "日本"}},
        ),
    ],
)
def test_model_and_index_are_the_clients(name: str, sent: dict, blocks_before: int, data: dict):
    event = forward_event(PassthroughEvent(name, json.dumps(sent).encode()), "ours", blocks_before)
    assert (event.name, json.loads(event.data)) == (name, data)


@pytest.mark.parametrize(
    ("name", "data", "blocks_before"),
    [
        ("content_block_start", b'{ "index" : 0 }', 0),
        ("message_delta", b'{ "index" : 0 }', 3),
        ("ping", b"{}", 1),
        ("future_event", b'{"a": "\\u00e9"}', 1),
    ],
)
def test_other_events_pass_byte_for_byte(name: str, data: bytes, blocks_before: int):
    assert forward_event(PassthroughEvent(name, data), "ours", blocks_before) == e.Relayed(name, data)


@pytest.mark.parametrize(
    ("name", "data", "holds"),
    [
        ("content_block_start", b'{"content_block":{"type":"tool_use","id":"t"}}', True),
        ("content_block_start", b'{"content_block":{"type":"server_tool_use"}}', True),
        ("content_block_start", b'{"content_block":{"type":"text"}}', False),
        ("content_block_start", b"{}", False),
        ("content_block_start", b'{"content_block":{"type":3}}', False),
        ("content_block_start", b"{", False),
        ("message", b'{"content":[{"type":"text"},{"type":"mcp_tool_use"}]}', True),
        ("message", b'{"content":[{"type":"text"},{}]}', False),
        ("message", b'{"content":[]}', False),
        ("content_block_delta", b'{"content_block":{"type":"tool_use"}}', False),
    ],
)
def test_event_that_holds_a_tool_call(name: str, data: bytes, holds: bool):
    assert holds_tool_call(PassthroughEvent(name, data)) is holds
