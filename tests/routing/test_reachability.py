"""Which routes can never be reached, and that no other is called so."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.routing.conditions import TOKENS
from gateway.routing.reachability import unreachable
from gateway.routing.table import RouteTable
from gateway.settings.models import Match, ModelTarget, Provider, RouteRule, Settings

PROVIDERS = {"up": Provider("openai", "http://up")}
SEEN = {
    "class": ("main", "subagent", "compaction", "auxiliary"),
    "images": (True, False),
    "tools": (True, False),
    TOKENS: (0, 150, 250),
    "client": ("", "alice"),
}
"""Values that tell all of the conditions below apart."""
CLASSES = SEEN["class"]


def table(*matches: Match) -> RouteTable:
    rules = tuple(RouteRule((ModelTarget("up", f"m{at}"),), match) for at, match in enumerate(matches))
    return RouteTable.build(Settings(providers=PROVIDERS, routes=rules))


def never(*matches: Match) -> dict[int, str]:
    return {int(place[1]): words for place, words in unreachable(table(*matches))}


@pytest.mark.parametrize(
    "matches",
    [
        (Match(images=True), Match(images=False)),
        (Match(class_=CLASSES),),
        (Match(class_=CLASSES[:2]), Match(class_=CLASSES[1:])),
        (Match(class_=CLASSES[:1]), Match(class_=CLASSES[2:]), Match(class_=CLASSES[1:2])),
        (
            Match(images=True, tools=True), Match(images=True, tools=False), Match(images=False, tools=True),
            Match(images=False, tools=False),
        ),
        (Match(images=True), Match(class_=("main",), images=False), Match(class_=CLASSES[1:], images=False)),
    ],
    ids=["truths", "classes at once", "two lists", "three lists", "two truths", "nested"],
)  # fmt: skip
def test_what_routes_take_together_is_seen(matches):
    assert list(never(*matches, Match(model=("x",)))) == [len(matches)]
    assert len(matches) - 1 not in never(*matches)


def test_all_of_them_are_named():
    said = never(Match(images=True), Match(tools=True), Match(images=False), Match(model=("x",)))
    assert said == {
        3: "never matches: `routes[0]` and `routes[2]`, before it, take all its requests together"
    }


MATCHES = st.builds(
    Match,
    model=st.sampled_from([(), ("a*",), ("a", "b"), ("b",)]),
    class_=st.sets(st.sampled_from(CLASSES)).map(lambda found: tuple(sorted(found))),
    images=st.sampled_from([None, True, False]),
    tools=st.sampled_from([None, True, False]),
    tokens_over=st.sampled_from([None, 100, 200]),
    client=st.sampled_from([(), ("alice",)]),
)


@settings(deadline=None)
@given(st.lists(MATCHES, max_size=8))
def test_no_route_that_can_be_reached_is_called_unreachable(matches):
    routes = table(*matches)
    reached = {
        found.place[1]
        for name in ("a", "ax", "b", "c")
        for values in product(*SEEN.values())
        if (found := routes.candidates(name).first(dict(zip(SEEN, values, strict=True))))
    }
    assert not reached & set(never(*matches))


def test_a_route_behind_one_for_auxiliary_requests_is_reached_by_what_does_not_fit():
    small, large, unknown = (
        ModelTarget("up", name, context_window=window)
        for name, window in (("small", 32_768), ("large", 200_000), ("unknown", None))
    )

    def places(*targets: ModelTarget) -> list[int]:
        rules = tuple(RouteRule((one,), Match(class_=("auxiliary",))) for one in targets)
        found = unreachable(RouteTable.build(Settings(providers=PROVIDERS, routes=rules)))
        return [int(place[1]) for place, _ in found]

    assert places(small, large, small) == [2]
    assert places(unknown, small, large, small) == [1, 2, 3]
