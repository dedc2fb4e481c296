"""Explains rule by rule where a request is routed. It reads the same features as the table; it decides
nothing."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Literal

from attrs import frozen

from gateway.errors import RequestRefused
from gateway.inbound import Inbound
from gateway.routing.conditions import FITS, Condition, feature_value
from gateway.routing.patterns import without_window_suffix
from gateway.routing.request_class import classify_request
from gateway.routing.table import Route, RouteTable

Outcome = Literal["taken", "passed over", "not reached"]


@frozen
class ConditionCheck:
    """One condition: the values that the route accepts, and the request's value."""

    key: str
    wanted: tuple[Hashable, ...]
    seen: Hashable
    holds: bool
    guessed: bool = False
    note: str = ""
    """How the class was determined; or why a name does not match."""


@frozen
class RouteStep:
    """`checks` ends with the first that fails."""

    route: Route
    outcome: Outcome
    checks: tuple[ConditionCheck, ...] = ()


@frozen
class Explanation:
    """`route` is None if the answer is 404; `refusal` then has its message."""

    steps: tuple[RouteStep, ...]
    route: Route | None
    refusal: str = ""


def explain(table: RouteTable, inbound: Inbound) -> Explanation:
    refusal = ""
    try:
        route = table.resolve(inbound)
    except RequestRefused as refused:
        route, refusal = None, refused.message
    return Explanation(tuple(_steps(table, inbound, route)), route, refusal)


def _steps(table: RouteTable, inbound: Inbound, chosen: Route | None) -> Iterator[RouteStep]:
    reached = True
    for route in table.routes:
        if reached:
            checks = tuple(_checks(table, route, inbound))
            reached = not all(check.holds for check in checks)
            yield RouteStep(route, "passed over" if reached else "taken", checks)
        else:
            yield RouteStep(route, "not reached")
    if chosen is not None and reached:
        yield RouteStep(chosen, "taken")


def _checks(table: RouteTable, route: Route, inbound: Inbound) -> Iterator[ConditionCheck]:
    """The model first; nothing is checked after a failure. The internal `fits` is listed only if it fails."""
    name = without_window_suffix(inbound.request.model)
    if name in table.own:
        fits = route.means(name)
        note = "" if fits else "it is a target's own name, which only patterns with a `/` take"
        yield ConditionCheck("model", route.patterns, name, fits, note=note)
    else:
        fits = route.takes(name)
        if route.patterns:
            yield ConditionCheck("model", route.patterns, name, fits)
    for condition in route.conditions if fits else ():
        check = _check(condition, inbound)
        if condition.key != FITS or not check.holds:
            yield check
        if not check.holds:
            return


def _check(condition: Condition, inbound: Inbound) -> ConditionCheck:
    if condition.key != "class":
        seen = feature_value(inbound, condition.key)
        return ConditionCheck(condition.key, condition.wanted, seen, condition.holds(seen))
    found = classify_request(inbound)
    return ConditionCheck(
        "class", condition.wanted, found.name, condition.holds(found.name), found.guessed, found.because
    )
