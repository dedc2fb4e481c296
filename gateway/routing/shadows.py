"""What of the table cannot be reached: routes behind one that takes all their requests, and idle aliases."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import Factory, define

from gateway.routing.patterns import covers, head
from gateway.routing.sights import ORDINARY
from gateway.routing.table import Route, RouteTable
from gateway.settings.mistakes import KeyPath, dotted


def unreachable(table: RouteTable) -> Iterator[tuple[KeyPath, str]]:
    """Where it stands, and what is wrong. Never a route that can be reached; some that exclude themselves by
    their own conditions are not seen."""
    above = _Above()
    for route in table.routes:
        earlier = next((one for one in above.candidates(route) if _takes_all(one, route)), None)
        if earlier is not None:
            yield route.place, f"never matches: `{dotted(earlier.place)}`, before it, takes all its requests"
        above.add(route)
    for id_ in table.aliases:
        if table.narrowed(id_).first(ORDINARY) is None:
            yield ("aliases", id_), "goes nowhere: no route takes it; give it a `to`"


@define
class _Above:
    """The routes above one, by the letters that their patterns begin with: of hundreds, few begin alike."""

    _by_head: dict[str, list[tuple[int, Route]]] = Factory(dict[str, "list[tuple[int, Route]]"])
    _count: int = 0

    def add(self, route: Route) -> None:
        for start in {head(pattern) for pattern in route.patterns or ("*",)}:
            self._by_head.setdefault(start, []).append((self._count, route))
        self._count += 1

    def candidates(self, route: Route) -> Iterator[Route]:
        """Those that may take all of its names, in their order."""
        name = (route.patterns or ("*",))[0]
        found = [one for end in range(len(name) + 1) for one in self._by_head.get(name[:end], ())]
        return (one for _, one in sorted(found, key=lambda one: one[0]))


def _takes_all(wide: Route, narrow: Route) -> bool:
    return _holds_wherever(wide, narrow) and _covers_names(wide, narrow)


def _holds_wherever(wide: Route, narrow: Route) -> bool:
    said = {one.key: one for one in narrow.conditions}
    return all(one.key in said and one.covers(said[one.key]) for one in wide.conditions)


def _covers_names(wide: Route, narrow: Route) -> bool:
    own = narrow.patterns or ("*",)
    return not wide.patterns or all(any(covers(one, each) for one in wide.patterns) for each in own)
