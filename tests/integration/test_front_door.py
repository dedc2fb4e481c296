"""The addresses a client may ask, the credentials it may send, and what it may not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from gateway.testing.script import Reply

ASKED = {"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
CONTROLS = ["\n", "\r\n", "\0", "\x1b[31m", "\x7f", "\x85", "\u2028"]


@pytest.fixture
def http(gateway, upstream):
    upstream.script(default=Reply(text="fine"))
    with httpx.Client(base_url=gateway.url, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("prefix", ["", "/v1", "/v1/v1"])
def test_every_endpoint_of_the_api_is_served_under_each_prefix(http, prefix: str):
    answered = http.post(f"{prefix}/messages?beta=true", json=ASKED)
    assert answered.json()["content"][0]["text"] == "fine"
    with http.stream("POST", f"{prefix}/messages", json={**ASKED, "stream": True}) as stream:
        assert "event: message_stop" in stream.read().decode()
    assert http.post(f"{prefix}/messages/count_tokens?beta=true", json=ASKED).json()["input_tokens"] > 0
    assert http.get(f"{prefix}/models?limit=1000").json()["object"] == "list"
    assert http.get(f"{prefix}/models/up/scripted").json()["id"] == "up/scripted"
    assert http.head(f"{prefix}/models").status_code == 200
    assert http.post(f"{prefix}/messages", json={"model": "x"}).status_code == 400
    assert http.get(f"{prefix}/messages").status_code == 405
    assert "batches are not enabled" in http.post(f"{prefix}/messages/batches", json={}).text


@pytest.mark.parametrize(
    "path", ["/v1/v1/v1/messages", "/v2/messages", "/messages/x", "/message", "/v1/health", "/api/messages"]
)
def test_nothing_else_becomes_an_endpoint(http, path: str):
    assert http.post(path, json=ASKED).status_code == 404


@pytest.mark.parametrize("path", ["/messages", "/v1/v1/messages"])
def test_metrics_and_log_call_every_prefix_the_same(http, gateway, path: str):
    before = gateway.log.stat().st_size
    http.post(path, json={**ASKED, "messages": []})
    assert 'endpoint="messages"' in http.get("/metrics").text
    assert " path=/v1/messages " in gateway.read_log(before)


def test_keys_are_asked_for_under_each_prefix(start_gateway, settings, upstream):
    gateway = start_gateway(settings(server={"keys": ["right"]}))
    for prefix in ("", "/v1", "/v1/v1"):
        for method, path in (("POST", "/messages"), ("POST", "/messages/count_tokens"), ("GET", "/models")):
            refused = httpx.request(method, f"{gateway.url}{prefix}{path}", json=ASKED, trust_env=False)
            assert refused.status_code == 401, (prefix, path)


def test_of_two_credentials_the_gateways_is_removed_and_the_users_passed_on(
    start_gateway, settings, upstream
):
    config = settings("anthropic", provider={"pass_credentials": True}, server={"keys": ["right"]})
    gateway = start_gateway(config)
    pairs = [
        ({"authorization": "Bearer right", "x-api-key": "sk-own"}, ("x-api-key", "sk-own")),
        ({"x-api-key": "right", "authorization": "Bearer own"}, ("authorization", "Bearer own")),
    ]
    for sent, (name, value) in pairs:
        upstream.script(Reply(text="fine"))
        answered = httpx.post(f"{gateway.url}/v1/messages", json=ASKED, headers=sent, trust_env=False)
        assert answered.status_code == 200
        headers = upstream.chats()[-1].headers
        assert headers[name] == value
        assert "right" not in json.dumps(dict(headers))


def test_a_repeated_header_is_two_credentials_and_goes_no_further(start_gateway, settings, upstream):
    config = settings("anthropic", provider={"pass_credentials": True}, server={"keys": ["right"]})
    gateway = start_gateway(config)
    for name, scheme in (("x-api-key", ""), ("authorization", "Bearer ")):
        upstream.script(Reply(text="fine"))
        sent = [(name, f"{scheme}other"), (name, f"{scheme}right")]
        answered = httpx.post(f"{gateway.url}/v1/messages", json=ASKED, headers=sent, trust_env=False)
        assert answered.status_code == 200
        assert not {"x-api-key", "authorization"} & set(upstream.chats()[-1].headers)


@pytest.mark.parametrize("raw", ["é".encode(), b"\xe9", b"\xff\xfe", "键".encode(), b"a\tb"], ids=ascii)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_no_header_value_is_too_odd_to_be_passed_on(start_gateway, settings, upstream, raw: bytes, path: str):
    config = settings("anthropic", provider={"pass_credentials": True}, server={"keys": ["right"]})
    gateway = start_gateway(config)
    upstream.script(default=Reply(text="fine"))
    names = ["anthropic-beta", "anthropic-x", "x-claude-code-session-id", "x-claude-code-agent-id"]
    names += ["x-stainless-lang", "user-agent", "x-app", "idempotency-key", "x-api-key"]
    for name in names:
        sent = [(b"authorization", b"Bearer right"), (name.encode(), raw)]
        answered = httpx.post(gateway.url + path, json=ASKED, headers=sent, trust_env=False)
        assert (name, answered.status_code) == (name, 200)
    if path == "/v1/messages" and not raw.isascii():
        assert "x-api-key" not in upstream.chats()[-1].headers


def test_a_web_page_reaches_no_endpoint_without_keys(http, upstream):
    foreign = {"host": "evil.example"}
    page = {"origin": "https://evil.example"}
    for headers in (foreign, page):
        for method, path in (
            ("POST", "/v1/messages"),
            ("POST", "/messages/count_tokens"),
            ("GET", "/v1/models"),
            ("GET", "/v1/models/up/scripted"),
            ("GET", "/ready"),
            ("GET", "/metrics"),
            ("GET", "/health"),
            ("GET", "/"),
        ):
            refused = http.request(method, path, json=ASKED, headers=headers)
            assert (refused.status_code, path) == (403, path)
            if method == "POST":
                assert refused.json()["error"]["type"] == "permission_error"
    plain = http.post("/v1/messages", content=json.dumps(ASKED), headers={"content-type": "text/plain"})
    assert plain.status_code == 415
    assert "application/json" in plain.json()["error"]["message"]
    assert upstream.chats() == []


def test_with_keys_any_host_and_type_are_served(start_gateway, settings, upstream):
    upstream.script(Reply(text="fine"))
    gateway = start_gateway(settings(server={"keys": ["right"]}))
    headers = {"host": "gateway.example", "origin": "https://app.example", "content-type": "text/plain"}
    answered = httpx.post(
        f"{gateway.url}/v1/messages",
        content=json.dumps(ASKED),
        headers={**headers, "x-api-key": "right"},
        trust_env=False,
    )
    assert answered.status_code == 200


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_character_in_the_models_name_is_400_before_an_upstream_is_asked(
    http, upstream, control, stream
):
    for name in (f"claude{control}x", f"up/scripted{control}", control):
        refused = http.post("/v1/messages", json={**ASKED, "model": name, "stream": stream})
        assert refused.status_code == 400
        assert refused.json()["error"]["message"].startswith("model: ")
        counted = http.post("/v1/messages/count_tokens", json={**ASKED, "model": name})
        assert counted.status_code == 400
    assert upstream.chats() == []


@pytest.mark.parametrize("name", ["up/模型", "up/é b", "up/" + "x" * 5000, "up/a:b@c/d"])
def test_any_other_name_is_served_and_its_header_is_printable(http, upstream, name: str):
    answered = http.post("/v1/messages", json={**ASKED, "model": name})
    assert answered.status_code == 200
    assert answered.json()["model"] == name
    shown = answered.headers["x-gateway-model"]
    assert shown.isascii()
    assert shown.isprintable()
    assert len(shown) <= 200


def test_many_large_bodies_at_once_are_refused_rather_than_held(start_gateway, settings, upstream):
    upstream.script(default=Reply(text="fine"))
    gateway = start_gateway(settings(server={"max_bodies": "64MB"}))  # a process of its own, for its peak
    body = json.dumps({**ASKED, "messages": [{"role": "user", "content": "x" * (31 << 20)}]}).encode()
    answers = asyncio.run(_at_once(gateway.url, body, 20))
    busy = [answer for answer in answers if answer.status_code == 503]
    assert {answer.status_code for answer in answers} == {200, 503}
    assert all(answer.headers["retry-after"] == "2" for answer in busy)
    assert all("server.max_bodies" in answer.json()["error"]["message"] for answer in busy)
    status = Path(f"/proc/{gateway.pid}/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0])
    assert peak < 600 << 10, f"{peak} kB"
    upstream.reset()
    upstream.script(Reply(text="fine"))
    assert httpx.post(f"{gateway.url}/v1/messages", json=ASKED, trust_env=False).status_code == 200


async def _at_once(url: str, body: bytes, count: int) -> list[httpx.Response]:
    headers = {"content-type": "application/json"}
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
        asked = (client.post("/v1/messages", content=body, headers=headers) for _ in range(count))
        return await asyncio.gather(*asked)
