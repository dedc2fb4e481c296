"""The official TypeScript SDK through the gateway."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.testing.upstream import Call, Reply, Usage, refusal

HERE = Path(__file__).parent
PACKAGE = HERE / "clients/node_modules/@anthropic-ai/sdk"
SUNNY = Reply(text="It is sunny.", usage=Usage(prompt=30, completion=5, cached=10))
WEATHER = Call("weather", {"city": "Paris"}, id="call_w")


@pytest.fixture(scope="session")
def node() -> str:
    """The wheel's node, or the machine's."""
    found = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    if found is None or not PACKAGE.exists():
        pytest.skip("the TypeScript SDK is not installed: run `make clients`")
    return found


@pytest.fixture
def saw(node, gateway) -> Callable[..., Any]:
    """`saw("create")`: what that step of a session saw."""

    def run(step: str, url: str = gateway.url) -> Any:
        command = [node, HERE / "sdk_session.mjs", step, url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_a_message_is_created(saw, upstream):
    upstream.script(SUNNY)
    message = saw("create")
    assert message["content"] == [{"type": "text", "text": "It is sunny."}]
    assert message["stop_reason"] == "end_turn"
    usage = message["usage"]
    assert (usage["input_tokens"], usage["cache_read_input_tokens"], usage["output_tokens"]) == (20, 10, 5)
    (chat,) = upstream.chats()
    assert [text["content"] for text in chat.messages] == ["be brief", "hello"]


def test_a_message_is_streamed(saw, upstream):
    upstream.script(SUNNY)
    seen = saw("stream")
    assert (len(seen["pieces"]), "".join(seen["pieces"])) == (3, "It is sunny.")
    assert seen["final"]["stop_reason"] == "end_turn"
    assert seen["final"]["usage"]["output_tokens"] == 5
    assert upstream.chats()[0].body["stream"] is True


def test_reasoning_text_and_parallel_calls_are_put_together(saw, upstream):
    calls = (WEATHER, Call("weather", {"city": "Rome"}, id="call_v", pieces=5))
    upstream.script(Reply(reasoning="Two cities.", text="I look.", calls=calls, interleave=True))
    final = saw("accumulate")
    thinking, text, *uses = final["content"]
    assert thinking["thinking"] == "Two cities."
    assert thinking["signature"]
    assert text["text"] == "I look."
    assert [(use["id"], use["input"]["city"]) for use in uses] == [("call_w", "Paris"), ("call_v", "Rome")]
    assert final["stop_reason"] == "tool_use"
    assert upstream.chats()[0].tools == ["weather"]


def test_a_tool_makes_its_round_trip(saw, upstream):
    upstream.script(Reply(calls=(WEATHER,)), SUNNY)
    seen = saw("tools")
    assert seen["asked"]["content"][-1]["input"] == {"city": "Paris"}
    assert seen["final"]["content"][0]["text"] == "It is sunny."
    _, second = upstream.chats()
    assert second.calls == [("call_w", "weather", {"city": "Paris"})]
    assert (second.result_ids, second.texts("tool")) == (["call_w"], ["sunny"])


def test_the_tool_runner_comes_to_its_end(saw, gateway, upstream):
    upstream.script(Reply(calls=(WEATHER,)), SUNNY)
    before = gateway.log.stat().st_size
    seen = saw("runner")
    assert seen["ran"] == ["Paris"]
    assert seen["final"]["content"][0]["text"] == "It is sunny."
    _, second = upstream.chats()
    assert second.texts("tool") == ["sunny"]
    assert gateway.read_log(before).count("status=400") == 1, "a thread is asked for once"


def test_an_answer_in_a_form_is_parsed(saw, upstream):
    upstream.script(*[Reply(text='{"answer": 42}')] * 2)
    assert saw("parse") == [{"answer": 42}] * 2
    for chat in upstream.chats():
        assert '"answer"' in json.dumps(chat.body).replace("\\", "")


def test_beta_calls_are_served(saw, upstream):
    upstream.script(SUNNY, SUNNY)
    seen = saw("beta")
    assert [message["content"][0]["text"] for message in seen["messages"]] == ["It is sunny."] * 2
    assert 1 <= seen["counted"] <= 20
    assert seen["listed"]
    assert seen["retrieved"] == seen["listed"]
    assert len(upstream.chats()) == 2


def test_tokens_are_counted(saw, upstream):
    assert 1 <= saw("count")["input_tokens"] <= 20
    assert not upstream.chats()


def test_models_are_listed_and_retrieved(saw, start_gateway, settings):
    names = {"claude-opus-5-5": "up/big", "local/qwen3": "up/small"}
    listed, retrieved = saw("models", start_gateway(settings(models=names)).url)
    assert {"claude-opus-5-5", "local/qwen3"} <= set(listed)
    assert retrieved == listed


@pytest.mark.parametrize(
    ("answer", "name", "status"),
    [
        (refusal(400, "the temperature is wrong"), "BadRequestError", 400),
        (refusal(429, "slow down"), "RateLimitError", 429),
        (
            Reply(text="half of it", pieces=4, after=2, ending="error", error="out of memory"),
            "APIError",
            None,
        ),
    ],
    ids=["refused", "limited", "inside the stream"],
)
def test_failures_are_typed(saw, upstream, answer, name: str, status: int | None):
    upstream.script(answer)
    seen = saw("failure")
    assert (seen["class"], seen["status"]) == (name, status)
    assert seen["message"]
    assert len(upstream.chats()) == 1
