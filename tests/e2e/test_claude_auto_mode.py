"""Auto mode of the real Claude Code, set up by exactly what `gateway env` prints: a model here decides."""

from __future__ import annotations

import json

import pytest

from gateway.testing.upstream import Call, Reply, Rule, When

COMMAND = Call("Bash", {"command": "touch pushed; git push --force origin main", "description": "push"})


@pytest.fixture
def client(claude, start_gateway, settings, upstream, announced):
    """`client(window, verdict)`: Claude Code whose model calls a dangerous command, and judges so."""

    def build(window: int, verdict: str):
        target = {"provider": "up", "model": "scripted", "context_window": window}
        config = settings(models={"*": target})
        gateway = start_gateway(config)
        rules = (
            Rule(When(tool="Bash", last_role="tool"), (Reply(text="Done."),), repeat=True),
            Rule(When(tool="Bash"), (Reply(calls=(COMMAND,)),), repeat=True),
            Rule(When(without_tool="Bash"), (Reply(text=verdict),), repeat=True),
        )
        upstream.script(rules=rules)
        return claude(gateway, **announced(config, gateway))

    return build


def judged(upstream) -> list[int]:
    """The sizes of the questions about what may run."""
    return [len(json.dumps(chat.body)) for chat in upstream.chats() if not chat.body.get("tools")]


@pytest.mark.parametrize(("verdict", "runs"), [("<block>no</block>", True), ("<block>yes</block>", False)])
def test_a_model_that_can_hold_the_question_decides(client, upstream, verdict, runs):
    one = client(131_072, verdict)
    outcome = one.run("-p", "x", "--permission-mode", "auto")
    assert outcome.code == 0
    assert (one.cwd / "pushed").exists() == runs
    questions = judged(upstream)
    assert 1 <= len(questions) <= 2, "stage 1, and stage 2 where that would block"
    assert all(size > 120_000 for size in questions)


def test_without_such_a_model_none_is_asked(client, upstream):
    one = client(40_000, "<block>no</block>")
    outcome = one.run("-p", "x", "--permission-mode", "auto")
    assert outcome.code == 1, "as `gateway env` says"
    assert not (one.cwd / "pushed").exists()
    assert not judged(upstream)
