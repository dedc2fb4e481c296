"""One reload: what is swapped, what is told, and what stays."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from gateway.runtime import reload as reloads
from gateway.runtime.reload import EDIT, HANGUP, Reloader, reloading
from gateway.runtime.runtime import Runtime, RuntimeRef
from gateway.runtime.source import SettingsSource
from gateway.settings.loading.load import LoadedConfig, load_config
from gateway.telemetry import metrics

CONFIG = """
server: {server}
providers:
  up: {{kind: openai, base_url: "http://127.0.0.1:9/v1", api_key: sk-{key}}}
  steady: {{kind: ollama, base_url: "http://127.0.0.1:9"}}
models: {{"*": up/{model}}}
"""
LONG = 20


class Config:
    """The file of one test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write()

    def write(self, model: str = "m1", key: str = "1", server: str = "{port: 8080}") -> None:
        self.path.write_text(CONFIG.format(model=model, key=key, server=server))

    def load(self) -> LoadedConfig:
        return load_config(self.path, {})


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(tmp_path / "gateway.yaml")


@pytest.fixture
async def reloader(config: Config) -> AsyncIterator[Reloader]:
    loaded = config.load()
    runtimes = RuntimeRef.holding(Runtime.build(loaded.settings))
    yield Reloader(runtimes, SettingsSource(loaded, config.load))
    await runtimes.close()


@pytest.fixture
def said():
    with structlog.testing.capture_logs() as lines:
        yield lines


def model_of(reloader: Reloader) -> str:
    return reloader.runtimes.current.settings.models[0].target.model


def metric(name: str) -> dict[str, float]:
    families = text_string_to_metric_families(metrics().decode())
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return {sample.labels.get("result", ""): sample.value for sample in samples}


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(LONG):
        while not holds():  # noqa: ASYNC110  what is waited for tells nobody
            await asyncio.sleep(0.02)


async def test_a_good_edit_is_swapped_in(config, reloader, said):
    config.write("m2", key="2")
    outcome = await reloader.reload(EDIT)
    assert (outcome.result, outcome.generation, model_of(reloader)) == ("applied", 2, "m2")
    changed = {line["key"]: (line["old"], line["new"]) for line in said if line["event"] == "changed"}
    assert ("m1", "m2") in changed.values()
    assert changed["providers.up.api_key"] == ("(a secret)", "(changed)")
    assert "sk-" not in str(said)


async def test_a_bad_edit_changes_nothing_and_says_what_is_wrong(config, reloader, said):
    before = reloader.runtimes.current
    config.write(server="{prt: 1, ping_every: soon}")
    outcome = await reloader.reload(EDIT)
    assert reloader.runtimes.current is before
    assert (outcome.result, outcome.generation) == ("refused", 1)
    for text in (outcome.error, str(said)):
        assert "gateway.yaml:2: server.prt: unknown key; did you mean `port`?" in text
        assert "gateway.yaml:2: server.ping_every: expected a duration" in text
    assert [line["log_level"] for line in said] == ["error"] * 4


async def test_every_worker_says_what_is_wrong_but_only_the_first_what_changed(config, reloader, said):
    second = Reloader(reloader.runtimes, reloader.source, 2)
    config.write("m2")
    await second.reload(EDIT)
    assert [line["event"] for line in said] == ["configuration reloaded"]
    config.write(server="{prt: 1}")
    await second.reload(EDIT)
    assert "unknown key" in said[-1]["error"]


async def test_certificates_that_cannot_be_used_are_refused(config, reloader, tmp_path):
    ca = tmp_path / "ca.pem"
    ca.write_text("no certificate")
    text = config.path.read_text()
    config.path.write_text(text.replace("api_key: sk-1", f"ca_file: {ca}"))
    outcome = await reloader.reload(EDIT)
    assert outcome.result == "refused"
    assert "providers.up: cannot read its TLS files" in outcome.error
    assert ca in reloader.source.files


async def test_a_certificate_with_other_content_makes_its_provider_anew(config, reloader, tmp_path):
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authorities())
    config.path.write_text(config.path.read_text().replace("api_key: sk-1", f"ca_file: {ca}"))
    await reloader.reload(EDIT)
    before = reloader.runtimes.current.adapters
    assert (await reloader.reload(EDIT)).result == "unchanged"
    ca.write_bytes(authorities() + b"\n# another\n")
    outcome = await reloader.reload(EDIT)
    after = reloader.runtimes.current.adapters
    assert [change.path for change in outcome.changes] == ["providers.up"]
    assert after["up"] is not before["up"]
    assert after["steady"] is before["steady"]


def authorities() -> bytes:
    import certifi

    return Path(certifi.where()).read_bytes()


async def test_an_edit_that_says_the_same_is_no_generation(config, reloader, said):
    config.path.write_text("# a comment\n" + config.path.read_text())
    assert (await reloader.reload(EDIT)).result == "unchanged"
    assert (reloader.generation, said, reloader.last) == (1, [], None)


async def test_a_bad_edit_that_is_taken_back_is_told(config, reloader, said):
    config.write(server="{prt: 1}")
    await reloader.reload(EDIT)
    assert metric("gateway_config_last_reload_successful") == {"": 0}
    config.write()
    assert (await reloader.reload(EDIT)).result == "unchanged"
    assert said[-1]["event"] == "configuration unchanged"
    assert metric("gateway_config_last_reload_successful") == {"": 1}


async def test_what_takes_a_restart_is_said_once_and_stays(config, reloader, said):
    config.write("m2", server="{port: 9999, workers: 3}")
    outcome = await reloader.reload(EDIT)
    server = reloader.runtimes.current.settings.server
    assert (server.port, server.workers, model_of(reloader)) == (8080, 1, "m2")
    assert [change.path for change in outcome.restart] == ["server.port", "server.workers"]
    lines = [line for line in said if line["event"] == "requires a restart"]
    assert lines[0] == {
        "event": "requires a restart",
        "log_level": "warning",
        "key": "server.port",
        "running": "8080",
        "file": "9999",
    }
    said.clear()
    await reloader.reload(EDIT)
    assert said == []


async def test_only_what_takes_a_restart_is_no_generation_but_is_said(config, reloader, said):
    config.write(server="{port: 9999}")
    assert (await reloader.reload(EDIT)).result == "unchanged"
    assert "requires a restart" in [line["event"] for line in said]


async def test_results_are_counted(config, reloader):
    before = metric("gateway_config_reloads_total")
    config.write("m2")
    await reloader.reload(EDIT)
    config.write(server="{prt: 1}")
    await reloader.reload(EDIT)
    config.write("m2")
    await reloader.reload(HANGUP)
    await reloader.reload(HANGUP)
    after = metric("gateway_config_reloads_total")
    assert {result: after[result] - before[result] for result in after} == {
        "applied": 1,
        "refused": 1,
        "unchanged": 2,
    }
    assert metric("gateway_config_generation") == {"": 2}


async def test_a_new_log_level_holds_at_once(config, reloader, monkeypatch):
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(reloads, "configure_logging", lambda *how: told.append(how))
    config.write("m2")
    await reloader.reload(EDIT)
    config.write("m2", server="{log_level: debug, log_format: json}")
    await reloader.reload(EDIT)
    assert told == [("debug", "json")]


async def test_a_failure_of_the_gateway_itself_keeps_the_old_one(config, reloader, monkeypatch, said):
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Runtime, "build", broken)
    config.write("m2")
    assert (await reloader.reload(EDIT)).result == "refused"
    assert "the gateway failed to read the configuration: ZeroDivisionError" in str(said)
    monkeypatch.undo()
    assert (await reloader.reload(EDIT)).result == "applied"


async def test_a_lease_keeps_the_runtime_it_began_with(config, reloader):
    async with reloader.runtimes.lease() as leased:
        config.write("m2", key="2")
        await reloader.reload(EDIT)
        assert leased.settings.models[0].target.model == "m1"
        assert leased.adapters["up"] is not reloader.runtimes.current.adapters["up"]
        assert leased.adapters["steady"] is reloader.runtimes.current.adapters["steady"]


@asynccontextmanager
async def running(reloader: Reloader) -> AsyncIterator[None]:
    async with reloading(reloader):
        await asyncio.sleep(0.3)
        yield


async def test_edits_are_seen_while_it_runs(config, reloader):
    async with running(reloader):
        config.write("m2")
        await until(lambda: model_of(reloader) == "m2")
        config.write(server="{prt: 1}")
        await until(lambda: reloader.last and reloader.last.result == "refused")
        config.write("m3")
        await until(lambda: model_of(reloader) == "m3")
        assert reloader.last.reason == EDIT


async def test_sighup_reloads(config, reloader, monkeypatch):
    async def blind(_files: object):
        await asyncio.Event().wait()
        yield

    monkeypatch.setattr(reloads, "edits", blind)
    async with running(reloader):
        config.write("m2")
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: model_of(reloader) == "m2")
        assert reloader.last.reason == HANGUP
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


async def test_reloads_asked_for_at_once_run_one_after_the_other(config, reloader):
    config.write("m2")
    outcomes = await asyncio.gather(*(reloader.reload(HANGUP) for _ in range(5)))
    assert [outcome.result for outcome in outcomes] == ["applied", *["unchanged"] * 4]


async def test_a_watch_that_fails_begins_anew(config, reloader, monkeypatch, said):
    monkeypatch.setattr(reloads, "PAUSE", 0.01)
    begun = 0

    async def failing(_files: object):
        nonlocal begun
        begun += 1
        raise ZeroDivisionError
        yield

    monkeypatch.setattr(reloads, "edits", failing)
    async with running(reloader):
        await until(lambda: begun > 2)
    assert "watching the configuration failed in the gateway" in str(said)
