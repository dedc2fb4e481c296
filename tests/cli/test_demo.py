"""What the demo says before it starts anything. With a real model: tests/e2e/real/test_demo.py."""

from __future__ import annotations

import importlib
import socket
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from gateway.cli.demo import ALIAS, DemoPlan, demo, figures, reserve, write_config
from gateway.llamacpp import CannotRun, wheels
from gateway.llamacpp.question import DemoAnswer
from gateway.llamacpp.server import LlamaServer
from gateway.settings.loading.load import load_config
from gateway.settings.models import ModelTarget


@pytest.fixture
def taken() -> socket.socket:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock


def run(*arguments: str, cache: Path) -> Result:
    return CliRunner().invoke(demo, arguments, env={"GATEWAY_CACHE": str(cache)})


def test_taken_port_is_said_before_anything_is_installed(taken, tmp_path):
    port = taken.getsockname()[1]
    result = run("--port", str(port), cache=tmp_path)
    assert result.exit_code == 1
    assert f"Port {port} of 127.0.0.1 is taken" in result.output
    assert list(tmp_path.iterdir()) == []


def test_port_that_nobody_asked_for_may_be_another(taken, monkeypatch):
    port = taken.getsockname()[1]
    # By name: as an attribute of its package, the module is hidden behind the command.
    monkeypatch.setattr(importlib.import_module("gateway.cli.demo"), "PORT", port)
    with reserve(None) as sock:
        assert sock.getsockname()[1] not in (0, port)
    with pytest.raises(CannotRun):
        reserve(port)


def test_machine_that_cannot_run_it_is_told_so(monkeypatch, tmp_path):
    monkeypatch.setattr(wheels, "this_machine", lambda: ("Linux", "riscv64"))
    result = run("--port", "0", cache=tmp_path)
    assert result.exit_code == 1
    assert "no build for this machine" in " ".join(result.output.split())
    assert list(tmp_path.iterdir()) == []


def test_missing_model_file_is_a_usage_error(tmp_path):
    result = run("--model", str(tmp_path / "none.gguf"), cache=tmp_path)
    assert result.exit_code == 2
    assert "does not exist" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("model", "alias", "longest"),
    [(None, ALIAS, 512), (Path('/m/My "own": model #1.gguf'), 'My "own": model #1', 4096)],
)
def test_configuration_loads_whatever_the_model_is_called(tmp_path, model, alias, longest):
    plan = DemoPlan(tmp_path, model, 8192, None, once=True)
    path = write_config(plan, LlamaServer("http://127.0.0.1:4711", 1, tmp_path), 8080)
    settings = load_config(path, {}).settings
    (rule,) = settings.models
    assert rule.pattern == "*"
    assert rule.target == ModelTarget("llama", alias, context_window=8192, max_output_tokens=longest)
    assert settings.providers["llama"].base_url.startswith("http://127.0.0.1:4711")
    assert yaml.safe_load(path.read_text())["server"] == {"host": "127.0.0.1", "port": 8080}


def test_speed_leaves_out_the_first_token():
    assert figures(DemoAnswer("x", first_token=2.0, seconds=4.0, output_tokens=40)) == (
        "(40 tokens, the first after 2.00 s, then 20 a second)"
    )
