"""Routes for auxiliary requests are taken only for what their targets hold."""

import pytest

from gateway.errors import RequestRefused
from gateway.routing.explain import explain
from gateway.routing.reachability import unreachable
from gateway.routing.table import RouteTable
from gateway.settings.models import Match, ModelRule, ModelTarget, Provider, RouteRule, Settings
from gateway.settings.windows import fitting_prompt

SMALL = ModelTarget("up", "small", context_window=32_768)
LARGE = ModelTarget("up", "large", context_window=200_000)
UNKNOWN = ModelTarget("up", "unknown")
MAIN = ModelTarget("up", "main", context_window=131_072)
OLLAMA = ModelTarget("local", "unsaid")
PROVIDERS = {
    "up": Provider("openai", "http://127.0.0.1:8000"),
    "local": Provider("ollama", "http://127.0.0.1:11434"),
}
AUXILIARY = {"x-claude-code-request-class": "auxiliary"}
SUBAGENT = {"x-claude-code-request-class": "subagent"}


def table(*to: ModelTarget, classes: tuple[str, ...] = ("auxiliary",), rest: bool = True) -> RouteTable:
    routes = (RouteRule(to, Match(class_=classes), "small jobs"),)  # pyright: ignore[reportArgumentType]
    models = (ModelRule("*", MAIN),) if rest else ()
    return RouteTable.build(Settings(providers=PROVIDERS, routes=routes, models=models))


def large(asking, size: int = 144_000, headers: dict[str, str] = AUXILIARY):
    return asking("claude-sonnet-5", headers=headers, system="x" * size)


@pytest.mark.parametrize("small", [SMALL, OLLAMA], ids=["configured", "Ollama's default"])
def test_auxiliary_requests_go_where_they_fit(asking, small) -> None:
    routes = table(small)
    assert routes.resolve(asking("claude-haiku-4-5", headers=AUXILIARY)).targets == (small,)
    assert routes.resolve(large(asking)).targets == (MAIN,)
    assert table(LARGE).resolve(large(asking)).targets == (LARGE,)
    assert table(UNKNOWN).resolve(large(asking)).targets == (UNKNOWN,), "nobody says that it is too small"


def test_the_limit_is_a_share_of_the_window_that_leaves_room(asking) -> None:
    routes, bound = table(SMALL), fitting_prompt(32_768)
    sizes = {(bound + more) * 4 - len(large(asking, 0).body) for more in (-1, 1)}
    found = [routes.resolve(large(asking, size)).targets[0] for size in sorted(sizes)]
    assert found == [SMALL, MAIN]


def test_of_several_targets_those_that_hold_the_request_are_asked(asking) -> None:
    routes = table(SMALL, LARGE, UNKNOWN)
    assert routes.resolve(asking("m", headers=AUXILIARY)).targets == (SMALL, LARGE, UNKNOWN)
    assert routes.resolve(large(asking)).targets == (LARGE, UNKNOWN)
    assert routes.resolve(large(asking, 800_000)).targets == (UNKNOWN,)


def test_requests_of_other_classes_are_none_of_its_business(asking) -> None:
    routes = table(SMALL, classes=("subagent", "auxiliary"))
    assert routes.resolve(large(asking, headers=SUBAGENT)).targets == (SMALL,)
    assert routes.resolve(large(asking)).targets == (MAIN,)
    assert table(SMALL, classes=("subagent",)).resolve(large(asking, headers=SUBAGENT)).targets == (SMALL,)


def test_it_is_explained_by_the_size_alone_where_that_decides(asking) -> None:
    found = explain(table(SMALL), large(asking))
    assert [step.outcome for step in found.steps] == ["passed over", "taken"]
    assert [(check.key, check.holds) for check in found.steps[0].checks] == [("class", True), ("fits", False)]
    fits = explain(table(SMALL), asking("m", headers=AUXILIARY))
    assert [check.key for check in fits.steps[0].checks] == ["class"]


def test_where_nothing_else_takes_it_the_size_is_named(asking) -> None:
    with pytest.raises(RequestRefused, match="up to 24576") as refused:
        table(SMALL, rest=False).resolve(large(asking))
    assert refused.value.kind.value == "not_found"
    with pytest.raises(RequestRefused, match="not configured"):
        table(SMALL, rest=False).resolve(asking("m"))


def test_a_route_behind_it_is_reached_by_what_does_not_fit() -> None:
    rules = [RouteRule((one,), Match(class_=("auxiliary",))) for one in (SMALL, LARGE, SMALL)]
    found = list(unreachable(RouteTable.build(Settings(providers=PROVIDERS, routes=tuple(rules)))))
    assert [place for place, _ in found] == [("routes", 2)]
    rules.insert(0, RouteRule((UNKNOWN,), Match(class_=("auxiliary",))))
    found = list(unreachable(RouteTable.build(Settings(providers=PROVIDERS, routes=tuple(rules)))))
    assert [place for place, _ in found] == [("routes", 1), ("routes", 2), ("routes", 3)]
