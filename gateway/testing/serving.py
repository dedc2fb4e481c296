"""A gateway for one test: its process, its address and key, and the requests that its scripted models
received."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self, cast

import msgspec
import yaml
from attrs import define, field

from gateway.testing.process import GatewayProcess

Reply = str | dict[str, Any]
ANY_KEY = "test-key"
"""The key for a gateway without keys."""
REQUESTS = "GATEWAY_SCRIPTED_REQUESTS"
_FOREIGN = (
    *("GATEWAY_CONFIG", "HOST", "PORT", "LOG_LEVEL", "DEFAULT_MODEL", "MODEL_MAP_JSON", "MODEL_MAP_FILE"),
    *("PROVIDER", "PROVIDER_BASE_URL", "PROVIDER_API_KEY", "PROVIDER_TIMEOUT_MS"),
)
"""Variables of another gateway of the developer; a test must not depend on them."""


class ScriptedRequest(msgspec.Struct):
    """One request that a scripted model received."""

    headers: dict[str, str]
    """Names in lower case; those with keys are left out."""
    body: dict[str, Any]
    """The JSON as the client sent it."""

    @property
    def model(self) -> str:
        return self.body["model"]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.body["messages"]

    @property
    def tools(self) -> list[str]:
        """The names of the tools offered."""
        return [tool.get("name", "") for tool in self.body.get("tools") or ()]


_asked = msgspec.json.Decoder(ScriptedRequest)


@define
class MessagesGateway:
    """A running gateway: give `url` and `api_key` to a client of Anthropic's API."""

    api_key: str
    _process: GatewayProcess = field(repr=False)
    _requests: Path = field(repr=False)

    @classmethod
    def start(
        cls, folder: Path, config: Path | None = None, replies: Reply | Sequence[Reply] | None = None
    ) -> Self:
        """Returns once it serves. Raises GatewayDied, with its log, if the configuration cannot be used."""
        path = config or _written(folder, replies or ())
        requests = folder / "requests.jsonl"
        environ = {**dict.fromkeys(_FOREIGN, ""), REQUESTS: str(requests)}
        process = GatewayProcess.start(path, folder / "gateway.log", environ=environ)
        return cls(_key(path), process, requests)

    @property
    def url(self) -> str:
        return self._process.url

    @property
    def requests(self) -> list[ScriptedRequest]:
        """The requests to the scripted models so far, oldest first."""
        if not self._requests.exists():
            return []
        return [_asked.decode(line) for line in self._requests.read_bytes().splitlines()]

    @property
    def log(self) -> str:
        """The gateway's output."""
        return self._process.log.read_text(errors="replace")

    def stop(self) -> None:
        if self._process.alive:
            self._process.stop()


def _written(folder: Path, replies: Reply | Sequence[Reply]) -> Path:
    """A configuration whose only model answers with these."""
    several = [replies] if isinstance(replies, str | dict) else replies
    said = [{"text": one} if isinstance(one, str) else one for one in several]
    settings = {
        "providers": {"scripted": {"kind": "scripted", "replies": said}},
        "models": {"*": "scripted/model"},
    }
    path = folder / "gateway.yaml"
    path.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def _key(config: Path) -> str:
    """The first of `server.keys`, which may be a variable; any key is valid if there are none."""
    tree: Any = yaml.safe_load(config.read_text(encoding="utf-8"))
    match tree:
        case {"server": {"keys": [first, *_]}}:
            return _revealed(cast("str | Mapping[str, str]", first))
        case _:
            return ANY_KEY


def _revealed(key: str | Mapping[str, str]) -> str:
    text = key if isinstance(key, str) else key["key"]
    if not text.startswith("${"):
        return text
    name, _, default = text.removeprefix("${").removesuffix("}").partition(":-")
    return os.environ.get(name) or default
