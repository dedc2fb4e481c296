"""Claude Code through the gateway to a Chat Completions server: its ordinary work."""

from __future__ import annotations

import pytest

from gateway.testing.upstream import Call, Reply, Rule, When

BASH = ("--allowedTools", "Bash")
STREAM_JSON = ("--output-format", "stream-json", "--verbose", "--include-partial-messages")


def bash(command: str, **more) -> Call:
    return Call("Bash", {"command": command, "description": "a command"}, **more)


@pytest.fixture
def client(claude, gateway):
    return claude(gateway)


def test_all_default_tools_reach_the_model_but_the_placeholder(client, upstream):
    upstream.script(Reply(text="hi"))
    outcome = client.run("-p", "say hi")
    assert (outcome.code, outcome.out) == (0, "hi")
    (chat,) = upstream.chats()
    assert {"Bash", "Read", "Edit", "Write", "ToolSearch"} <= set(chat.tools)
    assert "DeferredToolPlaceholder" not in chat.tools
    assert len(chat.tools) >= 11


def test_system_messages_inside_the_conversation_are_folded_into_the_user_turn(client, upstream):
    upstream.script(Reply(calls=(bash("echo hi-42"),)), Reply(text="hi"))
    assert client.run("-p", "say hi", *BASH).code == 0
    for chat in upstream.chats():
        roles = [message["role"] for message in chat.messages]
        assert roles.count("system") == 1
        assert roles[0] == "system"
    assert "<system-reminder>" in chat.texts("user")[0]
    assert "say hi" in chat.texts("user")[0]


def test_an_empty_system_message_inside_the_conversation_says_nothing(
    claude, start_gateway, settings, upstream
):
    providers = {kind: {"kind": kind, "base_url": upstream.url} for kind in ("openai", "anthropic")}
    models = {"claude-opus-5-5": "anthropic/m", "*": "openai/m"}
    client = claude(start_gateway({"providers": providers, "models": models}))
    upstream.script(default=Reply(text="hi"))
    for model in ("claude-opus-5-5", "claude-sonnet-5-5"):
        assert client.run("--bare", "--tools", "", "--model", model, "-p", "hello").code == 0
    relayed, translated = upstream.chats()
    assert [one["role"] for one in relayed.body["messages"] if one["content"] == []] == ["system"]
    assert [one["role"] for one in translated.messages] == ["system", "user"]
    assert all(one["content"] for one in translated.messages)


def test_partial_messages_arrive_as_real_increments(client, upstream):
    upstream.script(Reply(text="one two three four", pieces=4, delay=0.02))
    outcome = client.run("-p", "x", *STREAM_JSON)
    assert outcome.code == 0
    events = [event for event in outcome.stream_events if event["type"] != "ping"]
    assert [event["type"] for event in events] == [
        "message_start",
        "content_block_start",
        *["content_block_delta"] * 4,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert "".join(event["delta"]["text"] for event in events[2:6]) == "one two three four"
    assert events[-2]["delta"]["stop_reason"] == "end_turn"


def test_files_are_edited_and_written(client, upstream):
    old, new = client.cwd / "old.txt", client.cwd / "new.txt"
    old.write_text("one two\n")
    upstream.script(
        Reply(calls=(Call("Read", {"file_path": str(old)}),)),
        Reply(calls=(Call("Edit", {"file_path": str(old), "old_string": "two", "new_string": "zwei"}),)),
        Reply(calls=(Call("Write", {"file_path": str(new), "content": "äöü €\n"}),)),
        Reply(text="edited"),
    )
    outcome = client.run("-p", "edit", "--permission-mode", "acceptEdits")
    assert (outcome.code, outcome.out) == (0, "edited")
    assert (old.read_text(), new.read_text()) == ("one zwei\n", "äöü €\n")
    chats = upstream.chats()
    assert len(chats) == 4
    assert [name for _, name, _ in chats[-1].calls] == ["Read", "Edit", "Write"]


def test_an_agent_works_beside_the_main_thread(client, upstream):
    task = {"description": "a task", "prompt": "SUBTASK: run it", "subagent_type": "general-purpose"}
    sub = Rule(
        When(last_user="SUBTASK"), (Reply(calls=(bash("echo hi-42"),), delay=0.7), Reply(text="SUBRESULT"))
    )
    upstream.script(
        Reply(calls=(Call("Agent", task),)), rules=[sub], default=Reply(text="main done", delay=0.7)
    )
    outcome = client.run("-p", "use an agent", "--allowedTools", "Bash,Agent")
    assert outcome.code == 0
    assert outcome.out.endswith("main done")
    chats = upstream.chats()
    of_agent = [chat for chat in chats if "SUBTASK" in chat.texts("user")[0]]
    of_main = [chat for chat in chats if chat not in of_agent]
    assert len(of_agent) == 2
    assert of_agent[1].texts("tool")[0].startswith("hi-42")
    assert "Agent" in of_main[0].tools
    assert "SUBRESULT" in str(of_main[-1].messages)
    assert of_agent[0].at < of_main[1].done_at
    assert of_main[1].at < of_agent[0].done_at, "one after the other"
    assert client.log.count(" agent=") == len(of_agent)


@pytest.mark.parametrize(
    ("reply", "field"),
    [
        (
            Reply(reasoning="Let me look.", reasoning_field="reasoning", calls=(bash("echo hi-42"),)),
            "reasoning",
        ),
        (Reply(reasoning="Let me look.", think_tags=True, calls=(bash("echo hi-42"),)), "think tags"),
        (Reply(reasoning="Let me look.", text="I look.", calls=(bash("echo hi-42"),)), "before text"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_reasoning_in_any_form_before_a_call_is_accepted_in_the_history(client, upstream, reply, field):
    upstream.script(reply, Reply(text="done"))
    outcome = client.run("-p", "run it", *BASH)
    assert (outcome.code, outcome.out) == (0, "done")
    _, second = upstream.chats()
    (said,) = [message for message in second.messages if message["role"] == "assistant"]
    assert said["reasoning_content"] == "Let me look."
    assert (said.get("content") or "") == reply.text
    assert second.texts("tool") == ["hi-42"]


def test_a_model_name_reaches_the_upstream_as_routed_and_without_its_window_suffix(
    claude, start_gateway, settings, upstream
):
    models = {"my-local-*": "up/my-upstream-model", "*": "up/something-else"}
    client = claude(start_gateway(settings(models=models)))
    upstream.script(Reply(text="one"), Reply(text="two"))
    for name in ("my-local-model", "my-local-model[1m]"):
        assert client.run("-p", "x", "--model", name).code == 0
    assert [chat.body["model"] for chat in upstream.chats()] == ["my-upstream-model"] * 2


def test_an_auth_token_is_accepted_as_client_key_and_goes_no_further(
    claude, start_gateway, settings, upstream
):
    client = claude(
        start_gateway(settings(server={"keys": ["tok-123"]}, provider={"api_key": "upstream-key"})),
        ANTHROPIC_AUTH_TOKEN="tok-123",
        ANTHROPIC_API_KEY="",
    )
    upstream.script(Reply(text="let in"))
    outcome = client.run("-p", "x")
    assert (outcome.code, outcome.out) == (0, "let in")
    (chat,) = upstream.chats()
    assert chat.headers["authorization"] == "Bearer upstream-key"
    assert "tok-123" not in str(chat)


def test_a_wrong_key_is_refused_at_once(claude, start_gateway, settings, upstream):
    client = claude(start_gateway(settings(server={"keys": ["tok-123"]})), ANTHROPIC_API_KEY="sk-wrong")
    outcome = client.run("-p", "x")
    assert outcome.code == 1
    assert outcome.seconds < 30
    assert not upstream.chats()


def test_a_continued_conversation_carries_its_history(client, upstream):
    upstream.script(Reply(text="answer one"), Reply(text="answer two"))
    assert client.run("-p", "question one").out == "answer one"
    assert client.run("-p", "question two", "-c").out == "answer two"
    _first, second = upstream.chats()
    assert [message["role"] for message in second.messages] == ["system", "user", "assistant", "user"]
    assert second.texts("assistant") == ["answer one"]
    assert "question one" in second.texts("user")[0]
    assert "question two" in second.texts("user")[1]


def test_a_base_url_that_ends_in_v1_works(client, gateway, upstream):
    upstream.script(Reply(text="found"))
    outcome = client.run("-p", "x", environ={"ANTHROPIC_BASE_URL": f"{gateway.url}/v1"})
    assert (outcome.code, outcome.out) == (0, "found")
