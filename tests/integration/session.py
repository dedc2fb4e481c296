"""A session of the official SDK with one tool, whose calls are answered and sent back."""

from __future__ import annotations

from typing import Any

import anthropic

TOOL: Any = {"name": "look", "input_schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}
HELLO: Any = [{"role": "user", "content": "hello"}]


def answered(client: anthropic.Anthropic, messages: Any, *, stream: bool, **asked: Any) -> Any:
    said: Any = {"model": "claude-x", "max_tokens": 1000, "tools": [TOOL], "messages": messages, **asked}
    if not stream:
        return client.messages.create(**said)
    with client.messages.stream(**said) as events:
        return events.get_final_message()


def went_on(first: Any) -> Any:
    said = [block.to_dict() for block in first.content]
    ids = [block["id"] for block in said if block["type"] == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": id_, "content": "seen"} for id_ in ids]
    return [*HELLO, {"role": "assistant", "content": said}, {"role": "user", "content": results}]
