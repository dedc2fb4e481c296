"""Every refusal and failure in Anthropic's shape, with the documented status and words one can act on."""

from __future__ import annotations

import gzip
import json

import httpx
import pytest

from gateway.testing.process import free_port
from gateway.testing.upstream import Raw, Reply, refusal

QUESTION = {"model": "claude-x", "max_tokens": 1000, "messages": [{"role": "user", "content": "hello"}]}
HTML = {"content-type": "text/html"}


@pytest.fixture
def http(gateway):
    with httpx.Client(base_url=gateway.url, trust_env=False, timeout=20) as client:
        yield client


def shape(response: httpx.Response) -> tuple[int, str]:
    """Status and error type; everything else of the shape is checked here."""
    body = response.json()
    assert body["type"] == "error"
    assert isinstance(body["error"]["message"], str)
    assert body["error"]["message"]
    assert response.headers["request-id"] == body["request_id"]
    assert response.headers["request-id"].startswith("req_")
    assert response.headers["content-type"].startswith("application/json")
    return response.status_code, body["error"]["type"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b'{"model":"m"}',
        b'{"messages":[{"role":"user","content":"x"}]}',
        b'{"model":"m","messages":[]}',
        b'{"model":3,"messages":[{"role":"user","content":"x"}]}',
        b'{"model":"m","messages":"x"}',
        b'{"model":"m","messages":[{"role":"user","content":5}]}',
        b'{"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":"many"}',
        b'{"model":"m","messages":[{"role":"user","content":[{"type":"text"}]}]}',
        b"\xff\xfe\x00",
    ],
    ids=str,
)
def test_bad_bodies_are_400(http, body):
    response = http.post("/v1/messages", content=body, headers={"content-type": "application/json"})
    assert shape(response) == (400, "invalid_request_error")
    assert response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("validation", ["tolerant", "strict"])
@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url"}}]}]},
            "messages.0.content.0.source.url",
        ),
    ],
)
def test_what_is_missing_is_named_with_its_path(start_gateway, settings, upstream, more, path, validation):
    gateway = start_gateway(settings(server={"validation": validation}))
    with httpx.Client(base_url=gateway.url, trust_env=False) as http:
        response = http.post("/v1/messages", json={**QUESTION, **more})
    assert shape(response) == (400, "invalid_request_error")
    assert response.json()["error"]["message"] == f"{path}: field required"
    assert not upstream.chats()


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_what_no_model_can_be_shown_is_refused_in_strict_and_else_left_out(
    start_gateway, settings, upstream, path
):
    upstream.script(default=Reply(text="seen"))
    asked = {**QUESTION, "system": [{"type": "text", "text": "a"}, {"type": "hologram"}]}
    strict, tolerant = start_gateway(settings(server={"validation": "strict"})), start_gateway(settings())
    with httpx.Client(trust_env=False) as http:
        refused, answered = (http.post(f"{gateway.url}{path}", json=asked) for gateway in (strict, tolerant))
    assert shape(refused) == (400, "invalid_request_error")
    assert refused.json()["error"]["message"].startswith("system.1.type: unexpected block type 'hologram'")
    assert answered.status_code == 200
    if path == "/v1/messages":
        assert answered.headers["x-gateway-warnings"] == "dropped.block"
        assert [chat.body["messages"][0]["content"] for chat in upstream.chats()] == ["a"]


def test_a_budget_over_max_tokens_passes_in_strict_where_thinking_is_interleaved(
    start_gateway, settings, upstream
):
    gateway = start_gateway(settings(server={"validation": "strict"}))
    upstream.script(default=Reply(text="thought"))
    asked = {**QUESTION, "thinking": {"type": "enabled", "budget_tokens": 2048}}
    beta = {"anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14"}
    with httpx.Client(base_url=gateway.url, trust_env=False) as http:
        assert http.post("/v1/messages", json=asked).status_code == 400
        assert http.post("/v1/messages", json=asked, headers=beta).status_code == 200


def test_a_body_over_32_megabytes_is_413(http):
    body = b'{"model":"m","messages":[{"role":"user","content":"' + b"x" * (33 << 20) + b'"}]}'
    assert shape(http.post("/v1/messages", content=body)) == (413, "request_too_large")


def test_a_body_under_32_megabytes_is_served(http, upstream):
    upstream.script(Reply(text="read"))
    body = {**QUESTION, "messages": [{"role": "user", "content": "x" * (30 << 20)}]}
    assert http.post("/v1/messages", json=body).json()["content"][0]["text"] == "read"
    upstream.reset()


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/v1", "/v1/complete", "/v1/messages/batches", "/v1/files", "/api/x", "/v1/messages/x"],
)
def test_unknown_paths_are_404_in_json(http, path):
    assert shape(http.post(path, json={})) == (404, "not_found_error")


@pytest.mark.parametrize(
    ("method", "path"),
    [*((method, "/v1/messages") for method in ("GET", "PUT", "DELETE", "PATCH")), ("POST", "/")],
)
def test_wrong_methods_are_405(http, method, path):
    assert shape(http.request(method, path)) == (405, "invalid_request_error")


@pytest.mark.parametrize("path", ["/v1/messages/batches", "/v1/messages/batches/msgbatch_1/results"])
def test_batches_are_said_not_to_be_enabled(http, path):
    for response in (http.get(path), http.post(path, json={})):
        assert shape(response) == (404, "not_found_error")
        assert "batches are not enabled" in response.json()["error"]["message"]


def test_a_gzipped_body_may_have_several_members(http, upstream):
    upstream.script(Reply(text="read"))
    body = json.dumps(QUESTION).encode()
    members = gzip.compress(body[:20]) + gzip.compress(body[20:])
    packed = {"content-encoding": "gzip"}
    response = http.post("/v1/messages", content=members, headers=packed)
    assert response.json()["content"][0]["text"] == "read"
    for wrong in (members + b"no gzip", gzip.compress(b"") * 100 + members):
        assert shape(http.post("/v1/messages", content=wrong, headers=packed))[0] == 400
    bomb = gzip.compress(b" " * (20 << 20)) * 2
    assert shape(http.post("/v1/messages", content=bomb, headers=packed)) == (413, "request_too_large")


@pytest.mark.parametrize("path", ["/", "/api/hello", "/health", "/v1/models", "/v1/models/up/scripted"])
def test_probes_are_answered(http, path):
    assert http.head(path).status_code == 200


def test_an_unmapped_model_is_404_and_names_what_there_is(start_gateway, settings):
    gateway = start_gateway(settings(models={"claude-haiku-*": "up/small"}))
    with httpx.Client(base_url=gateway.url, trust_env=False) as http:
        response = http.post("/v1/messages", json=QUESTION)
    assert shape(response) == (404, "not_found_error")
    assert "claude-x" in response.json()["error"]["message"]
    assert "claude-haiku-*" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"x-api-key": "wrong"}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": "Basic key-1"}, 401),
        ({"x-api-key": "key-1"}, 200),
        ({"authorization": "Bearer key-2"}, 200),
        ({"x-api-key": "key-1", "authorization": "Bearer wrong"}, 200),
    ],
    ids=str,
)
def test_client_keys_are_asked_for(start_gateway, settings, upstream, headers, status):
    gateway = start_gateway(settings(server={"keys": ["key-1", "key-2"]}))
    upstream.script(default=Reply(text="in"))
    with httpx.Client(base_url=gateway.url, trust_env=False) as http:
        response = http.post("/v1/messages", json=QUESTION, headers=headers)
        assert http.get("/health").json() == {"status": "ok"}
        assert http.get("/v1/models", headers=headers).status_code == status
    assert response.status_code == status
    if status == 401:
        assert shape(response) == (401, "authentication_error")
        assert response.headers["x-should-retry"] == "false"


CASES = {
    "400": (refusal(400, "temperature is odd"), 400, "invalid_request_error", "false"),
    "401": (refusal(401, "bad key"), 500, "api_error", "false"),
    "402": (refusal(402, "no credit"), 402, "billing_error", "false"),
    "403": (refusal(403, "not for you"), 500, "api_error", "false"),
    "404": (refusal(404, "model 'x' not found"), 404, "not_found_error", "false"),
    "413": (refusal(413, "too big"), 413, "request_too_large", "false"),
    "422": (refusal(422, "detail"), 400, "invalid_request_error", "false"),
    "429": (refusal(429, "slow down"), 429, "rate_limit_error", None),
    "429 quota": (refusal(429, "pay", code="insufficient_quota"), 402, "billing_error", "false"),
    "500": (refusal(500, "crash"), 500, "api_error", None),
    "503": (refusal(503, "down"), 503, "api_error", None),
    "503 busy": (refusal(503, "server busy, please try again"), 529, "overloaded_error", None),
    "html": (
        Raw(status=502, headers=HTML, chunks=("<html><h1>Bad Gateway</h1></html>",)),
        502,
        "api_error",
        None,
    ),
    "html 200": (Raw(headers=HTML, chunks=("<html>login</html>",)), 502, "api_error", None),
    "garbage 200": (Raw(chunks=("{]",)), 502, "api_error", None),
    "empty 200": (Raw(), 502, "api_error", None),
    "not http": (
        Raw(chunks=("\xff\x00garbage\r\n\r\n",), encoding="latin-1", framing="none"),
        502,
        "api_error",
        None,
    ),
    "no answer": (Raw(framing="none", ending="cut"), 502, "api_error", None),
    "reset": (Raw(framing="none", ending="reset"), 502, "api_error", None),
}


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("case", CASES)
def test_what_the_upstream_fails_with_is_told_in_anthropics_words(http, upstream, case, stream):
    answer, status, kind, should_retry = CASES[case]
    upstream.script(default=answer)
    response = http.post("/v1/messages", json={**QUESTION, "stream": stream})
    assert shape(response) == (status, kind)
    assert response.headers.get("x-should-retry") == should_retry


def test_the_upstreams_words_are_passed_on_without_its_secrets(http, upstream):
    upstream.script(refusal(400, "key sk-abcdefghijklmnop1234567890 may not use temperature"))
    message = http.post("/v1/messages", json=QUESTION).json()["error"]["message"]
    assert message.startswith("[up] ")
    assert "may not use temperature" in message
    assert "sk-abcdefghijklmnop1234567890" not in message


def test_a_server_that_is_not_there_is_502_and_named(start_gateway, settings):
    gateway = start_gateway(settings(provider={"base_url": f"http://127.0.0.1:{free_port()}"}))
    with httpx.Client(base_url=gateway.url, trust_env=False) as http:
        response = http.post("/v1/messages", json=QUESTION)
    assert shape(response) == (502, "api_error")
    assert "[up]" in response.json()["error"]["message"]


def test_a_server_that_takes_too_long_is_504(start_gateway, settings, upstream):
    gateway = start_gateway(settings(provider={"timeouts": {"first_byte": "500ms"}}))
    upstream.script(Raw(ending="stall", framing="none"))
    with httpx.Client(base_url=gateway.url, trust_env=False, timeout=60) as http:
        response = http.post("/v1/messages", json=QUESTION)
    assert shape(response) == (504, "timeout_error")
    assert "timeouts.first_byte" in response.json()["error"]["message"]


def test_an_upstream_that_goes_silent_ends_the_stream_with_an_error(start_gateway, settings, upstream, ask):
    gateway = start_gateway(settings(provider={"timeouts": {"idle": "500ms"}}))
    upstream.script(Reply(text="half of it", pieces=4, after=2, ending="stall"))
    answered = ask(gateway)
    assert answered.types[-1] == "error"
    assert answered.content[-1]["error"]["type"] == "timeout_error"


def test_a_refused_max_tokens_is_asked_again_with_the_limit_it_names(gateway, upstream, ask):
    words = "max_tokens is too large: 128000. This model supports at most 16384 completion tokens."
    upstream.script(refusal(400, words), Reply(text="mended"))
    answered = ask(gateway, max_tokens=128000)
    assert (answered.status, answered.text) == (200, "mended")
    first, second = upstream.chats()
    assert (first.body["max_tokens"], second.body["max_tokens"]) == (128000, 16384)


def test_the_gateway_lives_on_after_all_of_it(http):
    assert http.get("/health").json() == {"status": "ok"}


HALF = json.dumps({**QUESTION, "messages": [{"role": "user", "content": "cut \ud83d"}]}).encode()


def test_half_a_character_ends_no_session(start_gateway, settings, upstream):
    """Clients cut texts in the middle of one, and repeat it with every request."""
    upstream.script(default=Reply("fine"))
    for kind, server, status in (("anthropic", None, 200), ("anthropic", {"validation": "strict"}, 400)):
        gateway = start_gateway(settings(kind, server=server))
        answered = httpx.post(f"{gateway.url}/v1/messages", content=HALF, trust_env=False)
        counted = httpx.post(f"{gateway.url}/v1/messages/count_tokens", content=HALF, trust_env=False)
        assert (answered.status_code, counted.status_code) == (status, status)
    assert "half" in answered.json()["error"]["message"]
    (chat,) = upstream.chats()
    assert chat.body["messages"][0]["content"] == "cut \ufffd"
