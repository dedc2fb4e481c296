"""Selects the client key to hand out, without showing a key unless the user asked for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

import click

from gateway.cli.environment import EnvKey
from gateway.errors import ConfigError
from gateway.settings.loading import include
from gateway.settings.loading.interpolation import is_stand_in
from gateway.settings.loading.load import LoadedConfig

PLACEHOLDER = "your-gateway-key"
OPTION = click.option(
    "--client", metavar="NAME", help="Whose client key: a name in `server.keys`. [the first that is set here]"
)
_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)(?::-[^{}]*)?\}")


def real_key(loaded: LoadedConfig, client: str | None) -> EnvKey:
    """A configured key itself: for the environment of a process, not for a screen."""
    keys = loaded.settings.server.keys
    if not keys:
        return _none(client)
    at = _chosen(loaded, client)
    value = keys[at].key.reveal()
    if is_stand_in(value):
        variable = _variable(loaded.path, at, keys[at].name)
        missing = f"the variable {variable} is not set" if variable else "it cannot be read"
        raise click.UsageError(f"The client key {_names(loaded)[at]!r} is not known here: {missing}.")
    return EnvKey(value, needed=True)


def key_reference(loaded: LoadedConfig, client: str | None) -> EnvKey:
    """The name of the variable with the configured key, else a placeholder."""
    keys = loaded.settings.server.keys
    if not keys:
        return _none(client)
    at = _chosen(loaded, client)
    variable = _variable(loaded.path, at, keys[at].name)
    return EnvKey(PLACEHOLDER, variable, needed=True, placeholder=not variable)


def _none(client: str | None) -> EnvKey:
    if client is not None:
        raise click.UsageError(f"--client: there is no client key {client!r}; `server.keys` has none.")
    return EnvKey()


def _names(loaded: LoadedConfig) -> list[str]:
    return [key.name or f"key-{number}" for number, key in enumerate(loaded.settings.server.keys, 1)]


def _chosen(loaded: LoadedConfig, client: str | None) -> int:
    names = _names(loaded)
    if client is None:
        known = (
            at for at, key in enumerate(loaded.settings.server.keys) if not is_stand_in(key.key.reveal())
        )
        return next(known, 0)
    if client not in names:
        raise click.UsageError(f"--client: there is no client key {client!r}; there is {', '.join(names)}.")
    return names.index(client)


def _variable(path: Path | None, at: int, name: str | None) -> str:
    """The settings have the values of references: their names are only in the file."""
    written = _written(path) if path else []
    named = [one for one in written if isinstance(one, dict) and one.get("name") == name] if name else []
    found = (named or written[at : at + 1] or [None])[0]
    value = found.get("key") if isinstance(found, dict) else found
    reference = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return reference[1] if reference else ""


def _written(path: Path) -> list[dict[str, object] | str]:
    """`server.keys` as written in the file."""
    try:
        found = cast("object", include.read_with_includes(path).tree)
    except ConfigError:
        return []
    for step in ("server", "keys"):
        found = cast("dict[str, object]", found).get(step) if isinstance(found, dict) else None
    return cast("list[dict[str, object] | str]", found) if isinstance(found, list) else []
