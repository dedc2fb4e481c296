"""nginx as compose.yaml's `balanced` has it, before two real gateways; only names and ports differ."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from attrs import frozen

from gateway.testing.process import HOST, GatewayProcess, free_port
from gateway.testing.upstream import Reply

FILE = Path(__file__).parents[2] / "config/compose/nginx.conf"
PIECES = [f"piece {number} " for number in range(10)]


@frozen
class Balancer:
    url: str


@pytest.fixture
def nginx() -> str:
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip("nginx is not installed (Debian: apt-get install nginx-light)")
    return found


@pytest.fixture
def replicas(start_gateway, settings) -> list[GatewayProcess]:
    """Two gateways, which name themselves in `x-gateway-model`."""
    return [start_gateway(settings(models={"*": f"up/{name}"})) for name in ("one", "two")]


@pytest.fixture
def balance(nginx, tmp_path) -> Iterator[Callable[[int, int], Balancer]]:
    """`balance(port, port)`: nginx before what listens there."""
    with ExitStack() as running:
        yield lambda *ports: running.enter_context(_balancer(nginx, ports, tmp_path))


@contextmanager
def _balancer(nginx: str, ports: tuple[int, ...], folder: Path) -> Iterator[Balancer]:
    port, config, log = free_port(), folder / "nginx.conf", folder / "nginx.log"
    config.write_text(_adapted(port, ports))
    own = f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {log};"
    command = [nginx, "-p", str(folder), "-c", str(config), "-e", str(log)]
    checked = subprocess.run([*command, "-t", "-g", own], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen([*command, "-g", own], stderr=subprocess.PIPE, text=True)
    try:
        _wait(port, process)
        yield Balancer(f"http://{HOST}:{port}")
    finally:
        process.terminate()
        _, said = process.communicate(timeout=10)
        print(said, log.read_text() if log.exists() else "")


def _adapted(port: int, ports: tuple[int, ...]) -> str:
    text = FILE.read_text().replace("listen 8080;", f"listen {HOST}:{port};")
    for name, replica in zip(("one", "two"), ports, strict=True):
        text = text.replace(f"server {name}:8080;", f"server {HOST}:{replica};")
    assert not re.search(r"\b8080\b", text)
    return text


def _wait(port: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("nginx did not begin to listen")


def test_streams_come_whole_and_a_session_stays_with_one_gateway(balance, replicas, upstream, ask):
    balancer = balance(*(replica.port for replica in replicas))
    upstream.script(default=Reply("".join(PIECES), pieces=len(PIECES), delay=0.02))
    sessions = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(24)]

    def turn(session: str):
        return ask(balancer, headers={"x-claude-code-session-id": session})

    with ThreadPoolExecutor(10) as pool:
        turns = [list(pool.map(turn, sessions)) for _ in range(3)]
    for answered in (one for turn in turns for one in turn):
        assert answered.text == "".join(PIECES)
        assert answered.types[-1] == "message_stop"
    ways = [tuple(one.headers["x-gateway-model"] for one in of_one) for of_one in zip(*turns, strict=True)]
    assert set(ways) == {("up/one",) * 3, ("up/two",) * 3}


def test_nothing_is_held_back(balance, replicas, upstream, ask):
    upstream.script(Reply("first second", pieces=2, pause_after=1, pause=1.0))
    answered = ask(balance(*(replica.port for replica in replicas)))
    first, *_, last = (at for at, event in answered.events if event["type"] == "content_block_delta")
    assert last - first > 0.8


def test_one_gateway_may_be_gone(balance, replicas, upstream, ask):
    upstream.script(default=Reply("still here"))
    balancer = balance(free_port(), replicas[1].port)
    for number in range(6):
        answered = ask(balancer, headers={"x-claude-code-session-id": f"session-{number}"})
        assert (answered.text, answered.headers["x-gateway-model"]) == ("still here", "up/two")
