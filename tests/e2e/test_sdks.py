"""The official SDKs through the gateway: `anthropic`, newest and 0.75, and `openai` where it lists models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from attrs import frozen

from gateway.testing.process import GatewayProcess
from gateway.testing.upstream import Call, Raw, Reply, Usage, refusal

SESSION = Path(__file__).parent / "sdk_session.py"
OLD = Path(__file__).parents[2] / ".cache" / "anthropic-0.75"
SUNNY = Reply(text="It is sunny.", usage=Usage(prompt=30, completion=5, cached=10))
WEATHER = Call("weather", {"city": "Paris"}, id="call_w")


@frozen
class Program:
    """A program that uses a version of the SDK."""

    process: subprocess.Popen[str]
    is_old: bool

    def saw(self, step: str, url: str) -> Any:
        self.process.stdin.write(json.dumps([step, url]) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "failed" not in answer, answer["failed"]
        assert self.is_old == (answer["version"] == "0.75.0")
        return answer["saw"]


@pytest.fixture(scope="module", params=["newest", "0.75"])
def sdk(request) -> Iterator[Program]:
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    if request.param == "newest":
        environ |= {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
    elif OLD.exists():
        environ["PYTHONPATH"] = str(OLD)
    else:
        pytest.skip("anthropic 0.75 is not installed: run `make clients`")
    with subprocess.Popen(
        [sys.executable, SESSION], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Program(process, request.param == "0.75")


@pytest.fixture
def kind(request) -> str:
    return getattr(request, "param", "openai")


every_kind = pytest.mark.parametrize("kind", ["openai", "responses", "ollama", "anthropic"], indirect=True)


@pytest.fixture
def gateway(kind, start_gateway, settings) -> GatewayProcess:
    return start_gateway(settings(kind))


@pytest.fixture
def saw(sdk, gateway) -> Callable[..., Any]:
    """`saw("create")`: what that step of a session saw."""

    return lambda step, url=gateway.url: sdk.saw(step, url)


def figures(kind: str) -> tuple[int, int, int]:
    """Of SUNNY: not cached, cached, said. Ollama does not tell them apart."""
    return (30, 0, 5) if kind == "ollama" else (20, 10, 5)


@every_kind
def test_a_message_is_created(saw, kind, upstream):
    upstream.script(SUNNY)
    message = saw("create")
    assert message["content"][0]["text"] == "It is sunny."
    assert (message["type"], message["role"], message["model"]) == ("message", "assistant", "claude-x")
    assert message["stop_reason"] == "end_turn"
    assert message["id"].startswith("msg_")
    assert message["request_id"].startswith("req_")
    usage = message["usage"]
    told = (usage["input_tokens"], usage["cache_read_input_tokens"], usage["output_tokens"])
    assert told == figures(kind)
    (chat,) = upstream.chats()
    assert (chat.texts("system"), chat.texts("user")) == (["be brief"], ["hello"])


@every_kind
def test_a_message_is_streamed(saw, kind, upstream):
    upstream.script(SUNNY)
    seen = saw("stream")
    assert "".join(seen["pieces"]) == "It is sunny."
    assert len(seen["pieces"]) == 3
    final = seen["final"]
    assert (final["stop_reason"], final["content"][0]["text"]) == ("end_turn", "It is sunny.")
    usage = final["usage"]
    told = (usage["input_tokens"], usage["cache_read_input_tokens"], usage["output_tokens"])
    assert told == figures(kind)


def test_reasoning_text_and_parallel_calls_are_put_together(saw, upstream):
    calls = (WEATHER, Call("weather", {"city": "Rome"}, id="call_v", pieces=5))
    upstream.script(Reply(reasoning="Two cities.", text="I look.", calls=calls, interleave=True))
    seen = saw("accumulate")
    thinking, text, *uses = seen["final"]["content"]
    assert (thinking["type"], thinking["thinking"]) == ("thinking", "Two cities.")
    assert thinking["signature"]
    assert text["text"] == "I look."
    assert [(use["id"], use["name"], use["input"]) for use in uses] == [
        ("call_w", "weather", {"city": "Paris"}),
        ("call_v", "weather", {"city": "Rome"}),
    ]
    assert seen["final"]["stop_reason"] == "tool_use"
    assert seen["names"].count("content_block_start") == seen["names"].count("content_block_stop") == 4


def test_beta_calls_are_served(saw, upstream):
    upstream.script(SUNNY, SUNNY)
    seen = saw("beta")
    assert [message["content"][0]["text"] for message in seen["messages"]] == ["It is sunny."] * 2
    assert 1 <= seen["counted"] <= 20
    assert seen["listed"]
    assert seen["retrieved"] == seen["listed"]
    assert len(upstream.chats()) == 2


def test_an_answer_in_a_form_is_parsed(saw, upstream):
    upstream.script(*[Reply(text='{"answer": 42}')] * 4)
    answers = saw("parse")
    chats = upstream.chats()
    assert answers == [42] * len(chats)
    for chat in chats:
        assert '"answer"' in json.dumps(chat.body).replace("\\", "")


@every_kind
def test_a_tool_makes_its_round_trip(saw, upstream):
    upstream.script(Reply(calls=(WEATHER,)), SUNNY)
    seen = saw("tools")
    assert seen["asked"]["stop_reason"] == "tool_use"
    assert seen["asked"]["content"][-1]["input"] == {"city": "Paris"}
    assert seen["final"]["content"][0]["text"] == "It is sunny."
    _, second = upstream.chats()
    assert second.calls == [("call_w", "weather", {"city": "Paris"})]
    assert (second.result_ids, second.texts("tool")) == (["call_w"], ["sunny"])


def test_tokens_are_counted(saw, upstream):
    short, long = saw("count")
    assert 1 <= short <= 20
    assert 600 <= long <= 1000
    assert not upstream.chats()


NAMES = {"claude-opus-5-5": "up/big", "local/qwen3": "up/small", "claude-*": "up/any"}


def test_models_are_listed_and_retrieved(saw, start_gateway, settings):
    listed, retrieved = saw("models", start_gateway(settings(models=NAMES)).url)
    assert {"claude-opus-5-5", "local/qwen3"} <= set(retrieved)
    assert retrieved == [model["id"] for model in listed]
    assert all(model["type"] == "model" for model in listed)


FAILURES = [
    (refusal(400, "no"), "BadRequestError", 400, "invalid_request_error"),
    (refusal(401, "no"), "InternalServerError", 500, "api_error"),
    (refusal(402, "no"), "PaymentRequiredError", 402, "billing_error"),
    (refusal(404, "model 'x' not found"), "NotFoundError", 404, "not_found_error"),
    (refusal(429, "no"), "RateLimitError", 429, "rate_limit_error"),
    (refusal(500, "no"), "InternalServerError", 500, "api_error"),
    (refusal(503, "no"), "ServiceUnavailableError", 503, "api_error"),
    (refusal(503, "overloaded"), "OverloadedError", 529, "overloaded_error"),
    (Raw(chunks=("<html>",)), "InternalServerError", 502, "api_error"),
]
OLD_NAMES = {"PaymentRequiredError": "APIStatusError", "ServiceUnavailableError": "InternalServerError"}
"""What 0.75 raises instead, having no class of its own; for 529 it has one."""


def test_failures_are_typed(saw, sdk, upstream):
    upstream.script(*(answer for answer, *_ in FAILURES), SUNNY)
    seen = saw("failures")
    expected = [(OLD_NAMES.get(name, name) if sdk.is_old else name, *rest) for _, name, *rest in FAILURES]
    assert [(one["class"], one["status"], one["type"]) for one in seen] == expected
    assert all(one["request_id"].startswith("req_") for one in seen)


def test_a_failure_inside_a_stream_is_an_error_of_the_sdk(saw, upstream):
    upstream.script(Reply(text="half of it", pieces=4, after=2, ending="error", error="out of memory"))
    seen = saw("failed_stream")
    assert (seen["status"], seen["type"]) == (200, "api_error")
    assert "out of memory" in seen["message"]


def test_what_is_not_offered_is_not_found(saw):
    assert saw("unknown")["class"] == "NotFoundError"


def test_the_tool_runner_comes_to_its_end(saw, sdk, gateway, upstream):
    upstream.script(Reply(calls=(WEATHER,)), SUNNY)
    before = gateway.log.stat().st_size
    seen = saw("runner")
    assert seen["ran"] == ["Paris"]
    assert seen["final"]["content"][0]["text"] == "It is sunny."
    first, second = upstream.chats()
    assert first.texts("user") == second.texts("user") == ["hello"]
    assert second.texts("tool") == ["sunny"]
    refused = gateway.read_log(before).count("status=400")
    assert refused == (0 if sdk.is_old else 1), "a thread is asked for once"


def test_the_openai_sdk_lists_the_models(start_gateway, settings):
    gateway = start_gateway(settings(models=NAMES))
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0) as client:
        listed = [model.id for model in client.models.list()]
        retrieved = client.models.retrieve("local/qwen3")
    assert {"claude-opus-5-5", "local/qwen3"} <= set(listed)
    assert (retrieved.id, retrieved.object) == ("local/qwen3", "model")
