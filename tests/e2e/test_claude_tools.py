"""Claude Code through the gateway: structured output, and a search that nobody can do."""

from __future__ import annotations

import json

import pytest

from gateway.testing.upstream import Call, Reply

SCHEMA = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}
STRUCTURED = ("--json-schema", json.dumps(SCHEMA), "--output-format", "json")


@pytest.fixture(params=["openai", "ollama"])
def client(request, claude, start_gateway, settings):
    return claude(start_gateway(settings(request.param)))


def structured(arguments: dict, **more) -> Call:
    return Call("StructuredOutput", arguments, **more)


def test_structured_output_is_what_the_model_called_for(client, upstream):
    upstream.script(Reply(calls=(structured({"answer": 42}),)), Reply(text="done"))
    outcome = client.run("-p", "what is the answer?", *STRUCTURED)
    assert outcome.code == 0
    assert outcome.json["structured_output"] == {"answer": 42}
    first = upstream.chats()[0]
    (told,) = [
        tool["function"] for tool in first.body["tools"] if tool["function"]["name"] == "StructuredOutput"
    ]
    assert told["parameters"]["properties"] == SCHEMA["properties"]


def test_structured_output_that_does_not_match_is_called_for_again(client, upstream):
    upstream.script(
        Reply(calls=(structured({"answer": "many"}, id="call_1"),)),
        Reply(calls=(structured({"answer": 42}, id="call_2"),)),
        Reply(text="done"),
    )
    outcome = client.run("-p", "what is the answer?", *STRUCTURED)
    assert outcome.code == 0
    assert outcome.json["structured_output"] == {"answer": 42}
    second = upstream.chats()[1]
    assert "answer" in second.texts("tool")[0]


def test_session_survives_a_search_that_nobody_can_do(client, upstream):
    upstream.script(
        Reply(calls=(Call("WebSearch", {"query": "litestar"}),)), Reply(text="I could not search.")
    )
    outcome = client.run("-p", "search for litestar", "--allowedTools", "WebSearch")
    assert (outcome.code, outcome.out) == (0, "I could not search.")
    _, second = upstream.chats()
    assert [name for _, name, _ in second.calls] == ["WebSearch"]
    assert "not available on this gateway" in second.texts("tool")[0]
