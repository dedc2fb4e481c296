"""A valid configuration that does what its author may not expect says so."""

from pathlib import Path

import pytest

from gateway.routing.table import RouteTable
from gateway.routing.warnings import config_warnings
from gateway.settings.loading.load import load_config

KEYS = 'server: {keys: ["k"]}\n'
OLLAMA = 'providers: {local: {kind: ollama, base_url: "http://127.0.0.1:11434"}}\n'
WINDOW = 'models: {"*": {provider: local, model: m, context_window: 4096}}\n'


@pytest.fixture
def said(tmp_path: Path):
    def read(text: str, *, allow: bool = False) -> tuple[str, ...]:
        path = tmp_path / "f.yaml"
        path.write_text(text)
        settings = load_config(path, {}, allow_unauthenticated=allow).settings
        return config_warnings(settings, RouteTable.build(settings))

    return read


def test_nothing_unexpected_nothing_said(said) -> None:
    assert said(KEYS + OLLAMA + WINDOW) == ()


def test_missing_keys_are_said_louder_where_others_reach_the_address(said) -> None:
    assert "every program on this machine" in said(OLLAMA + WINDOW)[0]
    (everyone,) = said("server: {host: 0.0.0.0}\n" + OLLAMA + WINDOW, allow=True)
    assert "EVERYONE" in everyone
    assert "`server.hosts`" in everyone


def test_ollama_models_without_a_window_are_named_once(said) -> None:
    (line,) = said(KEYS + OLLAMA + "models: {a: local/m, b: local/m, c: local/n}\n")
    assert line == "No context_window is set for local/m, local/n: Ollama is asked for 32768 tokens."


def test_default_without_a_window_is_named_too(said) -> None:
    (line,) = said(KEYS + OLLAMA + "defaults: {model: local/m}\n")
    assert "local/m" in line


def test_several_windows_of_one_ollama_model_are_said(said) -> None:
    text = "models:\n  a: {provider: local, model: m, context_window: 1}\n"
    (line,) = said(KEYS + OLLAMA + text + "  b: {provider: local, model: m, context_window: 2}\n")
    assert "local/m has several values of context_window" in line


def test_rules_that_never_match_are_said(said) -> None:
    text = WINDOW.replace("}}", '}, "claude-*": local/m}')
    (line,) = said(KEYS + OLLAMA + text)
    assert line == "models.claude-* never matches: `models.*`, before it, takes all its requests."


def test_no_route_at_all_is_said(said) -> None:
    (line,) = said(KEYS + OLLAMA)
    assert "local/some-model" in line


def test_ollama_under_the_wrong_kind_is_said(said) -> None:
    (line,) = said(KEYS + OLLAMA.replace("kind: ollama", "kind: openai") + "models: {a: local/m}\n")
    assert "Use kind `ollama`" in line


def test_unchecked_certificates_and_pointless_timeouts_are_said(said) -> None:
    provider = '{kind: openai, base_url: "http://h", verify: false, timeouts: {first_byte: 2h}}'
    found = said(KEYS + "providers: {far: " + provider + "}\nmodels: {a: far/m}\n")
    assert [line.split(":")[0] for line in found] == ["far", "far"]


def test_an_alias_that_no_picker_shows_is_said(said) -> None:
    text = "aliases: {qwen: {to: local/m}, my-Claude: {to: local/m}}\n"
    (line,) = said(KEYS + OLLAMA + WINDOW + text)
    assert line == "aliases.qwen: Claude Code's picker shows no id without `claude` or `anthropic` in it."


def test_aliases_that_are_shown_alike_are_said(said) -> None:
    both = "claude-a: {to: local/m, display_name: Qwen}, claude-b: {to: local/m, display_name: Qwen}"
    (line,) = said(KEYS + OLLAMA + WINDOW + f"aliases: {{{both}}}\n")
    assert line == "aliases claude-a, claude-b are all shown as 'Qwen': a picker cannot tell them apart."


def test_an_answer_that_may_fill_the_window_is_said(said) -> None:
    text = WINDOW.replace("4096}", "4096, max_output_tokens: 4096}")
    (line,) = said(KEYS + OLLAMA + text)
    assert line == "local/m: max_output_tokens, 4096, leaves a prompt nothing of context_window, 4096."
    assert said(KEYS + OLLAMA + text.replace("max_output_tokens: 4096", "max_output_tokens: 4095")) == ()


def test_a_target_that_stands_twice_is_said(said) -> None:
    (line,) = said(
        KEYS + OLLAMA + WINDOW + "routes: [{name: r, match: {images: true}, to: [local/m, local/m]}]\n"
    )
    assert line == "routes[0] (r) names local/m twice: where it fails, it is asked once more and fails again."


def test_switches_that_do_nothing_are_said(said) -> None:
    providers = """\
providers:
  r: {kind: responses, base_url: "http://127.0.0.1:1", quirks: {usage_include: true, keep_alive: 24h}}
  o: {kind: openai, base_url: "http://127.0.0.1:1", quirks: {usage_include: true, top_k: true}}
  n: {kind: ollama, base_url: "http://127.0.0.1:1", quirks: {keep_alive: 24h}}
models:
  x: {provider: n, model: m, context_window: 32768, quirks: {end_mark: none}}
  "*": {provider: r, model: m}
"""
    words = said(providers)
    assert [one for one in words if "does nothing" in one] == [
        "providers.r: `quirks.usage_include` does nothing for kind `responses`, only for `openai`.",
        "providers.r: `quirks.keep_alive` does nothing for kind `responses`, only for `ollama`.",
        "n/m: `quirks.end_mark` does nothing for kind `ollama`, only for `openai`.",
    ]
