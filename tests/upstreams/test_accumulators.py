"""Every official accumulator makes of a stream what a plain answer says.

The streams are those of goldens/answers and random ones (`soup`). Each SDK reads them all in one process,
from a server that plays them; where one ends in an error, the SDK has to raise.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anthropic
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from gateway.anthropic.response import events as e
from tests.upstreams.client_side import Events, cut_calls, events_of, is_folded
from tests.upstreams.golden_answers import ANSWERS, FOLDER, reader, written
from tests.upstreams.soup.kinds import SOUPS

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
OLD = ROOT / ".cache" / "anthropic-0.75"
PACKAGE = ROOT / "tests/e2e/clients/node_modules/@anthropic-ai/sdk"
HERE = Path(__file__).parent
RANDOM = 80
"""Random streams of each kind."""
UNREADABLE = ("ValueError", "AnthropicError", "SyntaxError")
"""What the SDKs raise where the arguments of a call are no beginning of JSON."""


def golden(answer: str) -> Events:
    return written(answer, reader(answer).whole((FOLDER / answer).read_bytes()))[0]


def random_streams(kind: str) -> list[Events]:
    """The same ones in every run."""
    streams: list[Events] = []

    @settings(
        max_examples=RANDOM,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(SOUPS[kind]())
    def gather(body: bytes) -> None:
        streams.append(events_of(kind, [body]))

    gather()
    return streams


@pytest.fixture(scope="module")
def streams() -> dict[str, Events]:
    random = {f"{kind} {at}": each for kind in SOUPS for at, each in enumerate(random_streams(kind))}
    return {answer: golden(answer) for answer in ANSWERS} | random


@pytest.fixture(scope="module")
def player(streams: dict[str, Events]) -> Iterator[str]:
    """The address of a server that plays stream N to whoever asks `/N/v1/messages`."""
    bodies = [e.render(events) for events in streams.values()]

    class Play(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            body = bodies[int(self.path.split("/")[1])]
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Play)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def python(path: str | None) -> tuple[list[str | Path], dict[str, str]]:
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return [sys.executable, HERE / "accumulating.py"], environ | ({"PYTHONPATH": path} if path else {})


def newest() -> tuple[list[str | Path], dict[str, str]]:
    return python(os.environ.get("PYTHONPATH"))


def old() -> tuple[list[str | Path], dict[str, str]]:
    if not OLD.exists():
        pytest.skip("anthropic 0.75 is not installed: run `make clients`")
    return python(str(OLD))


def typescript() -> tuple[list[str | Path], dict[str, str]]:
    node = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    if node is None or not PACKAGE.exists():
        pytest.skip("the TypeScript SDK is not installed: run `make clients`")
    return [node, HERE / "accumulating.mjs", PACKAGE / "index.mjs"], {"PATH": os.environ["PATH"]}


@pytest.mark.parametrize(
    ("sdk", "version"),
    [(newest, anthropic.__version__), (old, "0.75."), (typescript, "")],
    ids=["newest", "0.75", "typescript"],
)
def test_accumulators_agree_with_the_folded_message(streams, player, sdk, version: str):
    command, environ = sdk()
    done = subprocess.run(
        [*command, player, str(len(streams))],
        env=environ,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["version"].startswith(version)
    assert len(told["saw"]) == len(streams)
    wrong = [
        name
        for (name, events), saw in zip(streams.items(), told["saw"], strict=True)
        if not agrees(saw, events)
    ]
    assert wrong == []


def agrees(saw: dict[str, Any], events: Events) -> bool:
    if isinstance(events[-1], e.Error):
        return "error" in saw and saw["error"].endswith("Error") and saw["error"] != "APIConnectionError"
    if "error" in saw:
        return saw["error"] in UNREADABLE and bool(cut_calls(events))
    return is_folded(saw["message"], events)
