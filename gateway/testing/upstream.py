"""The scripted upstream as a command and as a handle.

`python -m gateway.testing.upstream --port 0` serves on loopback until it is stopped and prints one line of
JSON, `{"port": 45678}`. `ScriptedUpstream` starts that command, sets scripts and reads the received requests.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import httpx
import msgspec
from attrs import define, field

from gateway.testing.record import Received, UpstreamReport
from gateway.testing.script import Answer, Call, Raw, Reply, Rule, Script, Usage, When, refusal
from gateway.testing.server import CHAT, serve_upstream

__all__ = [
    "Call",
    "Raw",
    "Received",
    "Reply",
    "Rule",
    "Script",
    "ScriptedUpstream",
    "Usage",
    "When",
    "refusal",
]

HOST = "127.0.0.1"


class _Ready(msgspec.Struct):
    port: int


@define
class ScriptedUpstream:
    """A running scripted upstream. Ends with `stop()` or at the end of a `with` block."""

    port: int
    _process: subprocess.Popen[str] = field(repr=False)
    _control: httpx.Client = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._control = httpx.Client(base_url=self.url, trust_env=False, timeout=10)

    @classmethod
    def start(cls) -> Self:
        command = [sys.executable, "-m", "gateway.testing.upstream", "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
        assert process.stdout is not None
        return cls(msgspec.json.decode(process.stdout.readline(), type=_Ready).port, process)

    def stop(self) -> None:
        self._control.close()
        self._process.terminate()
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def script(self, *answers: Answer, rules: Sequence[Rule] = (), default: Answer | None = None) -> None:
        """Replace the script."""
        self._post("/_script", Script(answers, tuple(rules), default))

    def add(self, *answers: Answer, rules: Sequence[Rule] = ()) -> None:
        """Append answers and rules to those already set."""
        self._post("/_script", Script(answers, tuple(rules), add=True))

    def reset(self) -> None:
        """Clear the script and everything that was received."""
        self._post("/_reset", None)

    def report(self) -> UpstreamReport:
        return msgspec.json.decode(self._control.get("/_requests").content, type=UpstreamReport)

    def requests(self) -> list[Received]:
        """Every request so far, oldest first."""
        return self.report().requests

    def chats(self) -> list[Received]:
        """The chat requests so far, oldest first."""
        return [request for request in self.requests() if request.path in CHAT]

    def wait_for_chats(self, count: int, seconds: float = 10) -> list[Received]:
        """The chat requests, once there are `count` of them; those received so far after the timeout."""
        deadline = time.monotonic() + seconds
        while len(chats := self.chats()) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return chats

    def _post(self, path: str, body: object) -> None:
        response = self._control.post(path, content=msgspec.json.encode(body))
        assert response.is_success, response.text


async def _serve(port: int) -> None:
    server = await serve_upstream(HOST, port)
    bound = server.sockets[0].getsockname()[1]
    sys.stdout.write(msgspec.json.encode(_Ready(bound)).decode() + "\n")
    sys.stdout.flush()
    await server.serve_forever()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m gateway.testing.upstream", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    asyncio.run(_serve(parser.parse_args(arguments).port))


if __name__ == "__main__":
    main()
