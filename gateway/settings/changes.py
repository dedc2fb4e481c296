"""The differences between two settings, in a form that may be logged.

Rules:
- Every key that differs is named as in the YAML: `providers.local.timeouts.first_byte`.
- A secret, and any other value that is excluded from the repr, is only reported as changed
  (`test_a_secret_is_never_shown`).
- The items of a list are matched by their pattern or name, so that one route inserted before a hundred is one
  change; without either, by their index.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast, get_args, get_type_hints

import attrs
from attrs import frozen

from gateway.settings.errors import KeyPath, dotted_path
from gateway.settings.loading import durations
from gateway.settings.loading.structure_errors import key_of
from gateway.settings.loading.units import Secret, Unit
from gateway.settings.models import ModelRule, Settings

ABSENT = "(none)"
CHANGED = "(changed)"
SECRET = "(a secret)"  # noqa: S105  what is shown in place of one
LONGEST = 200
"""Characters of a value that are shown."""

_DERIVED = frozenset({"default_target"})
"""Fields that are derived from another one."""
_OMITTED = frozenset({"target", "switches"})
"""Fields omitted from the key path, as they have no key of their own in the YAML: `models.claude-*` is its
target."""
_NAMES = ("pattern", "name")


@frozen
class SettingChange:
    """One key that differs."""

    path: str
    old: str
    new: str


def setting_changes(old: Settings, new: Settings) -> tuple[SettingChange, ...]:
    return tuple(_differences((), old, new))


def _differences(path: KeyPath, old: object, new: object) -> Iterator[SettingChange]:
    if old == new:
        return
    match old, new:
        case Mapping(), Mapping():
            yield from _by_key(path, cast("Mapping[Any, object]", old), cast("Mapping[Any, object]", new))
        case ((list() | tuple()), (list() | tuple())):
            yield from _by_name(path, cast("Sequence[object]", old), cast("Sequence[object]", new))
        case _ if attrs.has(type(old)) and type(old) is type(new) and not isinstance(old, Secret):
            yield from _by_field(path, cast("attrs.AttrsInstance", old), cast("attrs.AttrsInstance", new))
        case _:
            yield SettingChange(
                dotted_path(path), _short_text(old), CHANGED if _hides(old, new) else _short_text(new)
            )


def _hides(old: object, new: object) -> bool:
    return isinstance(old, Secret) and isinstance(new, Secret)


def _by_field(path: KeyPath, old: attrs.AttrsInstance, new: attrs.AttrsInstance) -> Iterator[SettingChange]:
    lasting = _durations(type(old))
    for one in attrs.fields(type(old)):
        was, now = getattr(old, one.name), getattr(new, one.name)
        if one.name in _DERIVED or was == now:
            continue
        here = path if one.name in _OMITTED else (*path, key_of(one.name))
        if not one.repr:
            yield SettingChange(dotted_path(here), SECRET if was else ABSENT, CHANGED if now else ABSENT)
        elif one.name in lasting:
            yield SettingChange(dotted_path(here), _written(was), _written(now))
        else:
            yield from _differences(here, was, now)


def _by_key(path: KeyPath, old: Mapping[Any, object], new: Mapping[Any, object]) -> Iterator[SettingChange]:
    for key in dict.fromkeys([*old, *new]):
        here = (*path, str(key))
        if key not in new:
            yield SettingChange(dotted_path(here), _short_text(old[key]), ABSENT)
        elif key not in old:
            yield SettingChange(dotted_path(here), ABSENT, _short_text(new[key]))
        else:
            yield from _differences(here, old[key], new[key])


def _by_name(path: KeyPath, old: Sequence[object], new: Sequence[object]) -> Iterator[SettingChange]:
    olds, news = _named(old), _named(new)
    if olds is not None and news is not None:
        yield from _by_key(path, olds, news)
        yield from _order(path, list(olds), list(news))
        return
    for place in range(max(len(old), len(new))):
        was, now = (_short_text(items[place]) if place < len(items) else ABSENT for items in (old, new))
        if place < min(len(old), len(new)):
            yield from _differences((*path, place), old[place], new[place])
        else:
            yield SettingChange(dotted_path((*path, place)), was, now)


def _order(path: KeyPath, old: list[Any], new: list[Any]) -> Iterator[SettingChange]:
    """One change if keys that stay are in another order: the first match wins."""
    before = [key for key in old if key in new]
    after = [key for key in new if key in old]
    if before != after:
        yield SettingChange(dotted_path(path), "in one order", "in another order")


def _named(items: Sequence[object]) -> dict[Any, object] | None:
    """The items by their names; None if one has no name, or two have the same."""
    by_name = {
        name: item for item in items for key in _NAMES if isinstance(name := getattr(item, key, None), str)
    }
    return by_name if len(by_name) == len(items) else None


@functools.cache
def _durations(cls: type[attrs.AttrsInstance]) -> set[str]:
    """The fields whose seconds a YAML writes with a unit."""

    def marks(kind: Any) -> Iterator[object]:
        for one in get_args(kind):
            yield one
            yield from marks(one)

    hints = get_type_hints(cls, include_extras=True)
    return {name for name, kind in hints.items() if Unit("duration") in list(marks(kind))}


def _written(seconds: float | None) -> str:
    return ABSENT if seconds is None else durations.format_duration(seconds)


def _short_text(value: object) -> str:
    """A short form without anything that may be a key."""
    text = _text(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _text(value: object) -> str:
    match value:
        case None:
            return ABSENT
        case Secret():
            return SECRET
        case ModelRule():
            return _text(value.target)
        case bool():
            return str(value).lower()
        case Mapping():
            entries = cast("Mapping[Any, object]", value).items()
            return "{" + ", ".join(f"{key}: {_text(one)}" for key, one in entries) + "}"
        case list() | tuple():
            return "[" + ", ".join(_text(one) for one in cast("Sequence[object]", value)) + "]"
        case _ if attrs.has(type(value)):
            return "{" + ", ".join(_changed_fields(cast("attrs.AttrsInstance", value))) + "}"
        case _:
            return str(value)


def _changed_fields(value: attrs.AttrsInstance) -> Iterator[str]:
    """The fields that differ from their defaults."""
    for one in attrs.fields(type(value)):
        current = getattr(value, one.name)
        default = one.default.factory() if isinstance(one.default, attrs.Factory) else one.default  # type: ignore[arg-type]
        if current != default:
            yield f"{key_of(one.name)}: {_text(current) if one.repr else SECRET}"
