"""Durations as people write them: `500ms`, `30s`, `5m`, `1h` <-> seconds."""

from __future__ import annotations

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?) *(ms|s|m|h)", re.ASCII)


def parse_duration(text: str) -> float | None:
    """Seconds; None if the text is not a duration."""
    found = _DURATION.fullmatch(text.strip())
    return float(found[1]) * _UNITS[found[2]] if found else None


def format_duration(seconds: float) -> str:
    """The shortest form: 240.0 -> `4m`."""
    for unit in ("h", "m", "s"):
        if seconds >= _UNITS[unit] and seconds % _UNITS[unit] == 0:
            return f"{seconds / _UNITS[unit]:.12g}{unit}"
    return f"{seconds * 1000:.12g}ms" if 0 < seconds < 1 else f"{seconds:.12g}s"
