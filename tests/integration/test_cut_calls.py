"""A call that the limit cut, and that its own server could not read: the end of the answer, not an error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.testing.upstream import Raw

CUT = 'llama-server returned invalid tool call arguments for "get_weather": unexpected end of JSON input'
BROKEN = """llama-server returned invalid tool call arguments for "get_weather": invalid character 'x' \
looking for beginning of value"""
TOOL = {"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
KINDS = ["ollama", "openai", "responses", "anthropic"]


def error(kind: str, words: str) -> Any:
    match kind:
        case "ollama":
            return {"error": words}
        case "anthropic":
            return {"type": "error", "error": {"type": "api_error", "message": words}}
        case _:
            return {"error": {"message": words, "type": "api_error", "param": None, "code": None}}


def sse(*events: dict[str, Any]) -> str:
    return "".join(
        (f"event: {event['type']}\n" if "type" in event else "") + f"data: {json.dumps(event)}\n\n"
        for event in events
    )


def begun(kind: str, words: str) -> Raw:
    """A stream that says something, and ends in the error."""
    match kind:
        case "ollama":
            said = {"message": {"role": "assistant", "content": "Let me see."}, "done": False}
            text = json.dumps(said) + "\n" + json.dumps(error(kind, words)) + "\n"
        case "openai":
            said = {"choices": [{"index": 0, "delta": {"content": "Let me see."}}]}
            text = sse(said, error(kind, words))
        case "responses":
            said = {"type": "response.output_text.delta", "output_index": 0, "delta": "Let me see."}
            text = sse(said, {"type": "error", **error(kind, words)})
        case _:
            message = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "x"}
            message |= {"stop_reason": None, "usage": {"input_tokens": 5, "output_tokens": 0}}
            text = sse(
                {"type": "message_start", "message": message},
                {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                {
                    "type": "content_block_delta",
                    "index": 0,
                    "delta": {"type": "text_delta", "text": "Let me see."},
                },
                error(kind, words),
            )
    streams = "application/x-ndjson" if kind == "ollama" else "text/event-stream"
    return Raw(headers={"content-type": streams}, chunks=(text,), framing="chunked")


@pytest.fixture
def asked(start_gateway, settings, upstream, ask):
    def one(kind: str, answer: Raw, *, stream: bool):
        provider = {"preset": "ollama"} if kind == "openai" else {}
        gateway = start_gateway(settings(kind, provider=provider))
        upstream.script(answer)
        return ask(gateway, stream=stream, tools=[TOOL])

    return one


def stop_reason(answered: Any, *, stream: bool) -> str:
    return answered.content[-2]["delta"]["stop_reason"] if stream else answered.body["stop_reason"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [True, False])
def test_refusal_is_the_end_at_the_limit(asked, kind, stream):
    answered = asked(kind, Raw(status=500, chunks=(json.dumps(error(kind, CUT)),)), stream=stream)
    assert answered.status == 200
    assert stop_reason(answered, stream=stream) == "max_tokens"
    if stream:
        assert answered.types[-1] == "message_stop"
    else:
        assert answered.body["content"] == []
        assert "dropped.tool_call" in answered.headers["x-gateway-warnings"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [True, False])
def test_error_behind_text_is_the_end_at_the_limit(asked, kind, stream):
    answered = asked(kind, begun(kind, CUT), stream=stream)
    assert answered.status == 200
    assert stop_reason(answered, stream=stream) == "max_tokens"
    if stream:
        assert answered.text == "Let me see."
        assert answered.types[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    else:
        assert [block["text"] for block in answered.body["content"]] == ["Let me see."]
        assert "dropped.tool_call" in answered.headers["x-gateway-warnings"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("words", [BROKEN, "unexpected end of JSON input", "llama runner has terminated"])
def test_other_errors_stay_errors(asked, kind, stream, words):
    assert asked(kind, Raw(status=500, chunks=(json.dumps(error(kind, words)),)), stream=stream).status >= 500
    answered = asked(kind, begun(kind, words), stream=stream)
    if stream:
        assert answered.types[-1] == "error"
    else:
        assert answered.status >= 500


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [True, False])
def test_error_with_status_200_is_the_end_at_the_limit(asked, kind, stream):
    answered = asked(kind, Raw(chunks=(json.dumps(error(kind, CUT)),)), stream=stream)
    assert answered.status == 200
    assert stop_reason(answered, stream=stream) == "max_tokens"


# ---------------------------------------------------------------- a model that repeats itself


@pytest.mark.parametrize("ending", ["done", "cut"])
@pytest.mark.parametrize("framing", ["chunked", "none"])
@pytest.mark.parametrize("stream", [True, False])
def test_ollama_that_stops_a_loop_ends_the_answer(asked, ending, framing, stream):
    said = {"message": {"role": "assistant", "content": " no" if stream else " no" * 31}, "done": False}
    text = (json.dumps(said) + "\n") * (31 if stream else 1)
    head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\nconnection: close\r\n\r\n"
    chunks = (text,) if framing == "chunked" else (head, text)
    answered = asked(
        "ollama", Raw(chunks=chunks, framing=framing, ending=ending, keep_alive=False), stream=stream
    )
    if ending == "done" and framing == "chunked":
        assert stop_reason(answered, stream=stream) == "end_turn"
        if stream:
            assert answered.content[-2]["usage"]["output_tokens"] == 31
    elif stream:
        assert answered.types[-1] == "error"
    else:
        assert answered.status >= 500
