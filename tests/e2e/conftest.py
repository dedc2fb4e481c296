"""The real Claude Code, run as its users run it, in an environment of its own.

It is the version pinned in clients/package.json; GATEWAY_TEST_CLAUDE names another one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from attrs import define, field, frozen

from gateway.testing.process import GatewayProcess

CLIENTS = Path(__file__).parent / "clients"
PINNED = CLIENTS / "node_modules/@anthropic-ai/claude-code/bin/claude.exe"
SECONDS = 100


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@frozen
class Outcome:
    """What one run of the client ended with."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def stream_events(self) -> list[dict[str, Any]]:
        """With --include-partial-messages: the events as the client got them."""
        return [line["event"] for line in self.lines if line["type"] == "stream_event"]


@define
class Claude:
    """One user's machine: a home, a working directory, and the client on it."""

    executable: Path
    gateway: GatewayProcess
    home: Path
    cwd: Path
    environ: dict[str, str] = field(factory=dict)
    _earlier: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._earlier = self.gateway.log.stat().st_size

    @property
    def log(self) -> str:
        """What the gateway, which other tests use too, has logged since this client was made."""
        return self.gateway.read_log(self._earlier)

    def start(
        self, *arguments: str, environ: Mapping[str, str] | None = None, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[str]:
        base = {
            "HOME": str(self.home),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TERM": "xterm",
            "ANTHROPIC_BASE_URL": self.gateway.url,
            "ANTHROPIC_API_KEY": "dummy",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }
        asked = {**base, **self.environ, **(environ or {})}
        return subprocess.Popen(
            [self.executable, *arguments],
            env={name: value for name, value in asked.items() if value},
            cwd=self.cwd,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        stdin: str | None = None,
        seconds: float = SECONDS,
    ) -> Outcome:
        begin = time.monotonic()
        pipe = subprocess.DEVNULL if stdin is None else subprocess.PIPE
        process = self.start(*arguments, environ=environ, stdin=pipe)
        try:
            out, err = process.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            pytest.fail(f"the client did not end in {seconds} s\n{out}\n{err}")
        outcome = Outcome(process.returncode, out.strip(), err, time.monotonic() - begin)
        print(outcome)
        return outcome


@pytest.fixture(scope="session")
def claude_executable() -> Path:
    executable = Path(os.environ.get("GATEWAY_TEST_CLAUDE") or PINNED)
    if not executable.exists():
        pytest.skip("Claude Code is not installed: run `make clients`")
    return executable


@pytest.fixture
def claude(claude_executable: Path, tmp_path: Path) -> Callable[..., Claude]:
    """`claude(gateway)`: the client, pointed at a gateway."""
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()

    def build(gateway: GatewayProcess, **environ: str) -> Claude:
        return Claude(claude_executable, gateway, tmp_path / "home", tmp_path / "work", environ)

    return build


@pytest.fixture
def announced(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """`announced(config, gateway)`: exactly the environment that `gateway env` prints."""

    def ask(config: Mapping[str, Any], gateway: GatewayProcess) -> dict[str, str]:
        path = tmp_path / "announced.yaml"
        path.write_text(yaml.safe_dump(dict(config)))
        command = [sys.executable, "-m", "gateway", "env", "--json"]
        where = ["--config", str(path), "--base-url", gateway.url]
        done = subprocess.run([*command, *where], check=True, capture_output=True, text=True, timeout=60)
        return {"ANTHROPIC_API_KEY": "", **json.loads(done.stdout)["variables"]}

    return ask
