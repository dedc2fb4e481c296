"""Claude Code through the gateway to a server that is silent, refuses or breaks: its outcome stays right."""

from __future__ import annotations

import pytest

from gateway.testing.upstream import Call, Reply, refusal

BASH = ("--allowedTools", "Bash")
WINDOW = 8192


def bash(command: str, **more) -> Call:
    return Call("Bash", {"command": command, "description": "a command"}, **more)


@pytest.fixture
def client(claude, gateway):
    return claude(gateway)


@pytest.fixture
def quick(claude, start_gateway, settings):
    """Behind a gateway that starts its answers after a second of silence."""
    server = {"commit_after": "1s", "ping_every": "1s", "drip_after": "2s", "drip_every": "1s"}
    return claude(start_gateway(settings(server=server)))


def test_silence_before_the_answer_is_bridged(quick, upstream):
    upstream.script(Reply(text="after a while", before_headers=9))
    outcome = quick.run("-p", "x", environ={"API_TIMEOUT_MS": "4000"})
    assert (outcome.code, outcome.out) == (0, "after a while")
    assert len(upstream.chats()) == 1


def test_silence_within_the_answer_is_bridged(quick, upstream):
    upstream.script(Reply(text="before and after", pieces=2, pause_after=1, pause=12))
    outcome = quick.run("-p", "x", environ={"CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS": "4000"})
    assert (outcome.code, outcome.out) == (0, "before and after")
    assert len(upstream.chats()) == 1


def test_a_rate_limit_is_waited_for_as_long_as_the_upstream_says(client, upstream):
    upstream.script(refusal(429, "slow down", retry_after="2"), Reply(text="now"))
    outcome = client.run("-p", "x", environ={"CLAUDE_CODE_MAX_RETRIES": "1"})
    assert (outcome.code, outcome.out) == (0, "now")
    first, second = upstream.chats()
    assert second.at - first.at >= 2


def test_an_unavailable_server_is_asked_again(client, upstream):
    down = refusal(503, "come back later")
    upstream.script(down, down, Reply(text="now"))
    outcome = client.run("-p", "x", environ={"CLAUDE_CODE_MAX_RETRIES": "2"})
    assert (outcome.code, outcome.out) == (0, "now")
    assert len(upstream.chats()) == 3


def test_a_failing_server_is_asked_again_until_the_client_gives_up(client, upstream):
    upstream.script(default=refusal(500, "the tensor is on fire"))
    outcome = client.run("-p", "x", environ={"CLAUDE_CODE_MAX_RETRIES": "1"})
    assert outcome.code == 1
    assert "the tensor is on fire" in outcome.out + outcome.err
    assert len(upstream.chats()) == 2


def test_credentials_that_the_upstream_rejects_are_no_reason_to_ask_again(client, upstream):
    upstream.script(default=refusal(401, "Incorrect API key provided: sk-secret-123456"))
    outcome = client.run("-p", "x")
    assert outcome.code == 1
    assert len(upstream.chats()) == 1
    assert "sk-secret-123456" not in outcome.out + outcome.err
    assert "/login" not in outcome.out


@pytest.mark.parametrize("ending", ["cut", "reset"])
def test_a_stream_that_breaks_inside_a_block_is_asked_for_again(client, upstream, ending):
    broken = Reply(text="half of an answer, and then", pieces=6, after=3, ending=ending, delay=0.02)
    upstream.script(broken, default=Reply(text="the whole answer"))
    outcome = client.run("-p", "x")
    assert (outcome.code, outcome.out) == (0, "the whole answer")
    assert 2 <= len(upstream.chats()) <= 3


def test_a_call_cut_in_its_arguments_is_not_run(client, upstream):
    marker = client.cwd / "marker"
    broken = Reply(calls=(bash(f"touch {marker}", pieces=6),), after=4, ending="cut", delay=0.02)
    upstream.script(broken, default=Reply(text="the whole answer"))
    outcome = client.run("-p", "x", *BASH)
    assert (outcome.code, outcome.out) == (0, "the whole answer")
    assert not marker.exists()


def overflow(asked: int) -> str:
    return (
        f"This model's maximum context length is {WINDOW} tokens. However, you requested {asked} tokens "
        f"({asked - 100} in the messages, 100 in the completion). Please reduce the length of the messages."
    )


def compacted(upstream, silence: float) -> list:
    """Three rounds of work, then the window is full until the client has sent a summary of it."""
    refused = refusal(400, overflow(9131))
    late = Reply(before_headers=silence, ending="error", after=0, error=overflow(9131))
    rounds = [Reply(calls=(bash(f"echo round-{n}"),)) for n in range(3)]
    full = [late, refused] if silence else [refused]
    summary = Reply(text="<analysis>a</analysis><summary>we ran three commands</summary>")
    upstream.script(*rounds, *full, summary, default=Reply(text="done after compaction"))
    return upstream


@pytest.mark.parametrize("silence", [0, 3], ids=["before any header", "after headers and pings"])
def test_an_overflow_makes_the_client_compact_and_go_on(quick, upstream, silence):
    compacted(upstream, silence)
    outcome = quick.run("-p", "x", "--model", "my-local", *BASH)
    assert (outcome.code, outcome.out) == (0, "done after compaction")
    last = upstream.chats()[-1]
    assert "we ran three commands" in str(last.messages)
