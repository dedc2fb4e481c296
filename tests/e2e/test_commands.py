"""The commands that set Claude Code up, with the real Claude Code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.settings.windows import announced_window
from gateway.testing.process import GatewayProcess
from gateway.testing.upstream import Call, Reply, Rule, When, refusal

GATEWAY = f"{sys.executable} -m gateway"
PARIS, ROME = Call("get_weather", {"city": "Paris"}), Call("get_weather", {"city": "Rome"}, id="c2")
RULES = (
    Rule(When(tool="get_weather", last_user="Rome"), (Reply(calls=(PARIS, ROME)),), repeat=True),
    Rule(When(tool="get_weather"), (Reply(calls=(PARIS,)),), repeat=True),
    Rule(When(last_user="colour"), (Reply(text="Orange."),), repeat=True),
    Rule(When(last_user="say hello"), (Reply(text="Hello from the model."),), repeat=True),
)


@pytest.fixture
def user(tmp_path: Path, claude_executable: Path):
    """`user("gateway doctor ...")`: a line of bash of a user who has the commands `gateway` and `claude`."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "claude").symlink_to(claude_executable)
    (binaries / "gateway").write_text(f'#!/bin/sh\nexec {GATEWAY} "$@"\n')
    (binaries / "gateway").chmod(0o755)

    def run(line: str, **environ: str) -> subprocess.CompletedProcess[str]:
        home = {"HOME": str(tmp_path), "PATH": f"{binaries}:/usr/local/bin:/usr/bin:/bin", "TERM": "xterm"}
        root = {"PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env={**home, **root, **environ}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=110,
        )  # fmt: skip
        print(done.stdout, done.stderr)
        return done

    return run


@pytest.fixture
def served(tmp_path):
    """`served("gateway.yaml")`: the gateway with that file of the user."""
    running: list[GatewayProcess] = []

    def start(name: str) -> GatewayProcess:
        running.append(GatewayProcess.start(tmp_path / name, tmp_path / "gateway.log"))
        return running[-1]

    yield start
    for gateway in running:
        gateway.stop()


def test_what_doctor_writes_for_ollama_is_accepted_and_claude_code_works_with_it(upstream, user, served):
    upstream.script(rules=RULES, default=Reply(text="ready", reasoning="hm"))
    found = user(f"gateway doctor {upstream.url} --write gateway.yaml")
    assert found.returncode == 0
    assert user("gateway check --config gateway.yaml").returncode == 0
    gateway = served("gateway.yaml")
    line = f'gateway run --config gateway.yaml --base-url {gateway.url} -- claude -p "say hello"'
    done = user(line)
    assert (done.returncode, done.stdout.strip()) == (0, "Hello from the model.")


FILE = """\
providers: {{up: {{kind: openai, base_url: "{url}"}}}}
server: {{keys: ["${{CLIENT_KEY}}"]}}
models:
  claude-haiku-*: {{provider: up, model: small, context_window: 16384}}
  "*": {{provider: up, model: scripted, context_window: 40000}}
"""


@pytest.fixture
def configured(tmp_path, upstream, monkeypatch, served):
    monkeypatch.setenv("CLIENT_KEY", "secret-of-the-gateway")
    (tmp_path / "gateway.yaml").write_text(FILE.format(url=upstream.url))
    upstream.script(rules=RULES, default=Reply(text="other"))
    return served("gateway.yaml")


def usage(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """The window that Claude Code believes in, by model."""
    return {name: one["contextWindow"] for name, one in json.loads(done.stdout)["modelUsage"].items()}


def test_the_environment_is_read_by_bash_and_holds_for_claude_code(configured, user, upstream):
    setting = f'eval "$(gateway env --config gateway.yaml --base-url {configured.url})"'
    ask = 'claude -p "say hello" --output-format json'
    done = user(
        f"{setting}; {ask}", CLIENT_KEY="secret-of-the-gateway", ANTHROPIC_API_KEY="sk-ant-of-the-user"
    )
    assert done.returncode == 0
    assert usage(done) == {"up/scripted": announced_window(40_000).window}
    small = user(f"{setting}; {ask} --model haiku", CLIENT_KEY="secret-of-the-gateway")
    assert list(usage(small)) == ["up/small"]
    assert [chat.body["model"] for chat in upstream.chats()] == ["scripted", "small"]


def test_run_starts_claude_code_with_the_key_of_the_configuration(configured, user):
    line = (
        f"gateway run --config gateway.yaml --base-url {configured.url} --model up/other -- "
        'claude -p "say hello" --output-format json'
    )
    done = user(line, CLIENT_KEY="secret-of-the-gateway", ANTHROPIC_API_KEY="sk-ant-of-the-user")
    assert done.returncode == 0
    assert json.loads(done.stdout)["result"] == "Hello from the model."
    assert "up/other" in json.loads(done.stdout)["modelUsage"]


def test_run_leaves_the_decision_to_the_routes(upstream, user, tmp_path, served):
    """A name that means one target alone would switch classes and fallbacks off."""
    refused = refusal(503, "down")
    upstream.script(rules=[Rule(When(anywhere='"coder"'), (refused,), repeat=True), *RULES])
    text = f"""\
providers: {{up: {{kind: openai, base_url: "{upstream.url}"}}}}
routes:
  - {{match: {{class: auxiliary}}, to: up/small}}
  - to: [{{provider: up, model: coder, context_window: 65536}}, up/big]
"""
    (tmp_path / "gateway.yaml").write_text(text)
    gateway = served("gateway.yaml")
    run = f"gateway run --config gateway.yaml --base-url {gateway.url} --"
    done = user(f'{run} claude -p "say hello" --output-format json')
    assert json.loads(done.stdout)["result"] == "Hello from the model."
    assert usage(done) == {"coder": announced_window(65_536).window}
    assert [chat.body["model"] for chat in upstream.chats()] == ["coder", "big"]


@pytest.mark.parametrize("window", [2048, 16384])
def test_a_small_window_is_no_reason_to_refuse_before_asking(upstream, user, tmp_path, served, window):
    """Told the true size, Claude Code would find nothing left beside what it keeps free."""
    upstream.script(rules=RULES)
    text = f"""\
providers: {{up: {{kind: openai, base_url: "{upstream.url}"}}}}
models: {{"*": {{provider: up, model: scripted, context_window: {window}}}}}
"""
    (tmp_path / "gateway.yaml").write_text(text)
    gateway = served("gateway.yaml")
    run = f"gateway run --config gateway.yaml --base-url {gateway.url} --"
    done = user(f'{run} claude --bare --tools "" -p "say hello" --output-format json')
    assert done.returncode == 0
    assert json.loads(done.stdout)["result"] == "Hello from the model."
    assert set(usage(done).values()) == {announced_window(window).window}
