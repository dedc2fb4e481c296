"""Chat Completions over HTTP: the request of the adapter, and its answer."""

import pytest

from gateway.anthropic.request.attachments import NO_ATTACHMENTS
from gateway.errors import Kind, UpstreamFailed
from gateway.parts import Finish, TextDelta, Usage
from gateway.settings.models import Provider, Secret
from gateway.upstreams.openai.adapter import adapter
from tests.upstreams.loopback import answer, inbound, loopback, reply, target

WHOLE = {
    "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1},
}
STREAM = (
    b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n'
    b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}\n\ndata: [DONE]\n\n'
)


@pytest.mark.parametrize(("stream", "body"), [(False, WHOLE), (True, STREAM)], ids=["whole", "stream"])
async def test_a_request_is_posted_and_its_answer_read(stream: bool, body: bytes | dict):
    async with loopback(reply(body)) as server:
        up = adapter("up", Provider("openai", server.url + "/v1", api_key=Secret("k")))
        assert await answer(up, inbound(stream=stream)) == [TextDelta("Hi"), Usage(3, 1, 0, 0), Finish()]
        await up.close()
    sent = server.request
    assert sent.line == "POST /v1/chat/completions"
    assert sent.headers["authorization"] == "Bearer k"
    assert sent.headers["content-type"] == "application/json"
    assert sent.json["model"] == "theirs"
    assert sent.json["messages"] == [{"role": "user", "content": "hi"}]
    assert sent.json.get("stream", False) is stream


async def test_the_preset_names_the_header_of_the_key():
    async with loopback(reply(WHOLE)) as server:
        up = adapter("up", Provider("openai", server.url, preset="azure", api_key=Secret("k")))
        await answer(up, inbound())
        await up.close()
    assert server.request.headers["api-key"] == "k"
    assert "authorization" not in server.request.headers


async def test_a_refusal_is_an_error_in_the_servers_words():
    async with loopback(reply({"error": {"message": "no such model"}}, status=404)) as server:
        up = adapter("up", Provider("openai", server.url))
        with pytest.raises(UpstreamFailed) as caught:
            await answer(up, inbound())
        await up.close()
    assert (caught.value.kind, caught.value.message) == (Kind.NOT_FOUND, "[up] no such model")


@pytest.mark.parametrize(("status", "problem"), [(200, None), (404, None), (503, "answers with status 503")])
async def test_a_probe_asks_for_the_models(status: int, problem: str | None):
    async with loopback(reply({}, status=status)) as server:
        up = adapter("up", Provider("openai", server.url + "/v1"))
        assert await up.probe() == problem
        await up.close()
    assert server.request.line == "GET /v1/models"


def test_the_prompt_is_that_of_a_chat_request():
    up = adapter("up", Provider("openai", "http://127.0.0.1:1"))
    assert up.prompt(inbound(system="Be brief."), target(up), NO_ATTACHMENTS).texts == ("Be brief.", "hi")
