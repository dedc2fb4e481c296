"""Claude Code through the gateway to a server that answers in odd ways: the session goes on."""

from __future__ import annotations

import pytest

from gateway.testing.upstream import Call, Reply

BASH = ("--allowedTools", "Bash")


def bash(command: str, **more) -> Call:
    return Call("Bash", {"command": command, "description": "a command"}, **more)


@pytest.fixture
def client(claude, gateway):
    return claude(gateway)


def test_a_call_with_broken_json_is_asked_for_again(client, upstream):
    broken = Reply(calls=(Call("Bash", '{"command": "echo never", "descr'),))
    upstream.script(broken, Reply(calls=(bash("echo hi-42"),)), Reply(text="done"))
    outcome = client.run("-p", "x", *BASH)
    assert (outcome.code, outcome.out) == (0, "done")
    *_, last = upstream.chats()
    assert [arguments["command"] for _, _, arguments in last.calls] == ["echo hi-42"]
    assert last.texts("tool") == ["hi-42"]


def test_a_call_with_empty_arguments_is_a_call_with_none(client, upstream):
    upstream.script(Reply(calls=(Call("Bash", ""),)), Reply(text="done"))
    outcome = client.run("-p", "x", *BASH)
    assert (outcome.code, outcome.out) == (0, "done")
    _, second = upstream.chats()
    assert [(name, arguments) for _, name, arguments in second.calls] == [("Bash", {})]
    assert "command" in second.texts("tool")[0]


@pytest.mark.parametrize(
    "given", [None, "", "call:1/ä", "x" * 300], ids=["none", "empty", "odd letters", "long"]
)
def test_a_call_is_run_whatever_its_id(client, upstream, given):
    upstream.script(Reply(calls=(bash("echo hi-42", id=given),)), Reply(text="done"))
    outcome = client.run("-p", "x", *BASH)
    assert (outcome.code, outcome.out) == (0, "done")
    _, second = upstream.chats()
    ((sent, _, _),) = second.calls
    assert second.result_ids == [sent]
    assert second.texts("tool") == ["hi-42"]
    assert sent == given if given else sent


def test_a_call_is_run_though_the_server_says_stop(client, upstream):
    upstream.script(Reply(calls=(bash("echo hi-42"),), finish="stop"), Reply(text="done"))
    outcome = client.run("-p", "x", *BASH)
    assert (outcome.code, outcome.out) == (0, "done")
    assert upstream.chats()[1].texts("tool") == ["hi-42"]


def test_an_id_used_in_every_turn_does_not_lose_the_call(client, upstream):
    turns = [Reply(calls=(bash(f"echo turn-{n}", id="call_0"),)) for n in range(3)]
    upstream.script(*turns, Reply(text="done"))
    outcome = client.run("-p", "x", *BASH)
    assert (outcome.code, outcome.out) == (0, "done")
    last = upstream.chats()[-1]
    assert len(upstream.chats()) == 4
    assert last.texts("tool") == ["turn-0", "turn-1", "turn-2"]
    assert [sent for sent, _, _ in last.calls] == ["call_0"] * 3


def test_an_id_used_twice_in_one_answer_does_not_lose_a_call(client, upstream):
    calls = (bash("echo one", id="call_0"), bash("echo two", id="call_0"))
    upstream.script(Reply(calls=calls), Reply(text="done"))
    outcome = client.run("-p", "x", *BASH)
    assert (outcome.code, outcome.out) == (0, "done")
    _, second = upstream.chats()
    assert second.texts("tool") == ["one", "two"]
    sent = [sent for sent, _, _ in second.calls]
    assert len(set(sent)) == 2
    assert second.result_ids == sent


def test_interleaved_fragments_of_parallel_calls_are_kept_apart(client, upstream):
    calls = tuple(bash(f"echo number-{n}", id=f"c{n}", pieces=5) for n in range(3))
    upstream.script(Reply(calls=calls, interleave=True), Reply(text="done"))
    outcome = client.run("-p", "x", *BASH)
    assert (outcome.code, outcome.out) == (0, "done")
    assert upstream.chats()[1].texts("tool") == ["number-0", "number-1", "number-2"]
