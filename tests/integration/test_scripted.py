"""Scripted providers behind a whole gateway: its streams, timeouts and routes, without any server."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from gateway.testing.serving import MessagesGateway

BODY = {"model": "claude-a", "max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def start(start_messages_gateway: Callable[..., MessagesGateway], tmp_path: Path):
    """`start({"text": "hi"}, timeouts={...})`: a gateway whose one provider answers that."""
    started: list[MessagesGateway] = []

    def begin(
        *replies: dict[str, Any], more: dict[str, Any] | None = None, **provider: Any
    ) -> MessagesGateway:
        scripted = {"kind": "scripted", "replies": list(replies), **provider}
        settings = {"providers": {"one": scripted}, "models": {"*": "one/model"}}
        settings["providers"] |= (more or {}).pop("providers", {})
        path = tmp_path / "gateway.yaml"
        path.write_text(yaml.safe_dump(settings | (more or {})), "utf-8")
        started.append(start_messages_gateway(path))
        return started[-1]

    yield begin
    for gateway in started:
        gateway.stop()


def ask(gateway, **more: Any) -> httpx.Response:
    return httpx.post(f"{gateway.url}/v1/messages", json={**BODY, **more}, trust_env=False, timeout=30)


def said(gateway) -> str:
    return ask(gateway).json()["content"][0]["text"]


@pytest.mark.messages_gateway(replies={"text": "a stream in five", "pieces": 5, "delay": "5ms"})
def test_stream_comes_in_the_pieces_of_the_script(messages_gateway):
    events = ask(messages_gateway, stream=True).text
    assert events.count('"text_delta"') == 4
    assert events.count("event: message_stop") == 1


def test_answer_that_stalls_runs_into_the_timeout(start):
    stalled = {"text": "no", "ending": "stall", "after": 0}
    gateway = start(stalled, timeouts={"first_byte": "300ms"})
    answer = ask(gateway)
    assert answer.status_code == 504
    assert "timeouts.first_byte" in answer.json()["error"]["message"]


@pytest.mark.messages_gateway(replies={"text": "a broken stream", "ending": "cut", "after": 1})
def test_cut_in_a_stream_is_an_error_event(messages_gateway):
    events = ask(messages_gateway, stream=True).text
    assert "event: error" in events
    assert "message_stop" not in events


def test_refusal_lets_the_next_target_answer(start):
    two = {"kind": "scripted", "replies": [{"text": "from two"}]}
    routes = [{"name": "both", "to": ["one/model", "two/model"]}]
    refusal = {"refusal": {"status": 529, "message": "Overloaded"}}
    gateway = start(refusal, more={"providers": {"two": two}, "routes": routes})
    assert said(gateway) == "from two"
    gateway.stop()
    assert ' route="routes[0] (both)" to=two/model ' in gateway.log


def test_changed_script_begins_anew_while_it_serves(start_messages_gateway, tmp_path):
    replies, path = tmp_path / "replies.yaml", tmp_path / "gateway.yaml"
    replies.write_text("- {text: old, repeat: true}\n")
    path.write_text(
        "providers: {one: {kind: scripted, script: replies.yaml}}\nmodels: {'*': one/model}\n", "utf-8"
    )
    gateway = start_messages_gateway(path)
    assert said(gateway) == "old"
    replies.write_text("- {text: new, repeat: true}\n")
    deadline = time.monotonic() + 20
    while said(gateway) == "old" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert said(gateway) == "new"
    gateway.stop()
