"""Finds routes that can never match because earlier routes take all their requests, and unreachable aliases.

Rules:
- Earlier routes count together: with and without images, or all classes, is everything
  (`test_what_routes_take_together_is_seen`). Two are combined if they differ in one condition only.
- A reachable route is never reported; some routes whose own conditions contradict each other are not found.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import get_args

from attrs import Factory, define, frozen

from gateway.routing.conditions import FITS, TOKENS, TYPICAL_REQUEST, Condition
from gateway.routing.patterns import covers, literal_prefix
from gateway.routing.table import Route, RouteTable
from gateway.settings.errors import KeyPath, dotted_path
from gateway.settings.models import RequestClass

_CLASSES = frozenset(get_args(RequestClass))
_TRUTHS = frozenset((True, False))

Key = tuple[Hashable, ...]


def unreachable(table: RouteTable) -> Iterator[tuple[KeyPath, str]]:
    """The key of each such route or alias, and why it is unreachable."""
    above = _Above()
    reported: set[KeyPath] = set()
    for route in table.routes:
        region = _region(route)
        earlier = next((one for one in above.candidates(region) if _takes_all(one, region)), None)
        if earlier is not None and route.place not in reported:
            reported.add(route.place)
            yield route.place, _never(earlier.places)
        above.add(region)
    for id_ in table.aliases:
        if table.candidates(id_).first(TYPICAL_REQUEST) is None:
            yield ("aliases", id_), "goes nowhere: no route takes it; give it a `to`"


def _never(places: Sequence[KeyPath]) -> str:
    named = [f"`{dotted_path(place)}`" for place in places]
    if len(named) == 1:
        return f"never matches: {named[0]}, before it, takes all its requests"
    return (
        f"never matches: {', '.join(named[:-1])} and {named[-1]}, before it, take all its requests together"
    )


@frozen
class _Region:
    """The requests that a route takes, or that several take together."""

    places: tuple[KeyPath, ...]
    patterns: tuple[str, ...]
    conditions: Mapping[str, Condition]

    def key(self, left_out: str) -> Key:
        """All conditions but one."""
        rest = {(one.key, frozenset(one.wanted)) for one in self.conditions.values() if one.key != left_out}
        return (left_out, frozenset(self.patterns), frozenset(rest))


def _region(route: Route) -> _Region:
    conditions = {one.key: one for one in route.conditions if not _is_everything(one)}
    return _Region((route.place,), route.patterns or ("*",), conditions)


def _is_everything(condition: Condition) -> bool:
    """Every request has one of these values."""
    every = _CLASSES if condition.key == "class" else _TRUTHS
    return condition.key not in (TOKENS, FITS, "client") and every <= set(condition.wanted)


def _together(one: _Region, other: _Region, key: str) -> _Region:
    """Combine two that differ in one condition only."""
    wanted = tuple(dict.fromkeys((*one.conditions[key].wanted, *other.conditions[key].wanted)))
    both = Condition(key, wanted)
    rest = {name: condition for name, condition in one.conditions.items() if name != key}
    conditions = rest if _is_everything(both) else {**rest, key: both}
    return _Region(tuple(dict.fromkeys((*one.places, *other.places))), one.patterns, conditions)


@define
class _Above:
    """The routes before one, by the literal prefix of their patterns: of hundreds, few share a prefix."""

    _by_head: dict[str, list[tuple[int, _Region]]] = Factory(dict[str, "list[tuple[int, _Region]]"])
    _alike: dict[Key, _Region] = Factory(dict[Key, _Region])
    """The combined requests of routes that differ in one condition only."""
    _count: int = 0

    def add(self, region: _Region) -> None:
        for start in {literal_prefix(pattern) for pattern in region.patterns}:
            self._by_head.setdefault(start, []).append((self._count, region))
        self._count += 1
        for name in region.conditions:
            if name not in (TOKENS, FITS):
                self._join(region, name)

    def _join(self, region: _Region, name: str) -> None:
        key = region.key(name)
        known = self._alike.setdefault(key, region)
        if known.conditions[name].covers(region.conditions[name]):
            return
        both = _together(known, region, name)
        if name in both.conditions:
            self._alike[key] = both
        self.add(both)

    def candidates(self, region: _Region) -> Iterator[_Region]:
        """Routes that may take all of the region's names, in order."""
        name = region.patterns[0]
        found = [one for end in range(len(name) + 1) for one in self._by_head.get(name[:end], ())]
        return (one for _, one in sorted(found, key=lambda one: one[0]))


def _takes_all(wide: _Region, narrow: _Region) -> bool:
    """Compares both conditions and names."""
    conditions = narrow.conditions
    holds = all(key in conditions and one.covers(conditions[key]) for key, one in wide.conditions.items())
    return holds and all(any(covers(one, each) for one in wide.patterns) for each in narrow.patterns)
