"""`gateway run`: a command in the right environment, or the reason why not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

SHOW = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture
def run(tmp_path: Path):
    """`run(config, "--", "env")`: the finished command."""

    def start(config: dict, *arguments: str) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "gateway.yaml"
        path.write_text(yaml.safe_dump(config))
        environ = {**os.environ, "ANTHROPIC_API_KEY": "sk-ant-real", "PATH": os.environ["PATH"]}
        return subprocess.run(
            [sys.executable, "-m", "gateway", "run", "--config", path, *arguments],
            env=environ, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    return start


def test_the_command_gets_the_environment_and_the_key(run, start_gateway, settings):
    config = settings(server={"keys": ["hunter2"]})
    gateway = start_gateway(config)
    config["server"]["port"] = gateway.port
    done = run(config, "--", sys.executable, "-c", SHOW)
    said = json.loads(done.stdout)
    assert said["ANTHROPIC_BASE_URL"] == gateway.url
    assert said["ANTHROPIC_AUTH_TOKEN"] == "hunter2"
    assert said["ANTHROPIC_MODEL"] == "up/scripted"
    assert "ANTHROPIC_API_KEY" not in said
    assert "hunter2" not in done.stderr


def test_options_of_the_command_are_its_own_and_its_exit_code_counts(run, gateway, settings):
    count = (sys.executable, "-c", "import sys; sys.exit(len(sys.argv))", "--model", "x", "-h")
    done = run(settings(), "--base-url", gateway.url, *count)
    assert done.returncode == 4


def test_the_model_is_taken(run, gateway, settings):
    done = run(settings(), "--base-url", gateway.url, "--model", "up/other", "--", sys.executable, "-c", SHOW)
    assert json.loads(done.stdout)["ANTHROPIC_MODEL"] == "up/other"


def test_it_says_how_to_start_a_gateway_that_does_not_run(run, settings, unused_tcp_port, tmp_path):
    done = run(settings(server={"port": unused_tcp_port}), "--", "true")
    assert done.returncode == 1
    assert f"Nothing answers at http://127.0.0.1:{unused_tcp_port}." in done.stderr
    assert f"gateway serve --config {tmp_path / 'gateway.yaml'}" in done.stderr


def test_it_does_not_take_another_server_for_a_gateway(run, upstream, settings):
    done = run(settings(), "--base-url", upstream.url + "/somewhere", "--", "true")
    assert done.returncode == 1
    assert "is no gateway" in done.stderr


def test_a_command_that_is_not_there(run, gateway, settings):
    done = run(settings(), "--base-url", gateway.url, "--", "no-such-command-here")
    assert done.returncode == 127
    assert "no-such-command-here: there is no such command" in done.stderr


def test_without_a_command_it_is_called_wrongly(run, settings):
    assert run(settings()).returncode == 2


def test_a_gateway_of_another_configuration_is_warned_of(run, start_gateway, settings):
    gateway = start_gateway(settings(models={"theirs": "up/scripted"}))
    other = run(settings(models={"ours": "up/other"}), "--base-url", gateway.url, "--", "true")
    assert other.returncode == 0, "the command is started all the same"
    assert "does not serve what" in other.stderr
    assert "it has theirs, up/scripted, the file ours, up/other" in other.stderr
    same = run(settings(models={"theirs": "up/scripted"}), "--base-url", gateway.url, "--", "true")
    assert "does not serve" not in same.stderr


def test_a_gateway_that_refuses_the_key_is_warned_of(run, start_gateway, settings):
    gateway = start_gateway(settings(server={"keys": ["another-key"]}))
    config = settings(server={"keys": ["hunter2"]})
    done = run(config, "--base-url", gateway.url, "--", "true")
    assert done.returncode == 0
    assert "refuses the client key" in done.stderr
    assert "hunter2" not in done.stderr


def test_own_credentials_reach_the_command_where_they_are_passed_on(run, start_gateway, settings):
    config = settings("anthropic", provider={"pass_credentials": True})
    gateway = start_gateway(config)
    done = run(config, "--base-url", gateway.url, "--", sys.executable, "-c", SHOW)
    said = json.loads(done.stdout)
    assert said["ANTHROPIC_API_KEY"] == "sk-ant-real"
    assert "ANTHROPIC_AUTH_TOKEN" not in said
    assert "ANTHROPIC_MODEL" not in said
