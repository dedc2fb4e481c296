"""Scripted providers behind a whole gateway: its streams, timeouts and routes, without any server."""

import time
from typing import Any

import httpx

from gateway.testing.process import GatewayProcess

BODY = {"model": "claude-a", "max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]}


def config(*replies: dict[str, Any], **provider: Any) -> dict[str, Any]:
    scripted = {"kind": "scripted", "replies": list(replies), **provider}
    return {"providers": {"one": scripted}, "models": {"*": "one/model"}}


def ask(gateway, **more: Any) -> httpx.Response:
    return httpx.post(f"{gateway.url}/v1/messages", json={**BODY, **more}, trust_env=False, timeout=30)


def said(gateway) -> str:
    return ask(gateway).json()["content"][0]["text"]


def test_stream_comes_in_the_pieces_of_the_script(start_gateway):
    gateway = start_gateway(config({"text": "a stream in five", "pieces": 5, "delay": "5ms"}))
    events = ask(gateway, stream=True).text
    assert events.count('"text_delta"') == 4
    assert events.count("event: message_stop") == 1


def test_answer_that_stalls_runs_into_the_timeout(start_gateway):
    stalled = {"text": "no", "ending": "stall", "after": 0}
    gateway = start_gateway(config(stalled, timeouts={"first_byte": "300ms"}))
    answer = ask(gateway)
    assert answer.status_code == 504
    assert "timeouts.first_byte" in answer.json()["error"]["message"]


def test_cut_in_a_stream_is_an_error_event(start_gateway):
    gateway = start_gateway(config({"text": "a broken stream", "ending": "cut", "after": 1}))
    events = ask(gateway, stream=True).text
    assert "event: error" in events
    assert "message_stop" not in events


def test_refusal_lets_the_next_target_answer(start_gateway):
    settings = config({"refusal": {"status": 529, "message": "Overloaded"}})
    settings["providers"]["two"] = {"kind": "scripted", "replies": [{"text": "from two"}]}
    settings["routes"] = [{"to": ["one/model", "two/model"]}]
    del settings["models"]
    assert said(start_gateway(settings)) == "from two"


def test_changed_script_begins_anew_while_it_serves(tmp_path):
    replies, path = tmp_path / "replies.yaml", tmp_path / "gateway.yaml"
    replies.write_text("- {text: old, repeat: true}\n")
    path.write_text(
        "providers: {one: {kind: scripted, script: replies.yaml}}\nmodels: {'*': one/model}\n", "utf-8"
    )
    gateway = GatewayProcess.start(path, tmp_path / "gateway.log")
    try:
        assert said(gateway) == "old"
        replies.write_text("- {text: new, repeat: true}\n")
        deadline = time.monotonic() + 20
        while said(gateway) == "old" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert said(gateway) == "new"
    finally:
        gateway.stop()
