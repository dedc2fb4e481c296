"""Claude Code through the gateway: tools that it keeps back until the model has searched for them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from gateway.testing.upstream import Call, Reply

SERVER = Path(__file__).parent / "mcp_server.py"


def search(name: str) -> Reply:
    return Reply(calls=(Call("ToolSearch", {"query": f"select:{name}", "max_results": 5}, id="call_s"),))


def pictures(chat) -> int:
    """How many pictures the messages of a request hold, of either kind."""
    parts = [part for message in chat.messages for part in message["content"] or () if isinstance(part, dict)]
    return sum(part["type"] == "image_url" for part in parts) + sum(
        len(message.get("images", [])) for message in chat.messages
    )


@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_a_tool_of_an_mcp_server_is_found_called_and_answered_with_a_picture(
    claude, start_gateway, settings, upstream, kind: str
):
    client = claude(start_gateway(settings(kind)))
    server = {"type": "stdio", "command": sys.executable, "args": [str(SERVER)]}
    upstream.script(
        search("mcp__srv__add"),
        Reply(calls=(Call("mcp__srv__add", {"a": 40, "b": 2}, id="call_a"),)),
        Reply(text="42"),
    )
    outcome = client.run(
        "-p",
        "add 40 and 2",
        "--mcp-config",
        json.dumps({"mcpServers": {"srv": server}}),
        "--allowedTools",
        "mcp__srv__add",
    )
    assert (outcome.code, outcome.out) == (0, "42")
    first, second, third = upstream.chats()
    assert "mcp__srv__add" not in first.tools
    assert "mcp__srv__add" in second.tools
    (told,) = [t["function"] for t in second.body["tools"] if t["function"]["name"] == "mcp__srv__add"]
    assert set(told["parameters"]["properties"]) == {"a", "b"}
    assert "mcp__srv__add" in second.texts("tool")[0]
    assert "the sum is 42" in third.texts("tool")[1]
    assert pictures(third) == 1


def test_a_tool_of_the_clients_own_is_found_and_called(claude, gateway, upstream):
    client = claude(gateway)
    task = {"subject": "water the plants", "description": "all of them"}
    upstream.script(
        search("TaskCreate"),
        Reply(calls=(Call("TaskCreate", task, id="call_t"),)),
        Reply(text="noted"),
    )
    outcome = client.run("-p", "note a task", "--allowedTools", "TaskCreate")
    assert (outcome.code, outcome.out) == (0, "noted")
    first, second, third = upstream.chats()
    assert "TaskCreate" not in first.tools
    assert "TaskCreate" in second.tools
    assert "water the plants" in third.texts("tool")[1]
