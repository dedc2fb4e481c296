"""What of the table cannot be reached: routes behind one that takes all their requests, and idle aliases."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.routing.patterns import covers
from gateway.routing.sights import ORDINARY
from gateway.routing.table import Route, RouteTable
from gateway.settings.mistakes import KeyPath, dotted


def unreachable(table: RouteTable) -> Iterator[tuple[KeyPath, str]]:
    """Where it stands, and what is wrong. Never a route that can be reached; some that exclude themselves by
    their own conditions are not seen."""
    for at, route in enumerate(table.routes):
        earlier = next((one for one in table.routes[:at] if _takes_all(one, route)), None)
        if earlier is not None:
            yield route.place, f"never matches: `{dotted(earlier.place)}`, before it, takes all its requests"
    for id_ in table.aliases:
        if table.narrowed(id_).first(ORDINARY) is None:
            yield ("aliases", id_), "goes nowhere: no route takes it; give it a `to`"


def _takes_all(wide: Route, narrow: Route) -> bool:
    return _holds_wherever(wide, narrow) and _covers_names(wide, narrow)


def _holds_wherever(wide: Route, narrow: Route) -> bool:
    said = {one.key: one for one in narrow.conditions}
    return all(one.key in said and one.covers(said[one.key]) for one in wide.conditions)


def _covers_names(wide: Route, narrow: Route) -> bool:
    own = narrow.patterns or ("*",)
    return not wide.patterns or all(any(covers(one, each) for one in wide.patterns) for each in own)
