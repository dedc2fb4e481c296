"""What a request says besides its tools, from each kind of upstream's side and from the client's."""

import pytest

from gateway.testing.upstream import Reply, Usage

HELLO = {"role": "user", "content": "hello"}


def test_text_and_system_prompt(talk, upstream, stream: bool):
    upstream.script(Reply(text="Grüße, 世界 🌍", usage=Usage(prompt=30, completion=5)))
    said = talk(
        stream=stream, system=[{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}]
    )
    assert said.told.system == "Be brief.\n\nBe kind."
    assert said.told.turns == [("user", "hello")]
    assert said.told.body.get("stream", False) is stream
    assert (said.text, said.stopped) == ("Grüße, 世界 🌍", ("end_turn", None))
    assert said.message["model"] != "scripted", "the client sees the name that it asked for"


def test_system_message_inside_the_conversation(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    turns = [HELLO, {"role": "system", "content": "Agents: a"}, {"role": "assistant", "content": "hm"}, HELLO]
    said = talk(messages=turns)
    match kind:
        case "responses":
            assert ("developer", "Agents: a") in said.told.turns
        case "anthropic":
            assert said.told.body["messages"] == turns
        case _:
            reminder = "hello\n\n<system-reminder>\nAgents: a\n</system-reminder>"
            assert said.told.turns == [("user", reminder), ("assistant", "hm"), ("user", "hello")]
    assert said.text == "ok"


def test_sampling(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    said = talk(temperature=0.5, top_p=0.9, top_k=7)
    wanted = {"temperature": 0.5, "top_p": 0.9, "top_k": 7}
    if kind in ("openai", "responses"):  # they know no top_k
        del wanted["top_k"]
        assert "dropped.top_k" in said.warnings
    assert said.told.sampling == wanted
    assert said.text == "ok"


def test_limit_is_cut_to_what_the_model_can(talk, upstream, kind: str):
    upstream.script(Reply(text="half", finish="length"))
    said = talk(model=f"{kind}-small", max_tokens=64_000)
    assert said.told.limit == (64_000 if kind == "anthropic" else 500)
    assert ("clamped.max_tokens" in said.warnings) is (kind != "anthropic")
    assert (said.text, said.stopped) == ("half", ("max_tokens", None))


def test_no_tokens_wanted_is_answered_without_asking(talk, upstream, kind: str, stream: bool):
    upstream.script(Reply(text=""))
    said = talk(stream=stream, max_tokens=0)
    assert said.unasked is (kind != "anthropic")
    assert said.blocks == []
    if kind != "anthropic":
        assert said.stopped == ("max_tokens", None)
        assert said.warnings == ["emulated.prewarm"]


def test_stop_sequences(talk, upstream, kind: str, stream: bool):
    """Where the server hides the match it is made here; Ollama cuts by itself and does not say so, and what
    a server of Messages says passes."""
    here = kind in ("openai", "responses")
    upstream.script(Reply(text="one two END three" if here else "one two ", pieces=6))
    said = talk(stream=stream, stop_sequences=["END"])
    assert said.told.stop == ([] if here else ["END"])
    assert said.text == "one two "
    assert said.stopped == (("stop_sequence", "END") if here else ("end_turn", None))


def test_who_asks_is_told_where_the_server_wants_it(talk, upstream, kind: str):
    """A user's name is sent only where the server's preset knows it, a session as the key of its cache."""
    upstream.script(Reply(text="ok"))
    session = {"x-claude-code-session-id": "7a1b"}
    said = talk(headers=session, metadata={"user_id": "u" * 80})
    body = said.told.body
    match kind:
        case "responses":
            assert len(body["safety_identifier"]) == 64
            assert body["prompt_cache_key"] == "7a1b"
        case "anthropic":
            assert body["metadata"] == {"user_id": "u" * 80}
            assert said.told.headers["x-claude-code-session-id"] == "7a1b"
        case _:
            assert not {"user", "safety_identifier", "metadata", "prompt_cache_key"} & set(body)
    assert said.text == "ok"


def test_tier_and_speed(talk, upstream, kind: str):
    """OpenAI's tiers go by other names; a speed that nobody can promise is reported as the standard one."""
    upstream.script(Reply(text="ok"))
    said = talk(model="hosted" if kind == "openai" else kind, service_tier="standard_only", speed="fast")
    if kind == "anthropic":
        assert {"service_tier": "standard_only", "speed": "fast"}.items() <= said.told.body.items()
        assert said.text == "ok"
        return
    assert said.told.body.get("service_tier") == (None if kind == "ollama" else "default")
    assert said.message["usage"]["speed"] == "standard"
    assert "dropped.speed" in said.warnings


def test_marks_for_the_prompt_cache(talk, upstream, kind: str):
    """Passed on where a server needs them; others cache by themselves what does not change."""
    upstream.script(Reply(text="ok"))
    mark = {"cache_control": {"type": "ephemeral"}}
    system = [{"type": "text", "text": "S", **mark}]
    said = talk(model="router" if kind == "openai" else kind, system=system)
    assert said.told.system == "S"
    assert ("cache_control" in str(said.told.body)) is (kind in ("openai", "anthropic"))
    assert said.text == "ok"


TOLERATED = {
    "betas": ["x"],
    "fallbacks": "default",
    "fallback_credit_token": "t",
    "safeguards": [{"type": "dangerous_tool_use"}],
    "user_profile_id": "u",
    "workspace_id": "w",
    "container": "c",
    "billing_policy": {"type": "self"},
    "cache_control": {"type": "ephemeral"},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "of_next_year": {"a": [1]},
}


def test_what_nobody_here_knows_is_tolerated(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    said = talk(
        headers={"anthropic-beta": "of-next-year-2027", "anthropic-version": "2099-01-01"}, **TOLERATED
    )
    assert (TOLERATED.items() <= said.told.body.items()) is (kind == "anthropic")
    if kind != "anthropic":
        assert not set(TOLERATED) & set(said.told.body)
    assert said.text == "ok"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"mcp_servers": [{"type": "url", "url": "https://x", "name": "x"}]}, "mcp_servers: provider "),
        ({"container": {"skills": [{"type": "custom", "skill_id": "s"}]}}, "container.skills"),
        ({"billing_policy": {"type": "x", "bill_to": "user_profile"}}, "billing_policy.bill_to"),
    ],
    ids=["mcp_servers", "skills", "billing"],
)
def test_what_would_be_a_wrong_answer_is_refused(talk, upstream, kind: str, more, why: str):
    upstream.script(Reply(text="ok"))
    said = talk(**more)
    if kind == "anthropic":
        assert more.items() <= said.told.body.items()
        assert said.text == "ok"
    else:
        assert said.unasked
        assert said.refusal == (400, "invalid_request_error")
        assert said.why.startswith(why)


def test_thread_is_refused_so_that_the_history_comes(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    said = talk(thread={"type": "create"})
    if kind == "anthropic":
        assert said.told.body["thread"] == {"type": "create"}
        assert said.text == "ok"
    else:
        assert said.unasked
        assert said.refusal == (400, "invalid_request_error")
        assert said.body["error"]["details"]["error_code"] == "thread_unsupported_request"
