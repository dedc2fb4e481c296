"""Which client key to hand out, without showing one that nobody asked to see."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

from gateway.cli.environment import Key
from gateway.errors import ConfigError
from gateway.settings import inclusion
from gateway.settings.load import Loaded

PLACEHOLDER = "your-gateway-key"
_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)(?::-[^{}]*)?\}")


def revealed(loaded: Loaded) -> Key:
    """The first configured key as it is: for a process that is started, not for a screen."""
    keys = loaded.settings.server.keys
    return Key(keys[0].key.reveal(), needed=True) if keys else Key()


def covered(loaded: Loaded) -> Key:
    """The name of the variable that the configuration takes it from, else a placeholder."""
    if not loaded.settings.server.keys:
        return Key()
    variable = _variable(loaded.path) if loaded.path else ""
    return Key(PLACEHOLDER, variable, needed=True)


def _variable(path: Path) -> str:
    """The settings hold what references stand for: their names are in the file alone."""
    try:
        found = cast("object", inclusion.read(path).tree)
    except ConfigError:
        return ""
    for step in ("server", "keys", 0, "key"):
        match found, step:
            case dict(), str():
                found = cast("dict[str, object]", found).get(step)
            case list(), int() if found:
                found = cast("list[object]", found)[step]
            case _:
                break
    reference = _REFERENCE.fullmatch(found) if isinstance(found, str) else None
    return reference[1] if reference else ""
