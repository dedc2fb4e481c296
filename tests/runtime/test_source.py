"""Settings that are read again while something runs with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from gateway.errors import ConfigError
from gateway.runtime.source import SettingsSource
from gateway.settings.errors import InvalidSettings
from gateway.settings.loading.load import LoadedConfig, load_config
from gateway.settings.models import Settings

CONFIG = """
server: {{host: {host}, port: {port}, keys: [{keys}]}}
providers: {{up: {{kind: openai, base_url: "http://127.0.0.1:9/v1", api_key: "file:key"}}}}
"""


def write(path: Path, host: str = "127.0.0.1", port: int = 8080, keys: str = "") -> None:
    path.write_text(CONFIG.format(host=host, port=port, keys=keys))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "key").write_text("sk-1")
    path = tmp_path / "gateway.yaml"
    write(path)
    return path


def source_of(path: Path, *, allow_unauthenticated: bool = False) -> tuple[SettingsSource, Settings]:
    def again() -> LoadedConfig:
        return load_config(path, {}, allow_unauthenticated=allow_unauthenticated)

    loaded = again()
    return SettingsSource(loaded, again, allow_unauthenticated), loaded.settings


def key(settings: Settings) -> str:
    secret = settings.providers["up"].api_key
    assert secret
    return secret.reveal()


def test_a_secret_in_a_file_is_read_again(path: Path):
    source, running = source_of(path)
    path.with_name("key").write_text("sk-2")
    assert key(source.read(running).settings) == "sk-2"


def test_an_included_file_is_watched_and_read_again(path: Path):
    included = path.with_name("more.yaml")
    included.write_text('models: {"*": up/m1}')
    path.write_text(f"include: more.yaml\n{path.read_text()}")
    source, running = source_of(path)
    assert included in source.files
    included.write_text('models: {"*": up/m2}')
    assert source.read(running).settings.models != running.models


def test_what_takes_a_restart_keeps_its_value(path: Path):
    source, running = source_of(path)
    write(path, port=9999, keys="k")
    reading = source.read(running)
    assert (reading.settings.server.port, len(reading.settings.server.keys)) == (8080, 1)
    assert [(one.path, one.old, one.new) for one in reading.restart] == [("server.port", "8080", "9999")]
    assert reading.loaded.settings.server.port == 9999


def test_keys_cannot_be_taken_from_an_open_address(path: Path):
    """The file by itself is fine: it listens on loopback. The process still listens on all addresses."""
    write(path, host="0.0.0.0", keys="k")
    source, running = source_of(path)
    write(path)
    with pytest.raises(
        InvalidSettings, match=r"server\.keys: are required while the gateway listens on 0\.0\.0\.0"
    ):
        source.read(running)
    write(path, keys="k")
    assert source.read(running).settings.server.host == "0.0.0.0"


def test_keys_can_be_taken_where_it_was_said_that_none_are_needed(path: Path):
    write(path, host="0.0.0.0", keys="k")
    source, running = source_of(path, allow_unauthenticated=True)
    write(path)
    assert source.read(running).settings.server.keys == ()


def test_a_file_that_was_missing_is_watched(path: Path):
    source, running = source_of(path)
    missing = path.with_name("other")
    path.write_text(path.read_text().replace("file:key", "file:other"))
    with pytest.raises(ConfigError, match="other"):
        source.read(running)
    assert set(source.files) == {path, path.with_name("key"), missing}
    missing.write_text("sk-3")
    reading = source.read(running)
    source.settle(reading)
    assert set(source.files) == {path, missing}


def test_two_files_are_never_of_different_edits(path: Path):
    source, running = source_of(path)
    secret = path.with_name("key")
    edits = iter([("k2", "sk-2"), ("k3", "sk-3")])

    def interrupted() -> LoadedConfig:
        """The files change after one of them was read, before the others."""
        loaded = load_config(path, {})
        if edit := next(edits, None):
            write(path, keys=edit[0])
            secret.write_text(edit[1])
            return evolve(loaded, settings=load_config(path, {}).settings)
        return loaded

    reading = SettingsSource(source.loaded, interrupted).read(running)
    assert key(reading.settings) == "sk-3"
    assert next(edits, None) is None, "it was not read again"


def test_a_mistake_of_half_an_edit_is_read_again(path: Path):
    source, running = source_of(path)
    texts = iter([path.read_text()])

    def interrupted() -> LoadedConfig:
        try:
            return load_config(path, {})
        finally:
            if text := next(texts, None):
                path.write_text(text)

    path.write_text("half: ")
    assert key(SettingsSource(source.loaded, interrupted).read(running).settings) == "sk-1"


def test_files_that_never_hold_still_are_refused(path: Path):
    source, running = source_of(path)
    numbers = iter(range(1000))

    def restless() -> LoadedConfig:
        loaded = load_config(path, {})
        path.write_text(path.read_text() + f"# {next(numbers)}\n")
        return loaded

    with pytest.raises(ConfigError, match="change while they are read"):
        SettingsSource(source.loaded, restless).read(running)
