"""Responses over HTTP: the request of the adapter, and its answer."""

import json

import pytest

from gateway.anthropic.request.attachments import NO_ATTACHMENTS
from gateway.parts import Finish, TextDelta, Usage
from gateway.settings.models import Provider, Secret
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.responses.adapter import adapter
from tests.upstreams.loopback import answer, inbound, loopback, reply, target

RESPONSES = PRESETS["responses"]
WHOLE = {
    "status": "completed",
    "output": [{"type": "message", "id": "m", "content": [{"type": "output_text", "text": "Hi"}]}],
    "usage": {"input_tokens": 3, "output_tokens": 1},
}
EVENTS = [
    {"type": "response.output_text.delta", "output_index": 0, "delta": "Hi"},
    {"type": "response.completed", "response": WHOLE},
]
STREAM = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in EVENTS)


@pytest.mark.parametrize(("stream", "body"), [(False, WHOLE), (True, STREAM)], ids=["whole", "stream"])
async def test_a_request_is_posted_and_its_answer_read(stream: bool, body: bytes | dict):
    async with loopback(reply(body)) as server:
        up = adapter("up", Provider("responses", server.url + "/v1", api_key=Secret("k")))
        parts = await answer(up, inbound(stream=stream), RESPONSES)
        await up.close()
    assert parts == [TextDelta("Hi"), Usage(3, 1, 0, 0, cache_write_1h=0), Finish()]
    sent = server.request
    assert sent.line == "POST /v1/responses"
    assert sent.headers["authorization"] == "Bearer k"
    assert (sent.json["model"], sent.json["stream"], sent.json["store"]) == ("theirs", stream, False)
    assert sent.json["input"] == [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]


@pytest.mark.parametrize(("status", "problem"), [(200, None), (502, "answers with status 502")])
async def test_a_probe_asks_for_the_models(status: int, problem: str | None):
    async with loopback(reply({}, status=status)) as server:
        up = adapter("up", Provider("responses", server.url + "/v1"))
        assert await up.probe() == problem
        await up.close()
    assert server.request.line == "GET /v1/models"


def test_the_prompt_is_that_of_a_responses_request():
    up = adapter("up", Provider("responses", "http://127.0.0.1:1"))
    prompt = up.prompt(inbound(system="Be brief."), target(up, RESPONSES), NO_ATTACHMENTS)
    assert prompt.texts == ("Be brief.", "hi")
