"""Claude Code through the gateway: what must hold whatever protocol the upstream speaks.

What differs between protocols most, a question and a round trip, is asked of each of them.
"""

from __future__ import annotations

import os
import signal
import time

import pytest

from gateway.testing.upstream import Call, Reply, Usage

BASH = ("--allowedTools", "Bash")


def bash(command: str, **more) -> Call:
    return Call("Bash", {"command": command, "description": "a command"}, **more)


@pytest.fixture(params=["openai", "ollama"])
def kind(request) -> str:
    return request.param


every_kind = pytest.mark.parametrize("kind", ["openai", "responses", "ollama", "anthropic"], indirect=True)


@pytest.fixture
def client(kind, claude, start_gateway, settings):
    return claude(start_gateway(settings(kind)))


@every_kind
def test_bare_question_is_answered(client, kind, upstream):
    upstream.script(Reply(text="Hello from the scripted model."))
    outcome = client.run("--bare", "--tools", "", "-p", "say hi")
    assert (outcome.code, outcome.out) == (0, "Hello from the scripted model.")
    (chat,) = upstream.chats()
    assert chat.body["model"] == "scripted"
    assert chat.body["stream"] is True
    assert chat.body.get("tools", []) == []
    assert [message["role"] for message in chat.messages][:2] == ["system", "user"]
    assert "say hi" in chat.texts("user")[0]
    assert ("x-anthropic-billing-header" in str(chat.body)) is (kind == "anthropic")


@every_kind
def test_a_file_is_read_and_its_text_reaches_the_model(client, upstream):
    (client.cwd / "notes.txt").write_text("the secret word is heliotrope\n")
    upstream.script(
        Reply(calls=(Call("Read", {"file_path": str(client.cwd / "notes.txt")}),)),
        Reply(text="It is heliotrope."),
    )
    outcome = client.run("-p", "what is the secret word?")
    assert (outcome.code, outcome.out) == (0, "It is heliotrope.")
    first, second = upstream.chats()
    assert "Read" in first.tools
    assert [name for _, name, _ in second.calls] == ["Read"]
    assert "heliotrope" in second.texts("tool")[0]
    assert second.messages[: len(first.messages) - 1] == first.messages[:-1]


@every_kind
def test_a_command_is_run_and_its_output_reaches_the_model(client, upstream):
    upstream.script(Reply(text="Running it.", calls=(bash("echo hi-$((40+2))"),)), Reply(text="done"))
    outcome = client.run("-p", "run it", *BASH)
    assert (outcome.code, outcome.out) == (0, "done")
    _, second = upstream.chats()
    assert [arguments["command"] for _, _, arguments in second.calls] == ["echo hi-$((40+2))"]
    assert "Running it." in "".join(second.texts("assistant"))
    assert second.texts("tool") == ["hi-42"]


def test_results_of_parallel_calls_go_back_in_the_order_of_the_calls(client, upstream):
    commands = ("sleep 0.7; echo first", "cat /nowhere/at/all", "echo third")
    upstream.script(
        Reply(calls=tuple(bash(command, id=f"call_{n}") for n, command in enumerate(commands))),
        Reply(text="done"),
    )
    outcome = client.run("-p", "run them", *BASH)
    assert (outcome.code, outcome.out) == (0, "done")
    _, second = upstream.chats()
    assert [arguments["command"] for _, _, arguments in second.calls] == list(commands)
    results = second.texts("tool")
    assert results[0] == "first"
    assert "No such file" in results[1]
    assert results[2] == "third"


def test_reasoning_before_a_call_is_kept_in_the_history(client, kind, upstream):
    upstream.script(Reply(reasoning="Let me look at it.", calls=(bash("echo hi-42"),)), Reply(text="done"))
    outcome = client.run("-p", "run it", *BASH)
    assert (outcome.code, outcome.out) == (0, "done")
    _, second = upstream.chats()
    (said,) = [message for message in second.messages if message["role"] == "assistant"]
    assert said["thinking" if kind == "ollama" else "reasoning_content"] == "Let me look at it."
    assert second.texts("tool") == ["hi-42"]


def test_usage_that_comes_last_is_what_the_client_reports(client, upstream):
    upstream.script(Reply(text="counted", usage=Usage(prompt=1234, completion=56), usage_in="last"))
    outcome = client.run("-p", "count", "--output-format", "json")
    assert outcome.code == 0
    assert outcome.json["result"] == "counted"
    usage = outcome.json["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (1234, 56)


def test_an_answer_cut_by_length_is_continued(client, upstream):
    upstream.script(Reply(text="The first half", finish="length"), Reply(text=" and the second."))
    outcome = client.run("-p", "x")
    assert outcome.code == 0
    assert "and the second." in outcome.out
    first, second = upstream.chats()
    assert "The first half" in second.texts("assistant")[-1]
    assert len(second.messages) > len(first.messages)


def test_an_error_after_some_text_is_asked_again_without_streaming(client, upstream):
    broken = Reply(text="half of an answer, and then", pieces=6, after=3, ending="error")
    upstream.script(broken, Reply(text="the whole answer"))
    outcome = client.run("-p", "x")
    assert (outcome.code, outcome.out) == (0, "the whole answer")
    assert len(upstream.chats()) == 2


def test_an_interrupted_client_ends_the_upstream_request_within_a_second(client, upstream):
    upstream.script(Reply(text="word " * 600, pieces=600, delay=0.05))
    process = client.start("-p", "x")
    (chat,) = upstream.wait_for_chats(1, seconds=30)
    while upstream.chats()[0].first_byte_at is None:
        time.sleep(0.02)
    time.sleep(0.5)
    interrupted = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=20)
    while (chat := upstream.chats()[0]).gone_at is None and time.monotonic() < interrupted + 10:
        time.sleep(0.05)
    assert chat.gone_at is not None
    assert chat.gone_at - interrupted < 1.5
    assert len(upstream.chats()) == 1
