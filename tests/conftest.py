"""The processes the tests talk to: the scripted upstream and the gateway, both real, both on loopback."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import certifi
import hypothesis
import pytest
import yaml

from gateway.testing.process import GatewayProcess
from gateway.testing.upstream import ScriptedUpstream
from tests.fork_server import ForkServer

REQUIRE_ALL = "GATEWAY_REQUIRE_ALL"
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
"""A loaded machine is no failure: what is slow shows in the benchmarks."""
KEPT = 6
"""How many gateways stay for tests with the same configuration."""
REWRITES = ("GATEWAY_REWRITE_GOLDENS", "GATEWAY_REWRITE_EXPECTATIONS")
Settings = dict[str, Any]


def pytest_sessionstart() -> None:
    """Where everything is required, nothing is written that it is then compared with."""
    rewriting = [name for name in REWRITES if os.environ.get(name)]
    if rewriting and os.environ.get(REQUIRE_ALL) == "1":
        raise pytest.UsageError(f"{rewriting[0]} rewrites what {REQUIRE_ALL}=1 asks to be tested")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything is required, what was skipped or expected to fail has failed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or os.environ.get(REQUIRE_ALL) != "1":
        return
    missing = [report for kind in ("skipped", "xfailed") for report in reporter.stats.get(kind, ())]
    if missing and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"\n{len(missing)} not run, and {REQUIRE_ALL}=1 asks for all", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """HTTP clients trust one public authority instead of all: loading all takes 25 ms a client, and no test
    connects to a public server."""
    bundle = tmp_path_factory.mktemp("authorities") / "one.pem"
    end = "-----END CERTIFICATE-----\n"
    bundle.write_text(Path(certifi.where()).read_text().partition(end)[0] + end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certifi, "where", lambda: str(bundle))
        yield


@pytest.fixture(scope="session")
def upstream_process() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream.start() as upstream:
        yield upstream


@pytest.fixture
def upstream(upstream_process: ScriptedUpstream) -> Iterator[ScriptedUpstream]:
    """The scripted upstream with an empty script. Requests that no script answers fail the test."""
    upstream_process.reset()
    yield upstream_process
    unscripted = [chat.number for chat in upstream_process.chats() if not chat.scripted]
    assert not unscripted, f"requests that the script had no answer for: {unscripted}"


@pytest.fixture
def settings(upstream: ScriptedUpstream) -> Callable[..., Settings]:
    """`settings("ollama", server={...}, provider={...})`: a configuration before the scripted upstream."""

    def build(
        kind: str = "openai", *, server: Settings | None = None, provider: Settings | None = None, **more: Any
    ) -> Settings:
        up: Settings = {"kind": kind, "base_url": upstream.url, **(provider or {})}
        config: Settings = {"providers": {"up": up}, "models": {"*": "up/scripted"}, **more}
        return {"server": server, **config} if server else config

    return build


@pytest.fixture(scope="session")
def gateways() -> dict[str, GatewayProcess]:
    """The gateways that run, by their configuration: tests with the same one share a process."""
    return {}


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """Stops the gateways that it has started, too."""
    server = ForkServer.start()
    yield server
    server.stop()


@pytest.fixture
def start_gateway(
    fork_server: ForkServer, gateways: dict[str, GatewayProcess], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Mapping[str, Any]], GatewayProcess]]:
    """`start_gateway(settings())`: a gateway process that serves with these settings."""
    used: list[tuple[GatewayProcess, int]] = []

    def start(config: Mapping[str, Any]) -> GatewayProcess:
        text = yaml.safe_dump(dict(config), sort_keys=False)
        gateway = gateways.pop(text, None)
        if gateway is None or not gateway.alive:
            file = tmp_path_factory.mktemp("gateway") / "gateway.yaml"
            file.write_text(text)
            gateway = fork_server.serve(file, file.with_suffix(".log"))
        gateways[text] = gateway
        used.append((gateway, gateway.log.stat().st_size))
        _retire(gateways, [one for one, _ in used])
        return gateway

    yield start
    for gateway, before in used:
        log = gateway.log.read_bytes()[before:].decode(errors="replace")
        print(log)
        assert gateway.alive, "the gateway ended during the test"
        assert "Traceback" not in log, f"the gateway logged a traceback:\n{log}"


def _retire(gateways: dict[str, GatewayProcess], used: list[GatewayProcess]) -> None:
    """Stop those that no test has asked for lately."""
    idle = [text for text, gateway in gateways.items() if gateway not in used]
    for text in idle[: max(0, len(gateways) - KEPT)]:
        gateway = gateways.pop(text)
        if gateway.alive:
            os.kill(gateway.pid, signal.SIGTERM)


@pytest.fixture
def gateway(start_gateway: Callable[[Mapping[str, Any]], GatewayProcess], settings: Callable[..., Settings]):
    """A gateway in front of the scripted upstream, of kind openai, with nothing else set."""
    return start_gateway(settings())
