"""Claude Code through the gateway to refusals, a fallback model, strict validation and its own impatience."""

from __future__ import annotations

import pytest

from gateway.testing.upstream import Call, Reply, Rule, Usage, When, refusal

BASH = ("--allowedTools", "Bash")


def bash(command: str, **more) -> Call:
    return Call("Bash", {"command": command, "description": "a command"}, **more)


@pytest.fixture
def client(claude, gateway):
    return claude(gateway)


def test_a_model_that_the_upstream_does_not_have_is_named(client, upstream):
    upstream.script(default=refusal(404, "model 'scripted' not found"))
    outcome = client.run("-p", "x", "--model", "my-model")
    assert outcome.code == 1
    assert "issue with the selected model (my-model)" in outcome.out
    assert 1 <= len(upstream.chats()) <= 2


def test_a_model_that_nothing_maps_never_reaches_the_upstream(claude, start_gateway, settings, upstream):
    client = claude(start_gateway(settings(models={"other": "up/scripted"})))
    outcome = client.run("-p", "x", "--model", "my-model")
    assert outcome.code == 1
    assert "issue with the selected model (my-model)" in outcome.out
    assert not upstream.chats()


def test_a_request_too_large_for_the_upstream_is_said_to_be(client, upstream):
    upstream.script(default=refusal(413, "Request Entity Too Large"))
    outcome = client.run("-p", "x")
    assert outcome.code == 1
    assert "Request too large" in outcome.out
    assert len(upstream.chats()) == 1


def test_a_prompt_too_large_for_the_api_is_refused_before_any_upstream_is_asked(client, upstream):
    (client.cwd / "long.txt").write_text("word " * 7 * 1024 * 1024)
    outcome = client.run("--bare", "--tools", "", "--append-system-prompt-file", "long.txt", "-p", "x")
    assert outcome.code == 1
    assert "Request too large" in outcome.out
    assert not upstream.chats()


def test_an_overloaded_model_is_replaced_by_the_fallback_model(claude, start_gateway, settings, upstream):
    models = {"primary-m": "up/primary", "second-m": "up/second"}
    client = claude(start_gateway(settings(models=models)))
    away = Rule(When(anywhere='"primary"'), (refusal(503, "overloaded"),), repeat=True)
    upstream.script(rules=[away], default=Reply(text="from the second"))
    outcome = client.run("-p", "x", "--model", "primary-m", "--fallback-model", "second-m")
    assert (outcome.code, outcome.out) == (0, "from the second")
    asked = [chat.body["model"] for chat in upstream.chats()]
    assert (asked[0], asked[-1]) == ("primary", "second")
    assert asked.count("second") == 1


WORDINGS = {
    "Anthropic": "prompt is too long: 9131 tokens > 8192 maximum",
    "OpenAI": (
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9131 tokens. "
        "Please reduce the length of the messages."
    ),
    "vLLM": (
        "This model's maximum context length is 8192 tokens. However, you requested 9231 tokens (9131 in the "
        "messages, 100 in the completion). Please reduce the length of the messages or completion."
    ),
    "OpenRouter": (
        "This endpoint's maximum context length is 8192 tokens. However, you requested about 9131 tokens "
        "(9031 of text input, 100 in the output). Please reduce the length of either one."
    ),
    "llama.cpp": "request (9131 tokens) exceeds the available context size (8192 tokens), try increasing it",
    "Ollama": "input length exceeds the context length",
    "LM Studio": (
        "Trying to keep the first 9131 tokens when context the overflows. However, the model is loaded with "
        "context length of only 8192 tokens, which is not enough."
    ),
}


@pytest.mark.parametrize(
    ("kind", "server"),
    [("openai", server) for server in WORDINGS]
    + [("ollama", server) for server in ("llama.cpp", "Ollama")]
    + [("responses", "OpenAI"), ("anthropic", "Anthropic"), ("anthropic", "LM Studio")],
)
def test_an_overflow_in_any_servers_words_makes_the_client_compact(
    claude, start_gateway, settings, upstream, kind: str, server: str
):
    client = claude(start_gateway(settings(kind)))
    rounds = [Reply(calls=(bash(f"echo round-{n}"),)) for n in range(3)]
    summary = Reply(text="<analysis>a</analysis><summary>we ran three commands</summary>")
    upstream.script(*rounds, refusal(400, WORDINGS[server]), summary, default=Reply(text="done"))
    outcome = client.run("-p", "x", "--model", "my-local", *BASH)
    assert (outcome.code, outcome.out) == (0, "done")
    chats = upstream.chats()
    assert len(chats) == 6
    assert "we ran three commands" in str(chats[-1].messages)


def test_reported_usage_makes_the_client_compact_in_time(client, upstream):
    full = Usage(prompt=190_000, completion=20)
    summary = Rule(
        When(last_user="Your task is to create a detailed summary"),
        (Reply(text="<analysis>a</analysis><summary>we ran one command</summary>"),),
    )
    upstream.script(
        Reply(calls=(bash("echo one"),)),
        Reply(calls=(bash("echo two"),), usage=full),
        rules=[summary],
        default=Reply(text="done"),
    )
    window = {"CLAUDE_CODE_MAX_CONTEXT_TOKENS": "200000"}
    outcome = client.run("-p", "x", "--model", "my-local", *BASH, environ=window)
    assert (outcome.code, outcome.out) == (0, "done")
    chats = upstream.chats()
    assert len(chats) == 4
    assert "we ran one command" in str(chats[-1].messages)


def test_an_upstream_that_stalls_is_given_up_and_asked_again(claude, start_gateway, settings, upstream):
    client = claude(start_gateway(settings(provider={"timeouts": {"idle": "3s"}})))
    stalled = Reply(text="half of it, and then", pieces=4, after=2, ending="stall")
    upstream.script(stalled, Reply(text="the whole answer"))
    outcome = client.run("-p", "x", environ={"CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS": "4000"})
    assert (outcome.code, outcome.out) == (0, "the whole answer")
    first, _second = upstream.chats()
    assert first.gone_at is not None
    assert outcome.seconds < 30


def test_a_client_that_gives_up_waiting_ends_the_upstream_requests(claude, start_gateway, settings, upstream):
    client = claude(start_gateway(settings(server={"commit_after": "60s"})))
    upstream.script(default=Reply(text="too late", before_headers=25))
    environ = {"API_TIMEOUT_MS": "3000", "CLAUDE_CODE_MAX_RETRIES": "1"}
    outcome = client.run("-p", "x", environ=environ)
    assert outcome.code == 1
    assert "timed out" in outcome.out.lower()
    chats = upstream.chats()
    assert len(chats) == 2
    for chat in chats:
        assert chat.gone_at is not None
        assert chat.gone_at - chat.at < 6


def test_strict_validation_refuses_nothing_that_the_client_forms(claude, start_gateway, settings, upstream):
    client = claude(start_gateway(settings(server={"validation": "strict"})))
    task = {"description": "a task", "prompt": "SUBTASK: run it", "subagent_type": "general-purpose"}
    sub = Rule(When(last_user="SUBTASK"), (Reply(calls=(bash("echo hi-42"),)), Reply(text="SUBRESULT")))
    upstream.script(
        Reply(
            reasoning="Let me look.", text="I run it.", calls=(bash("echo one"), bash("echo two", id="c2"))
        ),
        Reply(calls=(Call("ToolSearch", {"query": "select:TaskCreate", "max_results": 5}),)),
        Reply(calls=(Call("Agent", task),)),
        rules=[sub],
        default=Reply(text="done"),
    )
    outcome = client.run("-p", "x", "--allowedTools", "Bash,Agent,TaskCreate")
    assert (outcome.code, outcome.out[-4:]) == (0, "done")
    chats = upstream.chats()
    assert "TaskCreate" in chats[2].tools
    assert any("SUBRESULT" in str(chat.messages) for chat in chats)
    assert client.log.count(" path=/v1/messages status=200") == len(chats)
    assert " status=400" not in client.log
