"""The line that `gateway init` ends with works with the model that it wrote."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from gateway.cli import main

BARE = 'claude --bare --tools "" -p "hello"'


@pytest.mark.parametrize(("window", "line"), [(8192, BARE), (23_999, BARE), (24_000, "claude")])
def test_the_line_fits_the_window(canned, tmp_path, monkeypatch, window, line):
    monkeypatch.chdir(tmp_path)
    models = {"data": [{"id": "m", "owned_by": "vllm", "max_model_len": window}]}
    port = canned({"/v1/models": models, "/version": {"version": "0.20"}}).rpartition(":")[2]
    done = CliRunner().invoke(main, ["init", "--yes", "--ports", port], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    assert done.output.rstrip().endswith(f"gateway run --config config/gateway.yaml -- {line}")


def test_a_server_that_answers_without_being_one_is_named(canned, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    port = canned({}).rpartition(":")[2]
    done = CliRunner().invoke(main, ["init", "--yes", "--ports", port], env={"COLUMNS": "200"})
    assert done.exit_code == 1
    assert f"left out port {port}: no list of models" in done.output
