"""The child process around a stand-in for the wheel. With the real one: tests/e2e/real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from attrs import evolve

from gateway.llamacpp import CannotRun
from gateway.llamacpp.server import LlamaServerOptions, exit_reason, running_server

STAND_IN = """
import json, os, sys, types

class CommonParams:
    def __init__(self):
        self.model = types.SimpleNamespace()
        self.cpuparams, self.cpuparams_batch = types.SimpleNamespace(), types.SimpleNamespace()
        self.sampling = types.SimpleNamespace()

class Server:
    listening_address = "http://127.0.0.1:4711"
    def __init__(self, params):
        if params.model.path.endswith("broken.gguf"):
            raise RuntimeError("not a model: " + params.model.path)
        if params.model.path.endswith("slow.gguf"):
            import time; time.sleep(60)
        plain = vars(params) | {k: vars(v) for k, v in vars(params).items() if hasattr(v, "__dict__")}
        print(json.dumps(plain, default=list), flush=True)
"""


@pytest.fixture
def options(tmp_path: Path) -> LlamaServerOptions:
    (tmp_path / "wheel").mkdir()
    (tmp_path / "wheel" / "xllamacpp.py").write_text(STAND_IN)
    return LlamaServerOptions(
        packages=tmp_path / "wheel", model=tmp_path / "m.gguf", alias="tiny", context=512
    )


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_address_is_known_when_the_model_is_loaded_and_the_child_ends_with_the_block(options, tmp_path):
    with running_server(options, tmp_path / "log") as server:
        assert server.url == "http://127.0.0.1:4711"
        assert alive(server.pid)
    assert not alive(server.pid)


def test_options_reach_the_server(options, tmp_path):
    (tmp_path / "chat.jinja").write_text("{{ messages }}")
    asked = evolve(options, slots=2, threads=3, temperature=0.2, template=tmp_path / "chat.jinja")
    with running_server(asked, tmp_path / "log") as server:
        got = json.loads(server.log.read_text())
    assert got["model"] == {"path": str(options.model)}
    assert (got["model_alias"], got["hostnames"], got["port"]) == (["tiny"], ["127.0.0.1"], 0)
    assert (got["n_ctx"], got["n_parallel"]) == (1024, 2)
    assert got["cpuparams"] == got["cpuparams_batch"] == {"n_threads": 3}
    assert got["sampling"] == {"temp": 0.2}
    assert got["chat_template"] == "{{ messages }}"


def test_what_is_not_said_stays_as_the_server_has_it(options, tmp_path):
    with running_server(options, tmp_path / "log") as server:
        got = json.loads(server.log.read_text())
    assert got["sampling"] == {}
    assert "chat_template" not in got


def test_child_that_dies_is_reported_with_its_last_words(options, tmp_path):
    broken = evolve(options, model=tmp_path / "broken.gguf")
    with pytest.raises(CannotRun, match=r"(?s)status 1\).*not a model: .*broken\.gguf$"):
        running_server(broken, tmp_path / "log").__enter__()


def test_model_that_takes_too_long_is_given_up(options, tmp_path):
    slow = evolve(options, model=tmp_path / "slow.gguf")
    waits: list[int] = []
    with pytest.raises(CannotRun, match="did not load the model in time"):
        running_server(slow, tmp_path / "log", patience=0.5, on_wait=lambda: waits.append(1)).__enter__()
    assert waits


def test_missing_instruction_is_put_in_words(tmp_path):
    assert "processor lacks an instruction" in exit_reason(-signal.SIGILL, tmp_path / "none")


@pytest.mark.parametrize("model", ["m.gguf", "slow.gguf"], ids=["serving", "loading"])
def test_server_ends_with_the_process_that_started_it(options, tmp_path, model):
    parent_code = (
        "import sys; from pathlib import Path; from gateway.llamacpp import server\n"
        "p = server._start(server.LlamaServerOptions(Path(sys.argv[1]), Path(sys.argv[2]), 'tiny', 512),"
        " Path(sys.argv[3]) / 'address', Path(sys.argv[3]) / 'log')\n"
        "print(p.pid, flush=True); sys.stdin.read()"
    )
    arguments = [options.packages, tmp_path / model, tmp_path]
    parent = subprocess.Popen(
        [sys.executable, "-c", parent_code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    child = int(parent.stdout.readline())
    if model == "m.gguf":
        wait_until((tmp_path / "address").exists)
    assert alive(child)
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    wait_until(lambda: not alive(child))
    assert not alive(child)


def wait_until(true, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not true():
        time.sleep(0.02)
