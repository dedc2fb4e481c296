"""`gateway check --probe`: the configuration beside what its servers say and do."""

from __future__ import annotations

import json

import httpx
import pytest
import yaml
from click.testing import CliRunner

from gateway.cli import main
from gateway.testing.upstream import Call, Reply, Rule, When, refusal

RULES = (
    Rule(When(tool="get_weather"), (Reply(calls=(Call("get_weather", {"city": "Rome"}),)),), repeat=True),
    Rule(When(last_user="colour"), (refusal(400, "no images"),), repeat=True),
    Rule(When(anywhere='"missing"'), (refusal(404, "model 'missing' not found"),), repeat=True),
)


@pytest.fixture
def probe(upstream, tmp_path):
    """`probe({"*": {...}})`: `check --probe --json` of these models, all of the scripted Ollama."""
    upstream.script(rules=RULES, default=Reply(text="391. " * 40))

    def run(models: dict, *options: str, routes: list | None = None, **providers: dict):
        config = {
            "providers": {"up": {"kind": "ollama", "base_url": upstream.url}, **providers},
            "models": models,
            "routes": routes or [],
        }
        path = tmp_path / "gateway.yaml"
        path.write_text(yaml.safe_dump(config))
        return CliRunner().invoke(
            main, ["check", "--probe", "--config", str(path), *options], env={"COLUMNS": "140"}
        )

    return run


def probes(result) -> dict[str, dict]:
    assert result.stdout, result.exception
    return {one["target"]: one for one in json.loads(result.stdout)["probes"]}


def test_each_target_is_asked_what_it_can(probe):
    result = probe({"*": {"provider": "up", "model": "scripted", "context_window": 24_000}}, "--json")
    assert result.exit_code == 0
    one = probes(result)["up/scripted"]
    assert (one["there"], one["tools"], one["images"], one["reasoning"]) == ("yes", "yes", "no", "no")
    assert one["context_window"] == {"configured": 24_000, "found": 24_000}
    assert one["problems"] == []
    assert one["advice"] == ["set `vision: false`: it has none"]


def test_ollama_is_asked_with_the_configured_window(probe, upstream):
    probe({"*": {"provider": "up", "model": "scripted", "context_window": 16384}})
    assert {chat.body["options"]["num_ctx"] for chat in upstream.chats()} == {16384}


@pytest.mark.parametrize("window", [8192, 23_999])
def test_a_window_that_is_too_small_for_claude_code_ends_with_1(probe, window):
    target = {"provider": "up", "model": "scripted", "context_window": window}
    result = probe({"*": target}, "--json")
    assert result.exit_code == 1
    (problem,) = probes(result)["up/scripted"]["problems"]
    assert (
        f"{window} tokens are too few for Claude Code's default tools, which need at least 24000" in problem
    )


def test_a_small_window_for_small_jobs_is_no_problem(probe):
    """Not even the haiku of the main thread goes there."""
    small = {"provider": "up", "model": "small", "context_window": 8192}
    large = {"provider": "up", "model": "scripted", "context_window": 65_536}
    routes = [{"match": {"class": "auxiliary"}, "to": small}]
    result = probe({"*": large}, "--json", routes=routes)
    assert probes(result)["up/small"]["problems"] == []


LAUNCH = ("num_ctx", "num_gpu", "num_thread")


@pytest.mark.parametrize(
    ("more", "launched"),
    [
        ({}, {"num_ctx": 32768, "shift": False}),
        ({"context_window": 65536}, {"num_ctx": 65536, "shift": False}),
        ({"quirks": {"context_shift": True}}, {"num_ctx": 32768}),
        (
            {"extra_body": {"options": {"num_gpu": 4, "temperature": 0.5}, "shift": True}},
            {"num_ctx": 32768, "num_gpu": 4, "shift": True},
        ),
    ],
    ids=["nothing said", "a window", "a quirk", "fields of its own"],
)
def test_ollama_is_launched_for_the_trials_as_it_is_for_answers(
    probe, upstream, start_gateway, more, launched
):
    target = {"provider": "up", "model": "scripted", **more}

    def seen() -> list[dict]:
        bodies = [chat.body for chat in upstream.chats()]
        said = [
            {**body["options"], **({"shift": body["shift"]} if "shift" in body else {})} for body in bodies
        ]
        return [{key: value for key, value in one.items() if key in (*LAUNCH, "shift")} for one in said]

    probe({"*": target})
    assert len(seen()) > 2
    provider = {"kind": "ollama", "base_url": upstream.url}
    gateway = start_gateway({"providers": {"up": provider}, "models": {"*": target}})
    hello = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    assert httpx.post(f"{gateway.url}/v1/messages", json=hello, trust_env=False).status_code == 200
    assert {json.dumps(one, sort_keys=True) for one in seen()} == {json.dumps(launched, sort_keys=True)}


def test_a_model_that_is_missing_ends_with_1(probe):
    result = probe({"a": "up/missing", "*": "up/scripted"}, "--json")
    assert result.exit_code == 1
    (problem,) = probes(result)["up/missing"]["problems"]
    assert "model 'missing' not found" in problem
    assert probes(result)["up/scripted"]["there"] == "yes"


def test_a_server_that_is_down_does_not_hide_the_others(probe, unused_tcp_port):
    down = {"kind": "openai", "base_url": f"http://127.0.0.1:{unused_tcp_port}"}
    result = probe({"a": "down/x", "*": "up/scripted"}, "--json", down=down)
    assert result.exit_code == 1
    assert probes(result)["down/x"]["problems"] == ["nothing listens there"]
    assert probes(result)["up/scripted"]["there"] == "yes"


def test_a_window_larger_than_the_servers_is_a_problem(canned_vllm, probe):
    result = probe(
        {"*": {"provider": "vllm", "model": "qwen", "context_window": 131072}}, "--json", vllm=canned_vllm
    )
    one = probes(result)["vllm/qwen"]
    assert one["context_window"] == {"configured": 131072, "found": 32768}
    assert any("context_window is 131072, but the server holds 32768" in said for said in one["problems"])
    assert result.exit_code == 1


def test_a_window_that_nobody_wrote_is_advised(canned_vllm, probe):
    result = probe({"*": "vllm/qwen"}, "--json", vllm=canned_vllm)
    assert "set `context_window: 32768`" in probes(result)["vllm/qwen"]["advice"]


def test_tables_show_it_too(probe):
    output = probe({"*": {"provider": "up", "model": "scripted", "vision": True}}).output
    assert "Probed" in output
    row = next(line for line in output.splitlines() if line.startswith("up/scripted "))
    assert row.split()[:5] == ["up/scripted", "yes", "yes", "no", "no"]
    assert "advice: up/scripted: set `vision: false`" in output


def test_without_the_option_nobody_is_asked(upstream, tmp_path):
    path = tmp_path / "gateway.yaml"
    path.write_text(yaml.safe_dump({"providers": {"up": {"kind": "ollama", "base_url": upstream.url}}}))
    CliRunner().invoke(main, ["check", "--config", str(path)])
    assert upstream.requests() == []


@pytest.fixture
def canned_vllm(canned) -> dict[str, str]:
    said = {"choices": [{"message": {"content": "ready"}}]}
    listed = {"data": [{"id": "qwen", "owned_by": "vllm", "max_model_len": 32768}]}
    return {"kind": "openai", "base_url": canned({"/v1/models": listed, "/v1/chat/completions": said})}
