"""Where the settings come from, so that they can be read again while something runs with them.

Rules:
- What is read is what lay on disk at one moment: if a file changes while others are read, all are read again,
  so that two files are never taken from different edits (`test_two_files_are_never_of_different_edits`).
- What only a start can change (`RESTART`) keeps the value that it runs with. Without client keys an address
  that others can reach is refused, also where only the keys were taken away.
- The files that make up the settings are known at any time. One that is missing, or wrong, is among them: its
  change may mend things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from attrs import define, evolve, field, frozen

from gateway.errors import ConfigError
from gateway.runtime.watch import Content, content
from gateway.settings.changes import SettingChange
from gateway.settings.errors import InvalidSettings, SettingsMistake
from gateway.settings.loading.converters import is_loopback_host
from gateway.settings.loading.load import LoadedConfig
from gateway.settings.models import Settings

RESTART = ("host", "port", "workers")
"""Keys of `server` that are used when the process starts, and never again."""
TRIES = 5
"""How often files that change while they are read are read again."""


@frozen
class LoadedSettings:
    """Settings that can be swapped in."""

    settings: Settings
    loaded: LoadedConfig
    """As the files have it: it may differ in what takes a restart."""
    restart: tuple[SettingChange, ...]
    """Those differences, from what runs to what the files say."""
    content: Content
    """What was in the files."""


@define
class SettingsSource:
    loaded: LoadedConfig
    """What the process starts with."""
    _load: Callable[[], LoadedConfig] = field(repr=False)
    """Reads it all anew; ConfigError."""
    allow_unauthenticated: bool = False
    files: tuple[Path, ...] = field(init=False)
    """To be watched."""

    def __attrs_post_init__(self) -> None:
        self.files = self.loaded.files

    def read(self, running: Settings) -> LoadedSettings:
        """Blocks. ConfigError if what is there cannot be used."""
        loaded, found = self._whole()
        settings, restart = _kept(loaded.settings, running)
        self._keep_the_door_shut(settings, loaded)
        return LoadedSettings(settings, loaded, restart, found)

    def settle(self, reading: LoadedSettings) -> None:
        """This is what is used: files that it is not made of are not watched any longer."""
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
        said = f"are needed as long as {server.host} is listened on; another `server.host` takes a restart"
        raise InvalidSettings([SettingsMistake(loaded.sources.get("server.keys", ""), "server.keys", said)])


def _kept(new: Settings, running: Settings) -> tuple[Settings, tuple[SettingChange, ...]]:
    """The new settings with the old values of what takes a restart, and which those are."""
    old = {key: getattr(running.server, key) for key in RESTART}
    differing = tuple(
        SettingChange(f"server.{key}", str(value), str(getattr(new.server, key)))
        for key, value in old.items()
        if getattr(new.server, key) != value
    )
    return evolve(new, server=evolve(new.server, **old)), differing
