"""gateway/routing/targets.py: what the entries of a configuration together state about a model."""

import pytest

from gateway.routing.targets import configured_targets, known_models, target_name, window_of, with_facts
from gateway.settings.models import Alias, ModelRule, ModelTarget, Provider, RouteRule, Settings
from gateway.settings.windows import ADVISED_WINDOW

UP = {"up": Provider("openai", "http://127.0.0.1:9/v1"), "local": Provider("ollama", "http://127.0.0.1:9")}


def test_targets_come_from_aliases_routes_models_and_the_default():
    a, b, c, d = (ModelTarget("up", name) for name in "abcd")
    settings = Settings(
        providers=UP,
        aliases={"x": Alias(to=(a,))},
        routes=(RouteRule(to=(b,)),),
        models=(ModelRule("*", c),),
        default_target=d,
    )
    assert [target_name(one) for one in configured_targets(settings)] == ["up/a", "up/b", "up/c", "up/d"]


def test_facts_of_one_entry_hold_for_all_with_the_model():
    entries = [
        ModelTarget("up", "a", context_window=1000, weight=3),
        ModelTarget("up", "a", vision=False, context_window=2000),
        ModelTarget("up", "b"),
    ]
    assert known_models(entries) == {
        "up/a": ModelTarget("up", "a", context_window=1000, vision=False),
        "up/b": ModelTarget("up", "b"),
    }


def test_own_facts_win():
    own, other = ModelTarget("up", "a", vision=False), ModelTarget("up", "a", vision=True, reasoning=True)
    assert with_facts(own, other) == ModelTarget("up", "a", vision=False, reasoning=True)


@pytest.mark.parametrize(
    ("target", "window"),
    [
        (ModelTarget("up", "a"), None),
        (ModelTarget("up", "a", context_window=8192), 8192),
        (ModelTarget("local", "a"), ADVISED_WINDOW),
        (ModelTarget("local", "a", context_window=8192), 8192),
    ],
)
def test_window_is_configured_or_that_of_the_kind(target: ModelTarget, window: int | None):
    assert window_of(target, Settings(providers=UP)) == window
