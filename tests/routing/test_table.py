"""A requested name means one target, and the same one every time."""

import pytest

from gateway.errors import Kind, RequestRefused
from gateway.routing.table import RouteTable, Shadow
from gateway.settings.models import ModelRule, ModelTarget, Provider, Settings

PROVIDERS = {
    "local": Provider("ollama", "http://127.0.0.1:11434"),
    "vllm": Provider("openai", "http://127.0.0.1:8000/v1"),
}


def table(rules: dict[str, ModelTarget], default: ModelTarget | None = None) -> RouteTable:
    models = tuple(ModelRule(pattern, target) for pattern, target in rules.items())
    return RouteTable.build(Settings(providers=PROVIDERS, models=models, default_target=default))


HAIKU = ModelTarget("local", "qwen3:4b")
SONNET = ModelTarget("vllm", "Qwen/Qwen2.5-Coder")
OPUS = ModelTarget("vllm", "qwen3-235b", context_window=131072, max_output_tokens=32768)
REST = ModelTarget("local", "qwen3-coder:30b")
USUAL = {"claude-haiku-*": HAIKU, "claude-sonnet-4-5": SONNET, "claude-opus-*": OPUS, "*": REST}


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("claude-haiku-4-5", HAIKU),
        ("claude-sonnet-4-5", SONNET),
        ("claude-sonnet-4-5-20250929", REST),
        ("claude-opus-5-5", OPUS),
        ("Claude-Opus-5-5", REST),
        ("gpt-4", REST),
        ("", REST),
    ],
)
def test_exact_names_and_patterns_match_with_case(name: str, target: ModelTarget) -> None:
    assert table(USUAL).resolve(name) == target


def test_first_match_wins() -> None:
    assert table({"claude-*": HAIKU, "claude-sonnet-4-5": SONNET}).resolve("claude-sonnet-4-5") == HAIKU


@pytest.mark.parametrize("name", ["claude-sonnet-4-5[1m]", "claude-sonnet-4-5[1M]"])
def test_mark_of_a_long_window_is_ignored(name: str) -> None:
    assert table(USUAL).resolve(name) == SONNET


def test_mark_of_a_long_window_is_ignored_in_a_rule() -> None:
    routes = table({"my-model[1m]": SONNET})
    assert routes.resolve("my-model") == routes.resolve("my-model[1m]") == SONNET
    assert "my-model" in routes.names()


def test_what_nothing_maps_goes_to_the_default() -> None:
    assert table({"claude-*": OPUS}, REST).resolve("gpt-4") == REST


def test_without_default_it_is_a_404_that_names_what_is_configured() -> None:
    with pytest.raises(RequestRefused) as caught:
        table({"claude-haiku-*": HAIKU, "claude-sonnet-4-5": SONNET}).resolve("claude-sonet-4-5")
    assert caught.value.kind is Kind.NOT_FOUND
    for words in (
        "'claude-sonet-4-5'",
        "Did you mean claude-sonnet-4-5?",
        "claude-haiku-*",
        "local/qwen3:4b",
    ):
        assert words in caught.value.message


def test_the_404_is_of_bounded_length() -> None:
    rules = {f"model-{number}": ModelTarget("local", f"m{number}") for number in range(500)}
    with pytest.raises(RequestRefused) as caught:
        table(rules).resolve("x" * 100_000 + "\n")
    assert len(caught.value.message) < 1_000
    assert "and 980 more" in caught.value.message


def test_published_names_are_exact_names_and_targets() -> None:
    assert table(USUAL, SONNET).names() == (
        "claude-sonnet-4-5",
        "local/qwen3:4b",
        "vllm/Qwen/Qwen2.5-Coder",
        "vllm/qwen3-235b",
        "local/qwen3-coder:30b",
    )


def test_every_published_target_is_reached_by_its_name_past_a_catch_all() -> None:
    routes = table({"*": REST, "never": OPUS}, SONNET)
    for name in routes.names():
        if "/" in name:
            target = routes.resolve(name)
            assert f"{target.provider}/{target.model}" == name


def test_default_is_published_too() -> None:
    assert table({}, REST).names() == ("local/qwen3-coder:30b",)


def test_rule_with_a_slash_stands_before_the_target_of_that_name() -> None:
    assert table({"vllm/*": REST, "a": SONNET}).resolve("vllm/Qwen/Qwen2.5-Coder") == REST


def test_any_model_of_a_provider_can_be_named_where_no_rule_takes_it() -> None:
    assert table({"claude-*": OPUS}, REST).resolve("vllm/a/b") == ModelTarget("vllm", "a/b")


@pytest.mark.parametrize("name", ["vllm/", "/x", "nowhere/x", "vllm"])
def test_what_only_looks_like_a_target_goes_to_the_default(name: str) -> None:
    assert table({"claude-*": OPUS}, REST).resolve(name) == REST


def test_catch_all_takes_models_that_are_not_configured() -> None:
    assert table({"*": REST}).resolve("vllm/expensive") == REST


def test_what_one_rule_knows_of_a_model_holds_for_the_others() -> None:
    bare = ModelTarget("vllm", "qwen3-235b")
    routes = table({"a": bare, "b": OPUS}, bare)
    assert [routes.resolve(name) for name in ("a", "b", "vllm/qwen3-235b", "other")] == [OPUS] * 4


def test_what_a_rule_says_itself_wins() -> None:
    small = ModelTarget("vllm", "qwen3-235b", max_output_tokens=1024)
    routes = table({"small": small, "large": OPUS})
    assert routes.resolve("large").max_output_tokens == 32768
    assert routes.resolve("small") == ModelTarget("vllm", "qwen3-235b", 131072, 1024)


def test_unreachable_rules_are_found_when_the_table_is_built() -> None:
    routes = table({"claude-*": OPUS, "claude-haiku-4-5": HAIKU, "*": REST, "gpt-*": SONNET})
    assert routes.shadows == (Shadow("claude-haiku-4-5", "claude-*"), Shadow("gpt-*", "*"))
    assert not table(USUAL).shadows
