"""Ollama's native chat over HTTP: the request of the adapter, and its answer."""

import pytest

from gateway.anthropic.request.attachments import NO_ATTACHMENTS
from gateway.parts import Finish, TextDelta, Usage
from gateway.settings.models import Provider, Secret
from gateway.upstreams.ollama.adapter import adapter
from gateway.upstreams.presets import PRESETS
from tests.upstreams.loopback import answer, inbound, loopback, reply, target

OLLAMA = PRESETS["ollama"]
END = b'"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":1}\n'
WHOLE = b'{"message":{"role":"assistant","content":"Hi"},' + END
STREAM = b'{"message":{"content":"H"},"done":false}\n{"message":{"content":"i"},"done":false}\n{' + END


@pytest.mark.parametrize(
    ("stream", "body", "texts"), [(False, WHOLE, ["Hi"]), (True, STREAM, ["H", "i"])], ids=["whole", "stream"]
)
async def test_a_request_is_posted_and_its_answer_read(stream: bool, body: bytes, texts: list[str]):
    async with loopback(reply(body, content_type="application/x-ndjson")) as server:
        up = adapter("up", Provider("ollama", server.url, api_key=Secret("k")))
        parts = await answer(up, inbound(stream=stream), OLLAMA)
        await up.close()
    assert parts == [*map(TextDelta, texts), Usage(3, 1), Finish()]
    sent = server.request
    assert sent.line == "POST /api/chat"
    assert sent.headers["authorization"] == "Bearer k"
    assert (sent.json["model"], sent.json["stream"]) == ("theirs", stream)
    assert sent.json["messages"] == [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(("status", "problem"), [(200, None), (500, "answers with status 500")])
async def test_a_probe_asks_for_the_version(status: int, problem: str | None):
    async with loopback(reply({}, status=status)) as server:
        up = adapter("up", Provider("ollama", server.url))
        assert await up.probe() == problem
        await up.close()
    assert server.request.line == "GET /api/version"


def test_the_prompt_is_that_of_a_native_request():
    up = adapter("up", Provider("ollama", "http://127.0.0.1:1"))
    prompt = up.prompt(inbound(system="Be brief."), target(up, OLLAMA), NO_ATTACHMENTS)
    assert prompt.texts == ("Be brief.", "hi")
