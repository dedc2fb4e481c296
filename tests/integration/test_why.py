"""The log line of a failed request says why, in the upstream's own words."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from gateway.testing.upstream import Raw, Reply, refusal

ASKED = {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture
def failed(start_gateway, settings, upstream):
    """`failed(answer, "ollama")`: the client's error and the fields of the request's log line."""

    def ask(
        answer,
        kind: str = "openai",
        *,
        stream: bool = False,
        model: str = "m",
        provider: dict | None = None,
        headers: dict[str, str] | None = None,
        **config,
    ):
        provider = provider or {"api_key": "sk-of-the-provider"}
        said = settings(kind, server={"log_format": "json"}, provider=provider, **config)
        gateway = start_gateway(said)
        upstream.script(default=answer)
        before = gateway.log.stat().st_size
        body = {**ASKED, "stream": stream, "model": model}
        response = httpx.post(
            f"{gateway.url}/v1/messages", json=body, headers=headers, trust_env=False, timeout=20
        )
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            lines = gateway.log.read_bytes()[before:].decode().splitlines()
            found = [json.loads(line) for line in lines if '"event":"request"' in line.replace(" ", "")]
            if found:
                return response, found[-1]
            time.sleep(0.02)
        pytest.fail("no request was logged")

    return ask


KINDS = ("openai", "responses", "ollama", "anthropic")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_words_of_a_refusal_are_logged(failed, kind: str, stream: bool):
    response, line = failed(refusal(400, "the frobnicator is upside down"), kind, stream=stream)
    assert response.status_code == 400
    assert "the frobnicator is upside down" in line["why"]
    assert (line["error"], line["upstream_status"]) == ("invalid_request", 400)
    assert line["id"] == response.json()["request_id"]


@pytest.mark.parametrize("kind", KINDS)
def test_words_that_the_client_gets_reworded_are_logged_as_they_were(failed, kind: str):
    words = "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens."
    response, line = failed(refusal(400, words), kind)
    assert "prompt is too long" in response.json()["error"]["message"]
    assert "prompt is too long" in line["why"]
    assert "This model's maximum context length is 8192 tokens" in line["why"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_is_logged(failed, kind: str):
    words = "Incorrect API key provided: sk-of-the-provider. See https://example.com/keys?k=1"
    _, line = failed(refusal(401, words), kind)
    assert line["error"] == "upstream_credentials"
    assert "Incorrect API key provided" in line["why"]
    assert "sk-of-the-provider" not in json.dumps(line)
    assert "example.com" not in line["why"]


ODD_KEY = "my-provider-secret-key-123456"
"""A mask of keys by their form fits its end alone."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("how", ["401", "500", "200", "event", "rubbish", "page"])
def test_no_part_of_the_providers_key_is_shown(failed, kind: str, stream: bool, how: str):
    error = {"type": "api_error", "message": f"mid {ODD_KEY} end"}
    text = json.dumps({"type": "error", "error": error})
    answer = {
        "401": Raw(status=401, chunks=(text,)),
        "500": Raw(status=500, chunks=(text,)),
        "200": Raw(chunks=(text,)),
        "event": Raw(chunks=(f"event: error\ndata: {text}\n\n" if kind != "ollama" else text + "\n",)),
        "rubbish": Raw(chunks=(f"{'x' * 185} {ODD_KEY}",)),
        "page": Raw(status=502, chunks=(f"<html><title>{'x' * 185} {ODD_KEY}</title>",)),
    }[how]
    response, line = failed(answer, kind, stream=stream, provider={"api_key": ODD_KEY})
    for shown in (response.text, json.dumps(line)):
        assert not any(part in shown for part in ("my-provider", "secret-key", "123456"))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", ["x-api-key", "authorization"])
@pytest.mark.parametrize("status", [401, 403, 400, 500, 200])
def test_the_clients_own_credential_is_not_logged(failed, stream: bool, name: str, status: int):
    own = "corp.7f3a99PQ-token"
    text = json.dumps({"type": "error", "error": {"type": "api_error", "message": f"{own} is not known"}})
    chunk = f"event: error\ndata: {text}\n\n" if status == 200 else text
    sent = {name: f"Bearer {own}" if name == "authorization" else own}
    response, line = failed(
        Raw(status=status, chunks=(chunk,)),
        "anthropic",
        stream=stream,
        provider={"pass_credentials": True},
        headers=sent,
    )
    assert "[hidden] is not known" in line["why"]
    assert own not in json.dumps(line)
    assert own not in response.text


def test_long_words_are_cut(failed):
    _, line = failed(refusal(400, "no " * 1000))
    assert len(line["why"]) <= 401


def test_a_name_that_is_not_ours_is_told_from_one_that_is_not_theirs(failed):
    theirs_response, theirs = failed(refusal(404, "model 'scripted' not found"))
    ours_response, ours = failed(Reply(text="x"), model="nobody", models={"known": "up/scripted"})
    assert theirs_response.status_code == ours_response.status_code == 404
    assert theirs["error"] == ours["error"] == "not_found"
    assert (theirs["upstream_status"], theirs["to"]) == (404, "up/scripted")
    assert theirs["why"].startswith("[up] ")
    assert not {"upstream_status", "to"} & set(ours)
    assert "not configured in this gateway" in ours["why"]


def test_a_failure_inside_a_stream_is_logged(failed):
    _, line = failed(Reply(text="Hel", ending="error", error="the runner fell over"), stream=True)
    assert line["status"] == 200
    assert "the runner fell over" in line["why"]


def test_what_is_no_answer_is_logged(failed):
    _, line = failed(Raw(chunks=("rubbish",)))
    assert line["error"] == "upstream_garbage"
    assert line["why"].startswith("[up] ")


def test_a_good_answer_has_no_why(failed):
    _, line = failed(Reply(text="fine"))
    assert not {"why", "upstream_status"} & set(line)
