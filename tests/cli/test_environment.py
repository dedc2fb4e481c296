"""Which names, windows and limits Claude Code is given."""

from __future__ import annotations

import pytest

from gateway.cli.environment import TIERS, UNSET, Environment, EnvironmentBuilder, EnvKey, is_its_own
from gateway.errors import RequestRefused
from gateway.routing.table import RouteTable
from gateway.settings.loading.load import load_config
from gateway.settings.windows import announced_window

URL = "http://127.0.0.1:8080"
NO_KEY = EnvKey()
FILE = """\
providers:
  big: {kind: openai, base_url: "http://127.0.0.1:8000"}
  local: {kind: ollama, base_url: "http://127.0.0.1:11434", timeouts: {total: 2h}}
models:
  claude-haiku-*: {provider: local, model: small, context_window: 16384}
  coder: {provider: big, model: qwen, context_window: 65536, max_output_tokens: 8000}
  "*": big/qwen
"""


@pytest.fixture
def made(tmp_path):
    """`made("coder", text=...)`: the environment for a model."""

    def make(
        model: str | None = None,
        text: str = FILE,
        key: EnvKey = NO_KEY,
        environ: dict[str, str] | None = None,
    ) -> Environment:
        path = tmp_path / "gateway.yaml"
        path.write_text(text)
        settings = load_config(path, {}).settings
        return EnvironmentBuilder(settings, RouteTable.build(settings)).environment(
            URL, key, model, environ or {}
        )

    return make


def values(environment: Environment) -> dict[str, str]:
    return {one.name: one.value for one in environment.variables}


def test_the_model_is_reached_by_a_name_that_claude_code_does_not_know(made):
    said = values(made())
    assert said["ANTHROPIC_BASE_URL"] == URL
    assert said["ANTHROPIC_MODEL"] == "coder"
    assert said["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == str(announced_window(65_536, 8_000).window)


def test_its_own_names_are_mapped_to_names_it_does_not_know(made):
    said = values(made())
    tiers = {tier: said[f"ANTHROPIC_DEFAULT_{tier}_MODEL"] for tier in TIERS}
    assert tiers == {"OPUS": "coder", "SONNET": "coder", "FABLE": "coder", "HAIKU": "local/small"}
    assert not any(is_its_own(value) for name, value in said.items() if name.endswith("_MODEL"))


def test_a_model_that_is_asked_for_takes_all_but_small_jobs(made):
    said = values(made("coder"))
    assert said["ANTHROPIC_DEFAULT_OPUS_MODEL"] == "coder"
    assert said["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == "local/small"
    assert values(made("local/small"))["ANTHROPIC_DEFAULT_OPUS_MODEL"] == "local/small"


def test_names_without_a_route_go_to_the_model(made):
    text = 'providers: {a: {kind: openai, base_url: "http://x"}}\nmodels: {one: a/b}'
    said = values(made(None, text))
    assert {value for name, value in said.items() if name.endswith("_MODEL")} == {"one"}


def test_unknown_model_is_refused_with_what_there_is(made):
    text = 'providers: {a: {kind: openai, base_url: "http://x"}}\nmodels: {one: a/b}'
    with pytest.raises(RequestRefused, match="one"):
        made("two", text)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("claude-opus-5-5", True), ("claude-sonnet-5", True), ("my-claude-opus-5-x", True),
        ("gw/claude-haiku-4-5-qwen3", True), ("claude-3-5-haiku-20241022", True),
        ("claude-qwen3", False), ("claude-sonnet-qwen", False), ("qwen3-coder:30b", False), ("up/m", False),
    ],
)  # fmt: skip
def test_names_that_claude_code_takes_for_its_own(name, known):
    assert is_its_own(name) is known


def test_a_window_without_effect_is_not_set_but_said(made):
    environment = made("claude-sonnet-5-5")
    assert "CLAUDE_CODE_MAX_CONTEXT_TOKENS" not in values(environment)
    assert any("gateway env coder" in warning for warning in environment.warnings)


@pytest.mark.parametrize("window", [2048, 16_384, 23_999, 24_000, 32_768, 65_536, 200_000, 1_000_000])
def test_it_is_told_what_makes_it_compact_in_time(made, window):
    text = f"""\
providers: {{a: {{kind: openai, base_url: "http://x"}}}}
models: {{"*": {{provider: a, model: b, context_window: {window}}}}}
"""
    environment = made(None, text)
    said, told = values(environment), announced_window(window)
    assert said["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == str(told.window)
    assert said.get("CLAUDE_CODE_MAX_OUTPUT_TOKENS", "32000") == str(told.output)
    comments = {one.name: one.comment for one in environment.variables}
    assert f"compacts at {told.compacts_at} of {window}" in comments["CLAUDE_CODE_MAX_CONTEXT_TOKENS"]
    assert any("too few for Claude Code's default tools" in one for one in environment.warnings) == (
        window < 24_000
    )


def test_the_models_own_limit_of_answers_holds(made):
    said = values(made("coder", FILE.replace("8000}", "1000}")))
    assert said["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] == "1000"
    assert said["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == str(announced_window(65_536, 1_000).window)
    unknown = values(made("coder", FILE.replace("context_window: 65536, ", "")))
    assert unknown["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] == "8000"


def test_an_unknown_window_is_warned_of(made):
    text = 'providers: {a: {kind: openai, base_url: "http://x"}}\nmodels: {"*": a/b}'
    environment = made(None, text)
    assert "CLAUDE_CODE_MAX_CONTEXT_TOKENS" not in values(environment)
    assert "1,000,000" in environment.warnings[0]


def test_ollamas_window_is_what_it_is_asked_for(made):
    text = 'providers: {a: {kind: ollama, base_url: "http://x"}}\nmodels: {"*": a/b}'
    assert values(made(None, text))["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == str(announced_window(32_768).window)


BY_SIZE = """\
providers: {a: {kind: openai, base_url: "http://x"}}
routes:
  - {match: {tokens_over: 150000}, to: {provider: a, model: huge, context_window: 1000000}}
  - {match: {tokens_over: 40000}, to: {provider: a, model: large, context_window: 200000}}
  - {match: {tokens_over: 60000, class: auxiliary}, to: {provider: a, model: other, context_window: 900000}}
models:
  coder: {provider: a, model: small, context_window: 65536, max_output_tokens: 8000}
"""


@pytest.mark.parametrize(
    ("text", "window"),
    [
        (BY_SIZE, 1_000_000),
        (BY_SIZE.replace("150000", "250000"), 200_000),
        (BY_SIZE.replace(", context_window: 1000000", ""), 200_000),
        (BY_SIZE.replace("40000", "70000"), 65_536),
    ],
    ids=["it is reached", "the one before is full first", "its window is not known", "none is reached"],
)
def test_the_window_is_that_of_the_model_that_long_conversations_go_to(made, text, window):
    said = values(made("coder", text))
    told = announced_window(window, 8_000)
    assert said["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == str(told.window)
    assert said["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] == str(told.output)


def test_it_waits_as_long_as_the_provider_may_take(made):
    assert values(made("local/small"))["API_TIMEOUT_MS"] == "7200000"


JUDGED = """\
providers:
  local: {kind: ollama, base_url: "http://127.0.0.1:11434"}
  cloud: {kind: openai, base_url: "http://127.0.0.1:8000"}
routes: [{match: {class: auxiliary}, to: cloud/small}]
models:
  coder: {provider: local, model: coder, context_window: 65536}
  small: {provider: cloud, model: small, context_window: 40000}
  "*": coder
""".replace('"*": coder', '"*": local/coder')
NOTHING_HOLDS_IT = """\
providers: {a: {kind: openai, base_url: "http://x"}}
models: {one: {provider: a, model: b, context_window: 47000}}
"""


@pytest.mark.parametrize(
    ("text", "model", "judge", "words"),
    [
        (FILE, None, "coder", "that goes to big/qwen"),
        (FILE.replace("claude-haiku-*", "claude-sonnet-5"), "coder", "coder", "window of 16384 is too small"),
        ('providers: {a: {kind: openai, base_url: "http://x"}}\nmodels: {one: a/b}', None, "one",
         "no such model as claude-sonnet-5"),
        (JUDGED, None, "coder", "that goes to local/coder"),
        (JUDGED.replace("40000", "48000"), None, "coder", "that goes to cloud/small"),
        (NOTHING_HOLDS_IT, None, "", "will not work"),
        (FILE, "local/small", "coder", "that goes to big/qwen"),
    ],
    ids=["meant", "too small", "not meant", "past a small route", "a route that holds it", "none", "other"],
)  # fmt: skip
def test_a_model_that_can_hold_the_question_decides_in_auto_mode(made, text, model, judge, words):
    environment = made(model, text)
    said = values(environment)
    assert said.get("CLAUDE_CODE_AUTO_MODE_MODEL", "") == judge
    assert said.get("CLAUDE_CODE_AUTO_MODE_SERVER") == ("0" if judge else None)
    assert words in environment.notes[0]
    assert not is_its_own(judge)


PASSING = """\
providers:
  anthropic: {kind: anthropic, base_url: "https://api.anthropic.com", pass_credentials: true}
  local: {kind: ollama, base_url: "http://127.0.0.1:11434"}
models:
  mine: local/small
  "*": anthropic/claude-opus-5-5
"""
WITH_KEYS = 'server: {keys: ["0123456789abcdef"]}\n' + PASSING
MINE = {"ANTHROPIC_API_KEY": "sk-ant-mine"}


@pytest.mark.parametrize(
    "own", [MINE, {"ANTHROPIC_AUTH_TOKEN": "mine"}, {"CLAUDE_CODE_OAUTH_TOKEN": "mine"}, {}]
)
def test_own_credentials_stay_where_they_are_passed_on(made, own):
    environment = made(None, PASSING, environ=own)
    assert not {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_MODEL"} & set(values(environment))
    assert not [name for name in values(environment) if name.startswith("ANTHROPIC_DEFAULT_")]
    assert environment.laid_over(own).items() >= own.items()
    assert "CLAUDE_CODE_USE_BEDROCK" in environment.unset


def test_a_model_that_is_asked_for_is_set_beside_own_credentials(made):
    environment = made("claude-opus-5-5", PASSING, environ=MINE)
    assert values(environment)["ANTHROPIC_MODEL"] == "claude-opus-5-5"
    assert environment.laid_over(MINE)["ANTHROPIC_API_KEY"] == "sk-ant-mine"


def test_a_way_that_passes_nothing_on_gets_a_token_as_ever(made):
    for text, model in ((PASSING, "mine"), (PASSING.replace(", pass_credentials: true", ""), None)):
        environment = made(model, text, environ=MINE)
        assert values(environment)["ANTHROPIC_AUTH_TOKEN"] == "any"
        assert "ANTHROPIC_API_KEY" not in environment.laid_over(MINE)


def test_the_gateways_key_goes_beside_the_users_own(made):
    key = EnvKey("0123456789abcdef", needed=True)
    with_key = made(None, WITH_KEYS, key, MINE).laid_over(MINE)
    assert (with_key["ANTHROPIC_API_KEY"], with_key["ANTHROPIC_AUTH_TOKEN"]) == ("sk-ant-mine", key.value)
    own = {"ANTHROPIC_AUTH_TOKEN": "mine", "ANTHROPIC_CUSTOM_HEADERS": "x-team: a"}
    with_token = made(None, WITH_KEYS, key, own).laid_over(own)
    assert with_token["ANTHROPIC_AUTH_TOKEN"] == "mine"
    assert with_token["ANTHROPIC_CUSTOM_HEADERS"] == "x-team: a\nx-api-key: 0123456789abcdef"


def test_of_two_credentials_beside_a_key_the_one_that_goes_is_named(made):
    both = {**MINE, "ANTHROPIC_AUTH_TOKEN": "mine"}
    (warning,) = made(None, WITH_KEYS, EnvKey("0123456789abcdef", needed=True), both).warnings
    assert "only ANTHROPIC_API_KEY reaches anthropic" in warning
    assert made(None, WITH_KEYS, EnvKey("0123456789abcdef", needed=True), MINE).warnings == ()
    assert made(None, PASSING, environ=both).warnings == ()


def test_laid_over_an_environment_it_takes_other_credentials_away(made):
    environment = made(None, key=EnvKey("secret", needed=True))
    laid = environment.laid_over({"ANTHROPIC_API_KEY": "sk-ant-real", "PATH": "/bin", "ANTHROPIC_MODEL": "x"})
    assert laid["PATH"] == "/bin"
    assert laid["ANTHROPIC_MODEL"] == "coder"
    assert laid["ANTHROPIC_AUTH_TOKEN"] == "secret"
    assert not set(UNSET) & set(laid)


ROUTED = """\
providers:
  local: {kind: ollama, base_url: "http://127.0.0.1:11434"}
  cloud: {kind: openai, base_url: "http://127.0.0.1:8000"}
routes:
  - {match: {class: auxiliary}, to: cloud/small}
  - {match: {tokens_over: 40000}, to: cloud/big}
  - to: [{provider: local, model: coder, context_window: 65536}, cloud/big]
"""
TWO_TIERS = """\
providers: {a: {kind: openai, base_url: "http://x"}}
routes:
  - {match: {model: claude-haiku-*}, to: [a/small, a/big]}
  - {match: {model: claude-*}, to: [a/big, a/small]}
"""


def routes(text: str, name: str, tmp_path) -> list[object]:
    path = tmp_path / "gateway.yaml"
    path.write_text(text)
    found = RouteTable.build(load_config(path, {}).settings).candidates(name).routes
    return [(one.conditions, one.targets) for one in found]


@pytest.mark.parametrize("text", [FILE, ROUTED, TWO_TIERS], ids=["plain", "routed", "two tiers"])
def test_a_name_takes_the_routes_of_the_tier(made, text, tmp_path):
    said = values(made(None, text))
    for tier, id_ in TIERS.items():
        name = said[f"ANTHROPIC_DEFAULT_{tier}_MODEL"]
        assert not is_its_own(name)
        assert routes(text, name, tmp_path) == routes(text, id_, tmp_path)
    assert routes(text, said["ANTHROPIC_MODEL"], tmp_path) == routes(text, TIERS["SONNET"], tmp_path)


def test_the_name_is_the_models_own_where_the_routes_take_it(made):
    environment = made(None, ROUTED)
    said = {one.name: one for one in environment.variables}
    assert said["ANTHROPIC_MODEL"].value == "coder"
    assert said["ANTHROPIC_MODEL"].comment == "goes to local/coder, unless the routes see a reason"
    assert said["CLAUDE_CODE_MAX_CONTEXT_TOKENS"].value == str(announced_window(65_536).window)
    assert not environment.warnings


def test_an_alias_without_a_target_is_preferred(made):
    text = ROUTED + "aliases: {claude-mine: {display_name: Mine}, claude-big: {to: cloud/big}}\n"
    assert values(made(None, text))["ANTHROPIC_MODEL"] == "claude-mine"


def test_a_pattern_of_its_names_gets_a_name_of_that_pattern(made):
    said = values(made(None, TWO_TIERS))
    assert said["ANTHROPIC_MODEL"] == "claude-sonnet-gateway"
    assert said["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == "claude-haiku-gateway"


def test_it_is_said_where_no_name_takes_the_routes(made):
    text = TWO_TIERS.replace("claude-*", "claude-sonnet-5*")
    environment = made(None, text)
    assert values(environment)["ANTHROPIC_MODEL"] == "a/big"
    assert "a/big goes past the routes that claude-sonnet-5-5 would take" in environment.warnings[0]
    assert not any("goes past" in one for one in made("a/big", text).warnings)
