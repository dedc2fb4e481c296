"""`gateway env` as a command: which key it shows, which address it takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main

FILE = """\
server: {port: 9191, keys: ["${CLIENT_KEY}"]}
providers: {up: {kind: openai, base_url: "http://127.0.0.1:8000"}}
models: {"*": {provider: up, model: m, context_window: 65536}}
"""


@pytest.fixture
def env(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("PORT", "HOST", "PROVIDER", "DEFAULT_MODEL", "GATEWAY_CONFIG", "SHELL"):
        monkeypatch.delenv(name, raising=False)

    def run(*options: str, text: str = FILE):
        Path("gateway.yaml").write_text(text)
        return CliRunner().invoke(main, ["env", *options], env={"CLIENT_KEY": "hunter2"})

    return run


def test_the_key_is_the_name_of_its_variable(env):
    output = env().output
    assert 'export ANTHROPIC_AUTH_TOKEN="$CLIENT_KEY"\n' in output
    assert "hunter2" not in output
    assert "export ANTHROPIC_BASE_URL=http://127.0.0.1:9191\n" in output


def test_the_key_is_shown_where_it_is_asked_for(env):
    assert "export ANTHROPIC_AUTH_TOKEN=hunter2\n" in env("--show-key").output


@pytest.mark.parametrize("keys", ['["file:key.txt"]', '["x${CLIENT_KEY}"]', "[hunter2-plain]"])
def test_a_key_without_a_variable_of_its_own_is_a_placeholder(env, keys, tmp_path):
    (tmp_path / "key.txt").write_text("hunter2-file")
    output = env(text=FILE.replace('["${CLIENT_KEY}"]', keys)).output
    line = "export ANTHROPIC_AUTH_TOKEN=your-gateway-key    # put a client key here, or use --show-key\n"
    assert line in output
    assert "hunter2" not in output


def test_a_named_key_has_its_variable_too(env):
    keys = '[{name: alice, key: "${CLIENT_KEY:-}"}]'
    assert 'ANTHROPIC_AUTH_TOKEN="$CLIENT_KEY"' in env(text=FILE.replace('["${CLIENT_KEY}"]', keys)).output


TEAM = """\
server:
  keys: [{name: alice, key: "${ALICE_KEY}"}, {name: bob, key: "${CLIENT_KEY}"}]
  admin_key: ${ADMIN_KEY}
providers:
  up:
    kind: openai
    base_url: ${UP_URL}
    api_key: file:/run/secrets/nowhere
    headers: {x-team: "${TEAM}"}
models: {"*": {provider: up, model: m, context_window: 65536}}
"""


def test_the_upstreams_secrets_need_not_be_set_in_this_terminal(env):
    result = env(text=TEAM)
    assert result.exit_code == 0, result.output
    assert 'ANTHROPIC_AUTH_TOKEN="$CLIENT_KEY"' in result.output, "the first key that is set here"
    assert "ANTHROPIC_AUTH_TOKEN=hunter2\n" in env("--show-key", text=TEAM).output


def test_a_client_is_chosen_by_name(env):
    assert 'ANTHROPIC_AUTH_TOKEN="$ALICE_KEY"' in env("--client", "alice", text=TEAM).output
    assert "ANTHROPIC_AUTH_TOKEN=hunter2\n" in env("--client", "bob", "--show-key", text=TEAM).output


@pytest.mark.parametrize(
    ("options", "text", "words"),
    [
        (("--client", "carol"), TEAM, "there is alice, bob"),
        (("--client", "alice", "--show-key"), TEAM, "the variable ALICE_KEY is not set"),
        (("--client", "alice"), 'providers: {up: {kind: openai, base_url: "http://x"}}', "has none"),
    ],
    ids=["unknown", "not set", "no keys"],
)
def test_a_client_whose_key_is_not_known_is_refused(env, options, text, words):
    result = env(*options, text=text)
    assert result.exit_code == 2
    assert words in " ".join(result.output.replace("│", "").split())


def test_json_holds_the_same(env):
    said = json.loads(env("up/m", "--json").stdout)
    assert said["variables"]["ANTHROPIC_MODEL"] == "up/m"
    assert said["variables"]["ANTHROPIC_AUTH_TOKEN"] == "${CLIENT_KEY}"
    assert "ANTHROPIC_API_KEY" in said["unset"]


def test_another_address_is_taken_with_or_without_v1(env):
    output = env("--base-url", "https://gateway.example/v1").output
    assert "export ANTHROPIC_BASE_URL=https://gateway.example\n" in output


@pytest.mark.parametrize(
    ("options", "text", "code", "words"),
    [
        (("--base-url", "gateway"), FILE, 2, "--base-url"),
        (("nope/x",), FILE.replace('"*"', "one"), 2, "not configured"),
        ((), FILE.replace("9191", "0"), 2, "--base-url"),
        ((), "providers: 3", 1, "providers"),
        (("--shell", "cmd"), FILE, 2, "cmd"),
    ],
    ids=["address", "model", "port", "file", "shell"],
)
def test_what_is_wrong_is_said(env, options, text, code, words):
    result = env(*options, text=text)
    assert result.exit_code == code
    assert words in result.output


def test_notes_of_plain_json_go_to_standard_error(env):
    result = env("--shell", "claude")
    assert json.loads(result.stdout)["env"]["ANTHROPIC_MODEL"] == "up/m"
    assert "Auto mode" in result.stderr
