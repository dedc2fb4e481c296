"""An explanation names the route that the table takes, and why each one before it was passed over."""

import itertools

import pytest

from gateway.routing.explain import Explanation, explain
from gateway.routing.table import RouteTable
from gateway.settings.models import Alias, Match, ModelRule, ModelTarget, Provider, RouteRule, Settings

A, B, C = (ModelTarget("local", name) for name in "abc")
SETTINGS = Settings(
    providers={"local": Provider("ollama", "http://127.0.0.1:11434")},
    aliases={"claude-mine": Alias((A,))},
    routes=(
        RouteRule((B,), Match(class_=("auxiliary",)), "small jobs"),
        RouteRule((C,), Match(model=("claude-*", "/^gpt/"), tools=True, tokens_over=50)),
    ),
    models=(ModelRule("known", A),),
)
TABLE = RouteTable.build(SETTINGS)
TOOLS = [{"name": "Bash", "input_schema": {"type": "object"}}]


def outcomes(found: Explanation) -> list[str]:
    return [step.outcome for step in found.steps]


def test_each_route_before_the_taken_one_says_what_did_not_hold(asking) -> None:
    found = explain(TABLE, asking("claude-x", tools=TOOLS, system="x" * 200))
    assert outcomes(found) == ["passed over", "passed over", "taken", "not reached"]
    mine, small, taken, _ = found.steps
    assert [(check.key, check.holds) for check in mine.checks] == [("model", False)]
    (check,) = small.checks
    assert (check.wanted, check.seen, check.holds, check.guessed) == (("auxiliary",), "main", False, True)
    assert [(check.key, check.holds) for check in taken.checks] == [
        ("model", True),
        ("tools", True),
        ("tokens_over", True),
    ]
    assert found.route is TABLE.routes[2]


def test_nothing_is_looked_at_behind_what_does_not_hold(asking) -> None:
    found = explain(TABLE, asking("claude-x"))
    assert [check.key for check in found.steps[2].checks] == ["model", "tools"]


def test_a_class_by_header_is_no_guess(asking) -> None:
    found = explain(TABLE, asking("x", headers={"x-claude-code-request-class": "auxiliary"}))
    (check,) = found.steps[1].checks
    assert (check.guessed, check.holds) == (False, True)


def test_what_no_route_takes_is_a_404_with_its_words(asking) -> None:
    found = explain(TABLE, asking("unknown"))
    assert found.route is None
    assert "not configured" in found.refusal
    assert set(outcomes(found)) == {"passed over"}


def test_a_targets_own_name_is_said_to_be_one(asking) -> None:
    found = explain(TABLE, asking("local/c"))
    assert [check.note for check in found.steps[0].checks] == [
        "it is a target's own name, which only patterns with a `/` take"
    ]
    assert outcomes(found) == ["passed over"] * 4 + ["taken"]
    assert found.route is not None
    assert found.route.targets[0].model == "c"


@pytest.mark.parametrize(
    "model", ["claude-mine", "claude-x", "gpt-5", "known", "local/b", "local/new", "none"]
)
def test_it_never_differs_from_the_table(asking, model: str) -> None:
    headers = {"x-claude-code-request-class": "auxiliary"}
    for tools, system, hints in itertools.product(([], TOOLS), ("", "x" * 400), ({}, headers)):
        inbound = asking(model, tools=tools, system=system, headers=hints)
        found = explain(TABLE, inbound)
        taken = [step.route for step in found.steps if step.outcome == "taken"]
        assert [route.place for route in taken] == ([found.route.place] if found.route else [])
        if found.route:
            assert found.route.targets == TABLE.resolve(inbound).targets


def test_the_size_explains_an_auxiliary_request_only_where_it_decides(asking) -> None:
    small = ModelTarget("local", "small", context_window=32_768)
    routes = (RouteRule((small,), Match(class_=("auxiliary",))),)
    settings = Settings(providers=SETTINGS.providers, routes=routes, models=(ModelRule("*", A),))
    table, headers = RouteTable.build(settings), {"x-claude-code-request-class": "auxiliary"}
    found = explain(table, asking("m", headers=headers, system="x" * 144_000))
    assert outcomes(found) == ["passed over", "taken"]
    assert [(check.key, check.holds) for check in found.steps[0].checks] == [("class", True), ("fits", False)]
    fits = explain(table, asking("m", headers=headers))
    assert [check.key for check in fits.steps[0].checks] == ["class"]
