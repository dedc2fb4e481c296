"""The source of the settings, so that they can be reloaded at runtime.

Rules:
- Files are read as a consistent set: if one changes while others are read, all are read again, so that two
  files never come from different edits (`test_two_files_are_never_of_different_edits`).
- Settings that require a restart (`RESTART`) keep their current value. An address that others can reach is
  refused without client keys, also if only the keys were removed.
- The files of the settings are known at any time. Missing or invalid ones are included: their change may fix
  the configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from attrs import define, evolve, field, frozen

from gateway.errors import ConfigError
from gateway.runtime.watch import Content, content
from gateway.settings.changes import SettingChange
from gateway.settings.errors import InvalidSettings, SettingsMistake
from gateway.settings.hosts import is_loopback_host
from gateway.settings.loading.load import LoadedConfig
from gateway.settings.models import Settings

RESTART = ("host", "port", "workers")
"""Keys of `server` that are only used when the process starts."""
TRIES = 5
"""How often files that change while they are read are read again."""


@frozen
class LoadedSettings:
    """Settings that can be swapped in."""

    settings: Settings
    loaded: LoadedConfig
    """The files' settings, which may differ in keys that require a restart."""
    restart: tuple[SettingChange, ...]
    """These differences, from the active values to the files' values."""
    content: Content
    """The content of the files."""


@define
class SettingsSource:
    loaded: LoadedConfig
    """The settings that the process starts with."""
    _load: Callable[[], LoadedConfig] = field(repr=False)
    """Reads everything again. Raises ConfigError."""
    allow_unauthenticated: bool = False
    files: tuple[Path, ...] = field(init=False)
    """The files to watch."""

    def __attrs_post_init__(self) -> None:
        self.files = self.loaded.files

    def read(self, running: Settings) -> LoadedSettings:
        """Blocks. Raises ConfigError if the files cannot be used."""
        loaded, found = self._whole()
        settings, restart = _kept(loaded.settings, running)
        self._keep_the_door_shut(settings, loaded)
        return LoadedSettings(settings, loaded, restart, found)

    def settle(self, reading: LoadedSettings) -> None:
        """Make this the active configuration: files that no longer belong to it are not watched any more."""
        self.files = reading.loaded.files

    def _whole(self) -> tuple[LoadedConfig, Content]:
        for _ in range(TRIES):
            before = content(self.files)
            try:
                loaded = self._load()
            except ConfigError as error:
                self._watch_too(error.files if isinstance(error, InvalidSettings) else ())
                if content(before) == before:
                    raise
                continue
            self._watch_too(loaded.files)
            if before.keys() >= set(loaded.files) and content(before) == before:
                return loaded, before
        raise ConfigError("The files of the configuration change while they are read.")

    def _watch_too(self, files: Iterable[Path]) -> None:
        self.files = tuple(dict.fromkeys((*self.files, *files)))

    def _keep_the_door_shut(self, settings: Settings, loaded: LoadedConfig) -> None:
        server = settings.server
        if server.keys or is_loopback_host(server.host) or self.allow_unauthenticated:
            return
        message = f"are required while the gateway listens on {server.host}; another host requires a restart"
        raise InvalidSettings(
            [SettingsMistake(loaded.sources.get("server.keys", ""), "server.keys", message)]
        )


def _kept(new: Settings, running: Settings) -> tuple[Settings, tuple[SettingChange, ...]]:
    """The new settings with the old values of keys that require a restart, and the changes to those keys."""
    old = {key: getattr(running.server, key) for key in RESTART}
    differing = tuple(
        SettingChange(f"server.{key}", str(value), str(getattr(new.server, key)))
        for key, value in old.items()
        if getattr(new.server, key) != value
    )
    return evolve(new, server=evolve(new.server, **old)), differing
