"""Environment -> the folder in which the demo keeps its installs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

NAME = "messages-gateway"


def cache_folder(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """`GATEWAY_CACHE` if set, else the platform's own cache folder."""
    own = environ.get("GATEWAY_CACHE")
    return Path(own).expanduser() if own else _platform_caches(environ, platform) / NAME


def _platform_caches(environ: Mapping[str, str], platform: str) -> Path:
    home = Path(environ.get("HOME") or Path.home())
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    if platform == "darwin":
        return home / "Library" / "Caches"
    # The XDG specification says that a relative path must be ignored.
    xdg = Path(environ.get("XDG_CACHE_HOME", ""))
    return xdg if xdg.is_absolute() else home / ".cache"
