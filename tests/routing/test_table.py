"""A requested name means one target, and the same one every time."""

import pytest

from gateway.errors import Kind, RequestRefused
from gateway.routing.table import Route, RouteTable
from gateway.settings.models import (
    Alias,
    Match,
    ModelRule,
    ModelTarget,
    Provider,
    RouteRule,
    Sampling,
    Settings,
)
from gateway.settings.windows import fitting_prompt

PROVIDERS = {
    "local": Provider("ollama", "http://127.0.0.1:11434"),
    "vllm": Provider("openai", "http://127.0.0.1:8000/v1"),
}


def table(rules: dict[str, ModelTarget], default: ModelTarget | None = None) -> RouteTable:
    models = tuple(ModelRule(pattern, target) for pattern, target in rules.items())
    return RouteTable.build(Settings(providers=PROVIDERS, models=models, default_target=default))


def to(routes: RouteTable, name: str) -> ModelTarget:
    """The first target of an ordinary request for this name."""
    return routes.named(name).targets[0]


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
    assert to(table(USUAL), name) == target


def test_first_match_wins() -> None:
    assert to(table({"claude-*": HAIKU, "claude-sonnet-4-5": SONNET}), "claude-sonnet-4-5") == HAIKU


@pytest.mark.parametrize("name", ["claude-sonnet-4-5[1m]", "claude-sonnet-4-5[1M]"])
def test_mark_of_a_long_window_is_ignored(name: str) -> None:
    assert to(table(USUAL), name) == SONNET


def test_mark_of_a_long_window_is_ignored_in_a_rule() -> None:
    routes = table({"my-model[1m]": SONNET})
    assert to(routes, "my-model") == to(routes, "my-model[1m]") == SONNET
    assert "my-model" in routes.names()


def test_what_nothing_maps_goes_to_the_default() -> None:
    assert to(table({"claude-*": OPUS}, REST), "gpt-4") == REST


def test_without_default_it_is_a_404_that_names_what_is_configured() -> None:
    with pytest.raises(RequestRefused) as caught:
        to(table({"claude-haiku-*": HAIKU, "claude-sonnet-4-5": SONNET}), "claude-sonet-4-5")
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
        to(table(rules), "x" * 100_000 + "\n")
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
            target = to(routes, name)
            assert f"{target.provider}/{target.model}" == name


def test_default_is_published_too() -> None:
    assert table({}, REST).names() == ("local/qwen3-coder:30b",)


def test_rule_with_a_slash_stands_before_the_target_of_that_name() -> None:
    assert to(table({"vllm/*": REST, "a": SONNET}), "vllm/Qwen/Qwen2.5-Coder") == REST


def test_any_model_of_a_provider_can_be_named_where_no_rule_takes_it() -> None:
    assert to(table({"claude-*": OPUS}, REST), "vllm/a/b") == ModelTarget("vllm", "a/b")


@pytest.mark.parametrize("name", ["vllm/", "/x", "nowhere/x", "vllm"])
def test_what_only_looks_like_a_target_goes_to_the_default(name: str) -> None:
    assert to(table({"claude-*": OPUS}, REST), name) == REST


def test_catch_all_takes_models_that_are_not_configured() -> None:
    assert to(table({"*": REST}), "vllm/expensive") == REST


def test_what_one_rule_knows_of_a_model_holds_for_the_others() -> None:
    bare = ModelTarget("vllm", "qwen3-235b")
    routes = table({"a": bare, "b": OPUS}, bare)
    assert [to(routes, name) for name in ("a", "b", "vllm/qwen3-235b", "other")] == [OPUS] * 4


def test_what_a_rule_says_itself_wins() -> None:
    small = ModelTarget("vllm", "qwen3-235b", max_output_tokens=1024)
    routes = table({"small": small, "large": OPUS})
    assert to(routes, "large").max_output_tokens == 32768
    assert to(routes, "small") == ModelTarget("vllm", "qwen3-235b", 131072, 1024)


def conditional(*rules: RouteRule, models: dict[str, ModelTarget] | None = None, **more) -> RouteTable:
    entries = tuple(ModelRule(pattern, target) for pattern, target in (models or {"*": REST}).items())
    return RouteTable.build(Settings(providers=PROVIDERS, routes=rules, models=entries, **more))


def rule(target: ModelTarget, **match) -> RouteRule:
    return RouteRule((target,), Match(**match))


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="}}
TOOL = {"name": "Bash", "input_schema": {"type": "object"}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
CLIENTS_OWN = [
    {"type": "bash_20250124", "name": "bash"},
    {"type": "memory_20250818", "name": "memory"},
    {"type": "computer_toolset_20260801"},
]


def user(*content: dict) -> dict:
    return {"messages": [{"role": "user", "content": list(content)}]}


@pytest.mark.parametrize(
    ("match", "fits", "others"),
    [
        ({"images": True}, user(IMAGE), {}),
        ({"images": True}, user({"type": "tool_result", "tool_use_id": "t", "content": [IMAGE]}), user(PDF)),
        ({"images": False}, {}, user(IMAGE)),
        ({"pdf": True}, user(PDF), user(IMAGE)),
        ({"pdf": True}, user({"type": "document", "source": {"type": "url", "url": "http://h/x"}}), {}),
        (
            {"pdf": True},
            user({"type": "tool_result", "tool_use_id": "t", "content": [PDF]}),
            user({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}),
        ),
        ({"thinking": True}, {"thinking": {"type": "adaptive"}}, {"thinking": {"type": "disabled"}}),
        ({"tools": True}, {"tools": [TOOL]}, {"tools": []}),
        ({"tools": False}, {}, {"tools": [TOOL]}),
        ({"server_tools": True}, {"tools": [TOOL, SEARCH]}, {"tools": [TOOL]}),
        ({"server_tools": True}, {"tools": [{"type": "mcp_toolset"}]}, {"tools": CLIENTS_OWN}),
        ({"tokens_over": 100}, {"system": "x" * 800}, {"system": "x"}),
        ({"client": ("alice", "bob")}, {"client": "bob"}, {"client": "carol"}),
        (
            {"class_": ("auxiliary",)},
            {"headers": {"x-claude-code-request-class": "auxiliary"}},
            {"headers": {"x-claude-code-request-class": "main"}},
        ),
    ],
)
def test_a_route_takes_what_its_condition_holds_for_and_nothing_else(asking, match, fits, others) -> None:
    routes = conditional(rule(SONNET, **match))
    assert routes.resolve(asking("m", **fits)).targets == (SONNET,)
    assert routes.resolve(asking("m", **others)).targets == (REST,)


def test_all_conditions_and_the_name_must_hold(asking) -> None:
    routes = conditional(rule(SONNET, model=("claude-*",), images=True, tools=True))
    assert routes.resolve(asking("claude-x", tools=[TOOL], **user(IMAGE))).targets == (SONNET,)
    assert routes.resolve(asking("claude-x", **user(IMAGE))).targets == (REST,)
    assert routes.resolve(asking("gpt", tools=[TOOL], **user(IMAGE))).targets == (REST,)


@pytest.mark.parametrize("tokens", [0, 99, 100, 101, 199, 200, 201, 5000])
def test_each_bound_of_tokens_is_kept_exactly(asking, tokens: int) -> None:
    routes = conditional(rule(OPUS, tokens_over=200), rule(SONNET, tokens_over=100))
    inbound = asking("m")
    padded = asking("m", system="x" * max(0, 4 * tokens - len(inbound.body) - len(', "system": ""')))
    tokens = padded.estimated_tokens
    wanted = OPUS if tokens > 200 else SONNET if tokens > 100 else REST
    assert routes.resolve(padded).targets == (wanted,)


@pytest.mark.parametrize(
    ("pattern", "name", "taken"),
    [
        ("/-mini$/", "gpt-5-mini", True),
        ("/-mini$/", "gpt-5-mini-x", False),
        ("regex:^claude-(opus|fable)", "claude-fable-5-2", True),
        ("regex:^claude-(opus|fable)", "my-claude-opus", False),
        ("/opus/", "claude-opus-5-5[1m]", True),
    ],
)
def test_regular_expressions_match_anywhere_in_the_name(asking, pattern, name, taken) -> None:
    routes = conditional(rule(SONNET, model=(pattern,)))
    assert (routes.resolve(asking(name)).targets == (SONNET,)) is taken


def test_a_targets_own_name_means_it_past_every_route_without_a_slash(asking) -> None:
    routes = conditional(rule(SONNET, images=True), models={"a": OPUS, "*": REST})
    assert routes.resolve(asking("vllm/qwen3-235b", **user(IMAGE))).targets == (OPUS,)
    slashed = conditional(rule(SONNET, model=("vllm/*",), images=True), models={"a": OPUS, "*": REST})
    assert slashed.resolve(asking("vllm/qwen3-235b", **user(IMAGE))).targets == (SONNET,)
    assert slashed.resolve(asking("vllm/qwen3-235b")).targets == (OPUS,)


def test_slashes_around_an_expression_are_no_part_of_it(asking) -> None:
    routes = conditional(rule(SONNET, model=("/qwen/",)), models={"a": OPUS, "*": REST})
    assert routes.resolve(asking("vllm/qwen3-235b")).targets == (OPUS,)
    assert routes.resolve(asking("qwen")).targets == (SONNET,)


def test_aliases_with_a_target_stand_before_all_routes_and_others_follow_them(asking) -> None:
    aliases = {"claude-mine": Alias((OPUS,), "Mine"), "claude-other": Alias(display_name="Other")}
    routes = conditional(rule(SONNET, model=("claude-*",)), aliases=aliases)
    assert routes.resolve(asking("claude-mine")).targets == (OPUS,)
    assert routes.resolve(asking("claude-other")).targets == (SONNET,)
    assert routes.names()[:2] == ("claude-mine", "claude-other")
    assert routes.aliases == {"claude-mine": "Mine", "claude-other": "Other"}


def test_an_alias_that_nothing_takes_is_not_published() -> None:
    routes = conditional(models={"x": REST}, aliases={"claude-lost": Alias()})
    assert "claude-lost" not in routes.names()


def test_exact_names_of_conditional_routes_are_not_published() -> None:
    routes = conditional(rule(SONNET, model=("mine",), images=True), rule(OPUS, model=("yours",)))
    assert "yours" in routes.names()
    assert "mine" not in routes.names()


def test_what_one_road_overrides_holds_on_no_other() -> None:
    cold = ModelTarget("vllm", "qwen3-235b", sampling=Sampling(temperature=0.0), extra_body={"seed": 1})
    routes = conditional(rule(cold, model=("cold",)), models={"plain": OPUS})
    assert to(routes, "plain") == OPUS
    assert to(routes, "vllm/qwen3-235b") == OPUS
    assert to(routes, "cold").context_window == 131072
    assert to(routes, "cold").sampling.temperature == 0.0


def test_the_same_request_is_decided_once(asking, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    routes = conditional(rule(SONNET, images=True), rule(OPUS, tools=True))
    takes = Route.takes
    monkeypatch.setattr(Route, "takes", lambda self, name: asked.append(name) or takes(self, name))
    for _ in range(3):
        assert routes.resolve(asking("m", tools=[TOOL])).targets == (OPUS,)
    assert len(asked) == len(routes.routes)


def test_what_is_kept_of_names_is_bounded(asking) -> None:
    routes = conditional()
    for number in range(2_500):
        routes.resolve(asking(f"m{number}"))
    assert len(routes._names) <= 1_000


# ---------------------------------------------------------------- auxiliary requests go where they fit

SMALL = ModelTarget("up", "small", context_window=32_768)
LARGE = ModelTarget("up", "large", context_window=200_000)
UNKNOWN = ModelTarget("up", "unknown")
MAIN = ModelTarget("up", "main", context_window=131_072)
OLLAMA = ModelTarget("local", "unsaid")
SERVERS = {**PROVIDERS, "up": Provider("openai", "http://127.0.0.1:8000")}
AUXILIARY = {"x-claude-code-request-class": "auxiliary"}
SUBAGENT = {"x-claude-code-request-class": "subagent"}


def fitting(*to: ModelTarget, classes: tuple[str, ...] = ("auxiliary",), rest: bool = True) -> RouteTable:
    routes = (RouteRule(to, Match(class_=classes), "small jobs"),)
    models = (ModelRule("*", MAIN),) if rest else ()
    return RouteTable.build(Settings(providers=SERVERS, routes=routes, models=models))


def large(asking, size: int = 144_000, headers: dict[str, str] = AUXILIARY):
    return asking("claude-sonnet-5", headers=headers, system="x" * size)


@pytest.mark.parametrize("small", [SMALL, OLLAMA], ids=["configured", "Ollama's default"])
def test_auxiliary_requests_go_where_they_fit(asking, small) -> None:
    routes = fitting(small)
    assert routes.resolve(asking("claude-haiku-4-5", headers=AUXILIARY)).targets == (small,)
    assert routes.resolve(large(asking)).targets == (MAIN,)
    assert fitting(LARGE).resolve(large(asking)).targets == (LARGE,)
    assert fitting(UNKNOWN).resolve(large(asking)).targets == (UNKNOWN,)


def test_the_limit_is_a_share_of_the_window_that_leaves_room(asking) -> None:
    routes, bound = fitting(SMALL), fitting_prompt(32_768)
    sizes = {(bound + more) * 4 - len(large(asking, 0).body) for more in (-1, 1)}
    found = [routes.resolve(large(asking, size)).targets[0] for size in sorted(sizes)]
    assert found == [SMALL, MAIN]


def test_of_several_targets_those_that_hold_the_request_are_asked(asking) -> None:
    routes = fitting(SMALL, LARGE, UNKNOWN)
    assert routes.resolve(asking("m", headers=AUXILIARY)).targets == (SMALL, LARGE, UNKNOWN)
    assert routes.resolve(large(asking)).targets == (LARGE, UNKNOWN)
    assert routes.resolve(large(asking, 800_000)).targets == (UNKNOWN,)


def test_requests_of_other_classes_are_none_of_its_business(asking) -> None:
    routes = fitting(SMALL, classes=("subagent", "auxiliary"))
    assert routes.resolve(large(asking, headers=SUBAGENT)).targets == (SMALL,)
    assert routes.resolve(large(asking)).targets == (MAIN,)
    assert fitting(SMALL, classes=("subagent",)).resolve(large(asking, headers=SUBAGENT)).targets == (SMALL,)


def test_where_nothing_else_takes_it_the_size_is_named(asking) -> None:
    with pytest.raises(RequestRefused, match="up to 24576") as refused:
        fitting(SMALL, rest=False).resolve(large(asking))
    assert refused.value.kind.value == "not_found"
    with pytest.raises(RequestRefused, match="not configured"):
        fitting(SMALL, rest=False).resolve(asking("m"))


# ---------------------------------------------------------------- lists of routes


def test_routes_are_listed_with_their_keys() -> None:
    auxiliary = RouteRule((SMALL, LARGE), Match(class_=("auxiliary",)), "small jobs")
    settings = Settings(
        providers=SERVERS, routes=(auxiliary,), models=(ModelRule("a*", MAIN),), default_target=UNKNOWN
    )
    routes = RouteTable.build(settings)
    assert [route.label for route in routes.written()] == ["routes[0] (small jobs)", "models.a*"]
    assert [route.label for route in routes.routes] == ["routes[0] (small jobs)"] * 2 + ["models.a*"]
    every = list(routes.every())
    assert every[-1].label == "defaults.model"
    assert {target.model for route in every for target in route.targets} == {
        "small",
        "large",
        "main",
        "unknown",
    }
    assert list(routes.for_typical_request()) == [MAIN, UNKNOWN]
    assert list(fitting(SMALL).for_typical_request()) == [MAIN]


def test_decisions_that_are_kept_are_bounded(asking) -> None:
    routes = conditional(rule(OPUS, tokens_over=100), rule(SONNET, client=("alice",)))
    for number in range(1_500):
        assert routes.resolve(asking("m", client=f"c{number}")).targets == (REST,)
    assert routes.resolve(asking("m", client="alice")).targets == (SONNET,)
    assert len(routes.candidates("m")._decided) <= 1_000
