"""What one large request costs, and how long it holds up a stream that runs beside it.

    python -m benchmarks.hostile [--kind openai] [--megabytes 4] [--part "calls of one id"] ...

The requests are those of `tests/linear/requests.py`, each with one part repeated until it has that size. For
each: seconds of the gateway's CPU per MB, and the longest delay of a chunk in the running stream, in
milliseconds beyond its pace. Exits with 1 where one is over the limits below. Needs an idle machine: the
line `nothing` tells what the machine itself adds.
"""

import argparse
import contextlib
import importlib.util
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import yaml
from attrs import define, field

from benchmarks.process import cpu_seconds
from gateway.testing.process import HOST, GatewayProcess
from gateway.testing.upstream import Reply, ScriptedUpstream

DELAY_MS = 60
CPU_PER_MB = 0.4
PACE = 0.005
"""Seconds between two chunks of the stream."""
CHUNKS = 20_000
PARTS_FILE = Path(__file__).parent.parent / "tests" / "linear" / "requests.py"
KINDS = ("openai", "responses", "ollama", "anthropic")

Part = Callable[[int], dict[str, Any]]


@define
class Stream:
    """A stream through the gateway, read by a thread of its own."""

    port: int
    gaps: list[float] = field(factory=list[float])
    _socket: socket.socket = field(init=False)

    def start(self) -> None:
        body = json.dumps({"model": "slow", "max_tokens": 64, "stream": True, "messages": [USER]}).encode()
        head = f"POST /v1/messages HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\n"
        self._socket = socket.create_connection((HOST, self.port))
        self._socket.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        last = time.monotonic()
        with contextlib.suppress(OSError):
            while self._socket.recv(65536):
                now = time.monotonic()
                self.gaps.append(now - last)
                last = now

    def close(self) -> None:
        self._socket.close()


USER = {"role": "user", "content": "hi"}


def main() -> int:
    options = _options()
    parts = _parts()
    chosen = {name: parts[name] for name in options.part or parts}
    over = 0
    with tempfile.TemporaryDirectory() as folder, _gateway(options.kind, Path(folder)) as gateway:
        print(f"{'part':40} {'MB':>5} {'status':>6} {'s/MB':>6} {'delay ms':>8}")
        for name, part in {"nothing": None, **chosen}.items():
            body = _grown(part, int(options.megabytes * 1e6)) if part else b""
            status, seconds, delay = _measured(gateway, body)
            per_mb = seconds / (len(body) / 1e6) if body else 0.0
            bad = delay > DELAY_MS or per_mb > CPU_PER_MB
            over += bad
            size = len(body) / 1e6
            print(f"{name:40} {size:5.1f} {status:6} {per_mb:6.2f} {delay:8.0f}{' OVER' * bad}", flush=True)
    return 1 if over else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kind", choices=KINDS, default="openai", help="of the upstream")
    parser.add_argument("--megabytes", type=float, default=4.0, help="of each request")
    parser.add_argument("--part", action="append", help="one of them; can be repeated. All by default")
    return parser.parse_args()


def _parts() -> dict[str, Part]:
    spec = importlib.util.spec_from_file_location("hostile_requests", PARTS_FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PARTS


def _grown(part: Part, size: int) -> bytes:
    def body(count: int) -> bytes:
        return json.dumps({"model": "m", "max_tokens": 100, "messages": [USER], **part(count)}).encode()

    count = 256
    while (grown := len(body(2 * count)) - len(body(count))) < size // 16 and count < 1 << 17:
        count *= 2
    each = max(1.0, grown / count)
    return body(min(1 << 18, int(size / each)))


@contextlib.contextmanager
def _gateway(kind: str, folder: Path) -> Iterator[GatewayProcess]:
    with ScriptedUpstream.start() as slow, ScriptedUpstream.start() as quick:
        slow.script(default=Reply(text="word " * CHUNKS, pieces=CHUNKS, delay=PACE))
        quick.script(default=Reply(text="fine"))
        providers = {
            "slow": {"kind": "openai", "base_url": slow.url},
            "quick": {"kind": kind, "base_url": quick.url},
        }
        config = folder / "gateway.yaml"
        models = {"slow": "slow/m", "*": "quick/m"}
        config.write_text(yaml.safe_dump({"providers": providers, "models": models}, sort_keys=False))
        gateway = GatewayProcess.start(config, folder / "gateway.log")
        try:
            yield gateway
        finally:
            gateway.stop()


def _measured(gateway: GatewayProcess, body: bytes) -> tuple[int, float, float]:
    """Status, seconds of CPU beyond those of the stream, longest delay in milliseconds."""
    stream = Stream(gateway.port)
    stream.start()
    try:
        time.sleep(0.5)
        stream.gaps.clear()
        begun, before = time.monotonic(), cpu_seconds([gateway.pid])
        time.sleep(1.0)
        idle = (cpu_seconds([gateway.pid]) - before) / (time.monotonic() - begun)
        stream.gaps.clear()
        begun, before = time.monotonic(), cpu_seconds([gateway.pid])
        status = _asked(gateway.url, body) if body else 0
        time.sleep(0.3)
        spent = cpu_seconds([gateway.pid]) - before - idle * (time.monotonic() - begun)
        return status, max(0.0, spent), (max(stream.gaps) - PACE) * 1000
    finally:
        stream.close()


def _asked(url: str, body: bytes) -> int:
    headers = {"content-type": "application/json"}
    return httpx.post(
        f"{url}/v1/messages", content=body, headers=headers, trust_env=False, timeout=120
    ).status_code


if __name__ == "__main__":
    sys.exit(main())
