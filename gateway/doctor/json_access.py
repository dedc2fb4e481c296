"""Values inside arbitrary JSON: each look-up returns the value if it has the type, else None."""

from __future__ import annotations

import json
from typing import cast


def parsed(body: bytes) -> object:
    """None if it is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def at(value: object, *path: str | int) -> object:
    for step in path:
        match value, step:
            case dict(), str():
                value = cast("dict[str, object]", value).get(step)
            case list(), int():
                items = cast("list[object]", value)
                value = items[step] if -len(items) <= step < len(items) else None
            case _:
                return None
    return value


def text(value: object, *path: str | int) -> str:
    """Empty if there is none."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def number(value: object, *path: str | int) -> int | None:
    """A whole number above zero, as counts and windows are."""
    found = at(value, *path)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found < 1e12:
        return None
    return int(found)


def flag(value: object, *path: str | int) -> bool | None:
    found = at(value, *path)
    return found if isinstance(found, bool) else None


def items(value: object, *path: str | int) -> list[object]:
    found = at(value, *path)
    return cast("list[object]", found) if isinstance(found, list) else []


def fields(value: object, *path: str | int) -> dict[str, object]:
    found = at(value, *path)
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def first(*found: int | None) -> int | None:
    return next((one for one in found if one is not None), None)
