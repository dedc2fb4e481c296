"""`gateway check` shows what a configuration means, or what is wrong with it, and never a secret."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main

FILE = """\
server:
  keys: ["${CLIENT_KEY}"]
  log_level: debug
defaults:
  timeouts: {total: 2h}
providers:
  local:
    kind: ollama
    base_url: http://127.0.0.1:11434/v1
    timeouts: {first_byte: 30m}
  far:
    kind: openai
    base_url: https://models.example
    api_key: hunter2-key
    headers: {x-secret: hunter2-header}
    proxy: http://user:hunter2-proxy@proxy.example:3128
models:
  claude-haiku-[45]*: local/qwen3:4b
  claude-opus-*: {provider: far, model: Qwen/Qwen3-480B, context_window: 131072, max_output_tokens: 32768}
  "[bold]*": far/other
"""


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`check("--json", text=..., COLUMNS="50")`: the command in an empty directory that holds this file."""
    monkeypatch.chdir(tmp_path)
    for name in ("PORT", "HOST", "LOG_LEVEL", "PROVIDER", "DEFAULT_MODEL", "GATEWAY_CONFIG"):
        monkeypatch.delenv(name, raising=False)

    def run(*options: str, text: str | None = FILE, **environ: str) -> Result:
        if text is not None:
            Path("gateway.yaml").write_text(text)
        env = {"CLIENT_KEY": "hunter2-client", "COLUMNS": "120", **environ}
        result = CliRunner().invoke(main, ["check", *options], env=env)
        assert "hunter2" not in result.output
        return result

    return run


def row(result: Result, first: str) -> list[str]:
    """The cells of the first line that begins with this one."""
    line = next(line for line in result.output.splitlines() if line.split()[:1] == [first])
    return line.split()


def test_good_file_is_shown_and_ends_with_0(check) -> None:
    result = check()
    assert result.exit_code == 0
    assert result.output.startswith("gateway.yaml is valid.\n")


def test_routes_show_target_limits_and_line(check) -> None:
    result = check()
    assert row(result, "claude-haiku-[45]*") == [
        "claude-haiku-[45]*", "local/qwen3:4b", "-", "-", "line", "18",
    ]  # fmt: skip
    assert row(result, "claude-opus-*")[1:4] == ["far/Qwen/Qwen3-480B", "131072", "32768"]
    assert "404: not configured" in result.output


def test_text_of_the_file_is_no_markup(check) -> None:
    assert row(check(), "[bold]*")[1] == "far/other"


def test_default_is_shown_with_its_variable(check) -> None:
    assert row(check(DEFAULT_MODEL="far/x"), "(anything")[2:] == [
        "far/x",
        "-",
        "-",
        "environment",
        "DEFAULT_MODEL",
    ]


def test_providers_show_what_holds_and_why(check) -> None:
    output = check().output
    local, far = output.split("Provider local")[1].split("Provider far")
    words = {line.split()[0]: line.split()[1:] for line in local.splitlines() if len(line.split()) > 2}
    assert words["base_url"] == ["http://127.0.0.1:11434", "line", "9"]
    assert words["preset"] == ["ollama", "recognised"]
    assert words["api_key"] == ["none", "default"]
    assert words["timeouts.first_byte"] == ["30m", "line", "10"]
    assert words["timeouts.idle"] == ["30m", "first_byte"]
    assert words["timeouts.total"] == ["2h", "line", "5"]
    assert "https://models.example/v1" in far
    assert "***@proxy.example:3128" in far


def test_server_values_show_where_they_came_from(check) -> None:
    result = check(PORT="9000")
    assert row(result, "port") == ["port", "9000", "environment", "PORT"]
    assert row(result, "log_level") == ["log_level", "debug", "line", "3"]
    assert row(result, "drip_after") == ["drip_after", "4m", "default"]


def test_warnings_are_shown_and_are_no_failure(check) -> None:
    result = check()
    assert "warning: No context_window is set for local/qwen3:4b" in result.output
    assert result.exit_code == 0


@pytest.mark.parametrize("columns", ["20", "40", "75", "76", "200"])
def test_nothing_is_lost_on_a_narrow_terminal(check, columns: str) -> None:
    output = check(COLUMNS=columns).output
    squeezed = "".join(output.split())
    assert all(len(line) <= int(columns) for line in output.splitlines())
    if int(columns) < 76:
        for text in ("claude-opus-*", "far/Qwen/Qwen3-480B", "131072", "http://127.0.0.1:11434"):
            assert text in squeezed


def test_no_colour_where_it_is_no_terminal(check) -> None:
    assert "\x1b" not in check().output
    assert "\x1b" not in check(text="server: {prt: 1}\n").output


def test_bad_file_lists_its_mistakes_and_ends_with_1(check) -> None:
    result = check(
        text="server: {prt: 1}\nproviders: {a: {kind: ollama, base_url: 'http://h', verify: no!}}\n"
    )
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "The configuration has 2 mistakes:",
        "  gateway.yaml:1: server.prt: unknown key; did you mean `port`?",
        "  gateway.yaml:2: providers.a.verify: expected `true` or `false`, got `no!`",
    ]


def test_file_is_taken_from_config(check, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text('providers: {b: {kind: ollama, base_url: "http://h"}}\n')
    assert "Provider b" in check("--config", "other.yaml").output


def test_nothing_to_check_says_what_to_do(check) -> None:
    result = check(text=None)
    assert result.exit_code == 1
    assert "gateway demo" in result.stderr


def test_open_address_without_keys_is_refused_unless_allowed(check) -> None:
    text = FILE.replace('  keys: ["${CLIENT_KEY}"]\n', "  host: 0.0.0.0\n")
    assert check(text=text).exit_code == 1
    assert check("--allow-unauthenticated", text=text).exit_code == 0


def test_json_holds_the_same(check) -> None:
    result = check("--json")
    shown = json.loads(result.output)
    assert result.exit_code == 0
    assert shown["ok"] is True
    assert shown["file"] == "gateway.yaml"
    target = {
        "provider": "far",
        "model": "Qwen/Qwen3-480B",
        "context_window": 131072,
        "max_output_tokens": 32768,
    }
    assert shown["routes"][1] == {
        "route": "models.claude-opus-*",
        "models": ["claude-opus-*"],
        "conditions": {},
        "to": [target],
        "from": "gateway.yaml:19",
    }
    assert shown["default"] is None
    assert shown["providers"]["far"]["api_key"] == {"value": "***", "from": "gateway.yaml:14"}
    assert shown["server"]["keys"] == {"value": "***", "from": "gateway.yaml:2"}
    assert "far/other" in shown["names"]
    assert shown["warnings"]


def test_json_of_mistakes_says_where_and_what(check) -> None:
    result = check("--json", text="server: {prt: 1}\nproviders: {a: {kind: ollama, base_url: 'http://h'}}\n")
    assert result.exit_code == 1
    shown = json.loads(result.stdout)
    assert shown["ok"] is False
    assert shown["mistakes"] == [
        {"where": "gateway.yaml:1", "path": "server.prt", "message": "unknown key; did you mean `port`?"}
    ]


ROUTES = (
    FILE
    + """\
routes:
  - match: {class: auxiliary}
    to: [{provider: local, model: a, weight: 3}, {provider: far, model: b, weight: 1}, far/c]
  - {match: {class: auxiliary, images: true}, to: far/other}
aliases:
  claude-mine: {to: {provider: far, model: d, extra_body: {secret: hunter2-extra}}, display_name: Mine}
"""
)


def test_routes_and_aliases_are_shown_in_words(check) -> None:
    output = " ".join(check(text=ROUTES, COLUMNS="200").output.split())
    assert "any model, class auxiliary local/a (75 %) or far/b (25 %), then far/c" in output
    assert "claude-mine Mine far/d" in output


def test_what_can_never_be_reached_is_a_mistake(check) -> None:
    result = check(text=ROUTES)
    line = len(FILE.splitlines()) + 4
    words = f"gateway.yaml:{line}: routes[1]: never matches: `routes[0]`, before it, takes all its requests"
    assert result.exit_code == 1
    assert words in " ".join(result.output.split())
    shown = json.loads(check("--json", text=ROUTES).output)
    assert (shown["ok"], [one["path"] for one in shown["mistakes"]]) == (False, ["routes[1]"])


def test_of_an_extra_body_only_the_keys_are_shown(check) -> None:
    shown = json.loads(check("--json", text=ROUTES).output)
    assert shown["routes"][0]["to"][0]["extra_body"] == ["secret"]


def test_named_keys_are_shown_by_name(check) -> None:
    text = FILE.replace('["${CLIENT_KEY}"]', '["${CLIENT_KEY}", {name: alice, key: hunter2-a}]')
    assert row(check(text=text), "keys") == ["keys", "***,", "alice:", "***", "line", "2"]
