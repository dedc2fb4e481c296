"""Claude Code finds published models, and its hint headers decide where its requests go."""

from __future__ import annotations

import json

import pytest

from gateway.testing.upstream import Call, Raw, Reply, Rule, When, refusal
from tests.e2e.wiretap import wiretap

HINTS = {"CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1"}


def bash(command: str) -> Call:
    return Call("Bash", {"command": command, "description": "a command"})


def test_published_aliases_reach_the_clients_own_list(claude, start_gateway, settings, upstream):
    aliases = {
        "claude-haiku-4-5-qwen3": {"to": "up/qwen3", "display_name": "Qwen3 (small dialect)"},
        "claude-qwen3-coder": {"to": "up/coder", "display_name": "Qwen3 Coder"},
    }
    more = {"qwen3-plain": {"to": "up/plain", "display_name": "of no name that the client keeps"}}
    gateway = start_gateway(settings(aliases=aliases | more))
    client = claude(gateway)
    upstream.script(Reply(text="hi"))
    with wiretap(gateway.port) as wire:
        outcome = client.run(
            "-p",
            "x",
            "--model",
            "claude-qwen3-coder",
            environ={"CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1", "ANTHROPIC_BASE_URL": wire.url},
        )
    assert (outcome.code, outcome.out) == (0, "hi")
    assert [line for line in wire.asked if "models" in line] == ["GET /v1/models?limit=1000"]
    (chat,) = upstream.chats()
    assert chat.body["model"] == "coder"
    cached = json.loads((client.home / ".claude/cache/gateway-models.json").read_text())
    shown = {model["id"]: model["display_name"] for model in cached["models"]}
    assert shown == {id_: alias["display_name"] for id_, alias in aliases.items()}


@pytest.mark.parametrize("environ", [HINTS, {}], ids=["hint headers", "guesses"])
def test_requests_are_routed_by_what_they_are_for(claude, start_gateway, settings, upstream, environ):
    routes = [
        {"match": {"class": "subagent"}, "to": "up/for-agents"},
        {"match": {"class": "auxiliary"}, "to": "up/for-titles"},
    ]
    client = claude(start_gateway(settings(routes=routes)))
    task = {"description": "a task", "prompt": "SUBTASK: run it", "subagent_type": "general-purpose"}
    sub = Rule(When(last_user="SUBTASK"), (Reply(calls=(bash("echo hi-42"),)), Reply(text="SUBRESULT")))
    upstream.script(Reply(calls=(Call("Agent", task),)), rules=[sub], default=Reply(text="main done"))
    outcome = client.run("-p", "use an agent", "--allowedTools", "Bash,Agent", environ=environ)
    assert (outcome.code, outcome.out[-9:]) == (0, "main done")
    chats = upstream.chats()
    of_agent = [chat for chat in chats if "SUBTASK" in chat.texts("user")[0]]
    assert {chat.body["model"] for chat in of_agent} == {"for-agents"}
    assert {chat.body["model"] for chat in chats if chat not in of_agent} == {"scripted"}
    assert len(of_agent) == 2


@pytest.mark.parametrize("environ", [HINTS, {}], ids=["hint headers", "guesses"])
def test_a_small_job_goes_to_its_own_model(claude, start_gateway, settings, upstream, environ):
    routes = [{"match": {"class": "auxiliary"}, "to": "up/for-small-jobs"}]
    client = claude(start_gateway(settings("anthropic", routes=routes)))
    search = Reply(calls=(Call("WebSearch", {"query": "the weather"}),))
    job = Rule(When(tool="web_search"), (Reply(text="It is sunny."),))
    upstream.script(search, rules=[job], default=Reply(text="done"))
    outcome = client.run("-p", "x", "--allowedTools", "WebSearch", environ=environ)
    assert (outcome.code, outcome.out) == (0, "done")
    chats = upstream.chats()
    assert [chat.body["model"] for chat in chats] == ["scripted", "for-small-jobs", "scripted"]
    said = [chat.headers.get("x-claude-code-request-class") for chat in chats]
    assert said == (["main", "auxiliary", "main"] if environ else [None] * 3)


def test_a_search_of_the_web_is_done_by_the_server_that_can(claude, start_gateway, settings, upstream):
    client = claude(start_gateway(settings("responses")))
    link = "https://weather.example/today"
    found = {
        "type": "web_search_call",
        "id": "ws_1",
        "status": "completed",
        "action": {"type": "search", "query": "the weather", "sources": [{"type": "url", "url": link}]},
    }
    said = {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "It is sunny."}]}
    events = [
        {"type": "response.output_item.done", "output_index": 0, "item": found},
        {"type": "response.output_item.done", "output_index": 1, "item": said},
        {"type": "response.completed", "response": {"status": "completed", "output": [found, said]}},
    ]
    chunks = tuple(f"data: {json.dumps(event)}\n\n" for event in events)
    answer = Raw(headers={"content-type": "text/event-stream"}, chunks=chunks)
    job = Rule(When(anywhere='"type":"web_search"'), (answer,))
    search = Reply(calls=(Call("WebSearch", {"query": "the weather"}),))
    upstream.script(search, rules=[job], default=Reply(text="done"))
    outcome = client.run("-p", "x", "--allowedTools", "WebSearch")
    assert (outcome.code, outcome.out) == (0, "done")
    _, searching, told = upstream.chats()
    assert [tool["type"] for tool in searching.body["tools"]] == ["web_search"]
    (output,) = (item["output"] for item in told.body["input"] if "output" in item)
    assert link in output
    assert "It is sunny." in output


def test_a_compaction_goes_to_its_own_model(claude, start_gateway, settings, upstream):
    routes = [{"match": {"class": "compaction"}, "to": "up/for-summaries"}]
    client = claude(start_gateway(settings(routes=routes)))
    window = (
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
    )
    summary = Rule(
        When(last_user="Your task is to create a detailed summary"),
        (Reply(text="<analysis>a</analysis><summary>They ran echo.</summary>"),),
        repeat=True,
    )
    upstream.script(
        Reply(calls=(bash("echo 1"),)),
        Reply(calls=(bash("echo 2"),)),
        Reply(calls=(bash("echo 3"),)),
        refusal(400, window, code="context_length_exceeded"),
        rules=[summary],
        default=Reply(text="done"),
    )
    outcome = client.run("-p", "run them", "--allowedTools", "Bash", "--model", "my-local")
    assert (outcome.code, outcome.out) == (0, "done")
    summaries = [chat for chat in upstream.chats() if chat.body["model"] == "for-summaries"]
    assert summaries
    assert all("create a detailed summary" in chat.texts("user")[-1] for chat in summaries)


def test_the_next_target_takes_over_while_one_is_away(claude, start_gateway, settings, upstream):
    routes = [{"to": ["up/first", "up/second"]}]
    client = claude(start_gateway(settings(routes=routes)))
    upstream.script(refusal(429, "slow down", retry_after="60"), Reply(text="from the second"))
    outcome = client.run("-p", "x")
    assert (outcome.code, outcome.out) == (0, "from the second")
    assert [chat.body["model"] for chat in upstream.chats()] == ["first", "second"]
    assert outcome.seconds < 30
