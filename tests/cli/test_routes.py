"""`gateway routes` shows the routes, and why a request takes one, and sends nothing."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main

FILE = """\
server:
  keys: [{name: alice, key: hunter2-a}]
providers:
  local: {kind: ollama, base_url: "http://127.0.0.1:11434"}
  cloud: {kind: openai, base_url: "http://127.0.0.1:8000", api_key: hunter2-key}
routes:
  - {match: {class: auxiliary}, to: local/small, name: small jobs}
  - {match: {client: alice, tokens_over: 100}, to: cloud/big}
  - match: {model: claude-*, images: true}
    to: [{provider: cloud, model: vl, extra_body: {k: hunter2}}, local/vl]
  - match: {model: shared}
    to: [{provider: local, model: a, weight: 1}, {provider: cloud, model: b, weight: 1}, local/c]
models:
  known: local/known
"""
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}


@pytest.fixture
def routes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`routes("explain", "--model", "x", body={...})`: the command before this file and this request."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEWAY_CONFIG", raising=False)

    def run(*options: str, text: str = FILE, body: object = None) -> Result:
        Path("gateway.yaml").write_text(text)
        given = json.dumps(body) if body is not None else None
        result = CliRunner().invoke(main, ["routes", *options], input=given, env={"COLUMNS": "160"})
        assert "hunter2" not in result.output
        return result

    return run


def words(result: Result) -> str:
    return " ".join(result.output.split())


def test_every_route_is_listed_in_order_with_its_line(routes) -> None:
    result = routes("list")
    assert result.exit_code == 0
    text = words(result)
    for line in (
        "routes[0] (small jobs) any model, class auxiliary local/small line 7",
        "routes[1] any model, client alice, over 100 tokens cloud/big line 8",
        "routes[2] claude-*, with images cloud/vl, then local/vl line 9",
        "routes[3] shared local/a (50 %) or cloud/b (50 %), then local/c line 11",
        "models.known known local/known line 14",
    ):
        assert line in text


def test_list_as_json_holds_targets_and_conditions(routes) -> None:
    shown = json.loads(routes("list", "--json").output)
    assert shown[1]["conditions"] == {"client": ["alice"], "tokens_over": [100]}
    assert shown[3]["to"][0] == {"provider": "local", "model": "a", "weight": 1}


def test_a_guess_is_marked_as_one(routes) -> None:
    text = words(routes("explain", "--model", "known"))
    assert "class auxiliary: no, it is main (a guess: it is not from Claude Code)" in text
    assert "goes to local/known" in text


def test_a_header_is_no_guess(routes) -> None:
    result = routes("explain", "--model", "known", "--header", "X-Claude-Code-Request-Class=auxiliary")
    assert "class auxiliary: yes, it is auxiliary (x-claude-code-request-class: auxiliary)" in words(result)
    assert "a guess" not in result.output
    assert "goes to local/small" in result.output


def test_the_fallback_chain_is_shown_in_order(routes) -> None:
    body = {"model": "claude-x", "messages": [{"role": "user", "content": [IMAGE]}]}
    result = routes("explain", "-", body=body)
    assert result.exit_code == 0
    assert words(result).endswith("goes to cloud/vl then to local/vl")


def test_the_model_on_the_command_line_wins_over_the_requests(routes) -> None:
    body = {"model": "claude-x", "messages": [{"role": "user", "content": "hi"}]}
    assert "goes to local/known" in words(routes("explain", "--model", "known", "-", body=body))


def test_client_and_size_are_looked_at(routes) -> None:
    body = {"model": "known", "system": "x" * 1000, "messages": [{"role": "user", "content": "hi"}]}
    assert "goes to cloud/big" in routes("explain", "--client", "alice", "-", body=body).output
    text = words(routes("explain", "-", body=body))
    assert "client alice: no, it is no client with a key" in text


def test_a_session_sees_the_order_of_its_own(routes) -> None:
    seen = set()
    for number in range(30):
        header = f"x-claude-code-session-id={number}"
        main_ = ("--header", "x-claude-code-request-class=main")
        shown = json.loads(
            routes("explain", "--model", "shared", "--header", header, *main_, "--json").output
        )
        seen.add(tuple(target["model"] for target in shown["targets"]))
    assert seen == {("a", "b", "c"), ("b", "a", "c")}


def test_a_share_is_said_in_words(routes) -> None:
    main_ = ("--header", "x-claude-code-request-class=main")
    text = words(routes("explain", "--model", "shared", *main_))
    assert text.count("(50 % of the sessions)") == 2
    assert text.endswith("then to local/c")


def test_json_holds_every_check(routes) -> None:
    shown = json.loads(routes("explain", "--model", "known", "--json").output)
    assert shown["route"] == "models.known"
    assert [step["outcome"] for step in shown["steps"]] == ["passed over"] * 4 + ["taken"]
    assert shown["steps"][0] == {
        "route": "routes[0] (small jobs)",
        "from": "gateway.yaml:7",
        "outcome": "passed over",
        "checks": [
            {
                "key": "class",
                "wanted": ["auxiliary"],
                "seen": "main",
                "holds": False,
                "because": "it is not from Claude Code",
                "guessed": True,
            }
        ],
    }


def test_what_goes_nowhere_is_a_404_and_ends_with_1(routes) -> None:
    result = routes("explain", "--model", "konwn")
    assert result.exit_code == 1
    assert "404: The model 'konwn' is not configured in this gateway. Did you mean known?" in words(result)
    shown = json.loads(routes("explain", "--model", "konwn", "--json").output)
    assert (shown["route"], shown["targets"]) == (None, [])


@pytest.mark.parametrize(
    ("options", "body", "said"),
    [
        (["explain"], None, "Give --model, a request, or both."),
        (["explain", "--model", "m", "--header", "x"], None, "NAME=VALUE"),
        (["explain", "-"], {"model": "m"}, "The request would be refused: messages: field required"),
        (["explain", "--model", "m", "nothing.json"], None, "nothing.json"),
    ],
)
def test_a_wrong_command_line_ends_with_2(routes, options, body, said) -> None:
    result = routes(*options, body=body)
    assert result.exit_code == 2
    assert said in words(result)


def test_a_bad_configuration_ends_with_1(routes) -> None:
    result = routes(
        "list", text="server: {prt: 1}\n" + FILE.partition("providers:")[1] + FILE.partition("providers:")[2]
    )
    assert result.exit_code == 1
    assert "server.prt: unknown key" in result.output
