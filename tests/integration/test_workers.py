"""Several workers on one port: they come and go together, and each serves what the file says."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from gateway.testing.process import GatewayProcess
from gateway.testing.upstream import Reply, ScriptedUpstream

LONG = 30
"""Seconds that starting two workers may take on a busy machine."""
ADMIN = {"x-api-key": "adm"}


def config(url: str, model: str = "m1", **server: Any) -> str:
    up = {"kind": "openai", "base_url": url}
    server = {"workers": 2, "admin_key": "adm", **server}
    return yaml.safe_dump({"server": server, "providers": {"up": up}, "models": {"*": f"up/{model}"}})


@contextlib.contextmanager
def serving(path: Path) -> Iterator[GatewayProcess]:
    gateway = GatewayProcess.start(path, path.with_suffix(".log"))
    try:
        until(lambda: len(workers(gateway)) == 2)
        yield gateway
    finally:
        gateway.stop()
    assert "Traceback" not in gateway.log.read_text()


@pytest.fixture(scope="module")
def path(upstream_process: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workers") / "gateway.yaml"
    path.write_text(config(upstream_process.url))
    return path


@pytest.fixture(scope="module")
def two(path: Path) -> Iterator[GatewayProcess]:
    """Two workers for the tests that leave them running."""
    with serving(path) as gateway:
        yield gateway


@pytest.fixture
def ending(upstream: ScriptedUpstream, tmp_path: Path) -> Iterator[GatewayProcess]:
    """Two workers for one test, that may end them."""
    path = tmp_path / "gateway.yaml"
    path.write_text(config(upstream.url))
    with serving(path) as gateway:
        yield gateway


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def workers(gateway: GatewayProcess) -> dict[int, dict[str, Any]]:
    """What those say of themselves that answer; each question is a connection of its own."""
    told: dict[int, dict[str, Any]] = {}
    for _ in range(12):
        with contextlib.suppress(httpx.TransportError):
            ready = httpx.get(f"{gateway.url}/ready", trust_env=False, timeout=5).json()
            told[ready["worker"]] = ready
    return told


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ask(gateway: GatewayProcess) -> str:
    question = {"model": "x", "max_tokens": 10, "messages": [{"role": "user", "content": "hello"}]}
    with httpx.Client(base_url=gateway.url, trust_env=False, timeout=60) as client:
        response = client.post("/v1/messages", json={**question, "stream": True})
    assert response.status_code == 200, response.text
    return response.text


def test_each_worker_says_who_it_is(two: GatewayProcess):
    told = workers(two)
    assert {one["workers"] for one in told.values()} == {2}
    assert len({one["pid"] for one in told.values()} | {two.pid}) == 3


def test_a_worker_that_dies_is_replaced(two: GatewayProcess):
    before = workers(two)
    os.kill(before[1]["pid"], signal.SIGKILL)
    until(lambda: (after := workers(two)).keys() == {1, 2} and after[1]["pid"] != before[1]["pid"])
    assert workers(two)[2]["pid"] == before[2]["pid"]
    until(lambda: "a worker ended worker=1" in two.log.read_text())


def test_a_worker_that_starts_later_has_the_newest_configuration_that_can_be_used(
    two: GatewayProcess, path: Path, upstream: ScriptedUpstream
):
    """The one of the start is older, and the file cannot be used by now."""
    upstream.script(default=Reply(text="hello"))
    path.write_text(config(upstream.url, "m2"))
    until(lambda: all(one.get("reload", {}).get("result") == "applied" for one in workers(two).values()))
    time.sleep(0.5)
    path.write_text("no: configuration")
    until(lambda: all(one["reload"]["result"] == "refused" for one in workers(two).values()))
    before = workers(two)
    for one in before.values():
        os.kill(one["pid"], signal.SIGKILL)
    until(lambda: (after := workers(two)).keys() == {1, 2} and after[1]["pid"] != before[1]["pid"])
    until(lambda: all("reload" in one for one in workers(two).values()))
    assert {one["reload"]["result"] for one in workers(two).values()} == {"refused"}
    for _ in range(6):
        ask(two)
    assert {chat.body["model"] for chat in upstream.chats()} == {"m2"}
    path.write_text(config(upstream.url))
    until(lambda: all(one["reload"]["result"] == "applied" for one in workers(two).values()))


def test_all_workers_reload_when_one_is_asked(two: GatewayProcess):
    before = workers(two)
    response = httpx.post(f"{two.url}/admin/reload", headers=ADMIN, trust_env=False, timeout=30)
    assert response.json()["reload"]["result"] == "unchanged"

    def is_new(one: dict[str, Any]) -> bool:
        return one.get("reload") != before[one["worker"]].get("reload")

    until(lambda: all(is_new(one) for one in workers(two).values()))


def test_sighup_goes_to_all_workers(two: GatewayProcess):
    os.kill(two.pid, signal.SIGHUP)
    until(lambda: all(one.get("reload", {}).get("why") == "SIGHUP" for one in workers(two).values()))


def test_metrics_are_those_of_all_workers(two: GatewayProcess, upstream: ScriptedUpstream):
    upstream.script(default=Reply(text="hello"))
    before = attempts(two)
    for _ in range(20):
        ask(two)
    assert attempts(two) == before + 20
    text = httpx.get(f"{two.url}/metrics", trust_env=False, timeout=30).text
    assert "gateway_requests_in_flight 0.0" in text
    assert f"gateway_config_generation {min(one['generation'] for one in workers(two).values())}.0" in text


def attempts(gateway: GatewayProcess) -> float:
    text = httpx.get(f"{gateway.url}/metrics", trust_env=False, timeout=30).text
    lines = [line for line in text.splitlines() if line.startswith("gateway_upstream_attempts_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_workers_finish_their_answers(
    ending: GatewayProcess, upstream: ScriptedUpstream, number: signal.Signals
):
    upstream.script(default=Reply(text="word " * 20, pieces=20, delay=0.1))
    pids = [one["pid"] for one in workers(ending).values()]
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(ask(ending))) for _ in range(6)]
    for thread in threads:
        thread.start()
    upstream.wait_for_chats(6)
    os.kill(ending.pid, number)
    for thread in threads:
        thread.join(LONG)
    assert len(answers) == 6
    assert all("event: message_stop" in answer for answer in answers)
    until(lambda: not ending.alive)
    assert ending.stop() == 0
    assert not any(runs(pid) for pid in pids)


def test_workers_end_with_a_parent_that_was_killed(ending: GatewayProcess):
    pids = [one["pid"] for one in workers(ending).values()]
    os.kill(ending.pid, signal.SIGKILL)
    until(lambda: not any(runs(pid) for pid in pids))


def test_a_port_that_is_taken_is_said_at_once(path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(path), "--port", str(port)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=LONG)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1, port {port}: Address already in use" in done.stderr


def test_without_a_place_for_their_metrics_they_do_not_start(path: Path) -> None:
    """In a container whose root cannot be written, nothing is left for temporary files."""
    code = (
        "import sys, tempfile; sys.argv[0] = 'gateway'; tempfile.mkdtemp = lambda **_: open('/nowhere/x')\n"
        "from gateway.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "serve", "--config", path, "--port", "0"],
        capture_output=True, text=True, check=False, timeout=LONG,
    )  # fmt: skip
    assert done.returncode == 1
    assert "server.workers: several workers need a folder for their metrics: No such file" in done.stderr
    assert "Traceback" not in done.stderr
