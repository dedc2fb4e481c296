"""The pytest plugin: a gateway with scripted models for tests of programs that use Anthropic's API.

    @pytest.mark.messages_gateway(replies=["Hello!"])
    def test_greeting(anthropic_environment):
        assert anthropic.Anthropic().messages.create(...).content[0].text == "Hello!"

Rules:
- A gateway is started only by a test that uses one of the fixtures, as its own process, on a free loopback
  port; it ends with the test, or with the session if a session fixture started it.
- Its configuration is given by the mark; without a mark, it is the nearest `gateway.yaml` from the test's
  folder up to pytest's root.
- Every pytest run loads this module if the package is installed, so it imports almost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gateway.testing.serving import MessagesGateway

MARK = "messages_gateway"
FILE = "gateway.yaml"

Reply = str | dict[str, Any]
Replies = Reply | Sequence[Reply]
"""A single reply needs no list."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARK}(config=None, replies=None): the configuration file of the test's gateway, relative to the "
        "test's folder; or only what its model answers, each a text or a reply",
    )


@pytest.fixture(scope="session")
def start_messages_gateway(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., MessagesGateway]]:
    """`start_messages_gateway(config)` or `start_messages_gateway(replies=[...])`; ends with the session."""
    from gateway.testing.process import GatewayDied  # noqa: PLC0415
    from gateway.testing.serving import MessagesGateway  # noqa: PLC0415

    running: list[MessagesGateway] = []

    def start(config: Path | str | None = None, *, replies: Replies | None = None) -> MessagesGateway:
        folder = tmp_path_factory.mktemp("messages_gateway")
        try:
            running.append(MessagesGateway.start(folder, None if config is None else Path(config), replies))
        except GatewayDied as died:
            pytest.fail(str(died), pytrace=False)
        return running[-1]

    yield start
    for gateway in running:
        gateway.stop()


@pytest.fixture
def messages_gateway(
    request: pytest.FixtureRequest, start_messages_gateway: Callable[..., MessagesGateway]
) -> Iterator[MessagesGateway]:
    """A gateway for this test only; see `MessagesGateway`."""
    config, replies = _wanted(request)
    gateway = start_messages_gateway(config, replies=replies)
    yield gateway
    gateway.stop()


@pytest.fixture
def anthropic_environment(
    messages_gateway: MessagesGateway, monkeypatch: pytest.MonkeyPatch
) -> MessagesGateway:
    """The same, with environment variables that point Anthropic's SDKs and Claude Code to it."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", messages_gateway.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", messages_gateway.api_key)
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return messages_gateway


def _wanted(request: pytest.FixtureRequest) -> tuple[Path | None, Replies | None]:
    mark = request.node.get_closest_marker(MARK)
    said: dict[str, Any] = dict(mark.kwargs) if mark else {}
    if mark and mark.args:
        said["config"] = mark.args[0]
    if not said.keys() <= {"config", "replies"} or len(said) == 2:
        raise pytest.UsageError(f"@pytest.mark.{MARK} takes a configuration file, or replies=[...]")
    if "replies" in said:
        return None, said["replies"]
    if "config" in said:
        return request.path.parent / said["config"], None
    return _nearest(request.path.parent, request.config.rootpath), None


def _nearest(folder: Path, root: Path) -> Path:
    for place in (folder, *folder.parents):
        if (place / FILE).is_file():
            return place / FILE
        if place == root:
            break
    raise pytest.UsageError(
        f"there is no {FILE} from {folder} up to {root}; write one, or say "
        f'@pytest.mark.{MARK}(replies=["Hello!"])'
    )
