"""What is beside `POST /v1/messages`, and who may ask, for each kind of upstream."""

import httpx
import pytest
from attrs import frozen

from gateway.testing.upstream import Reply, ScriptedUpstream

HELLO = {"role": "user", "content": "hello"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}


@frozen
class Other:
    """A request to another endpoint: what came back, and how many requests went upstream for it."""

    response: httpx.Response
    passed_on: int

    @property
    def refusal(self) -> tuple[int, str]:
        body = self.response.json()
        assert body["type"] == "error"
        assert body["request_id"] == self.response.headers["request-id"]
        return self.response.status_code, body["error"]["type"]


@pytest.fixture
def other(box, upstream: ScriptedUpstream, looked: set[str]):
    """`other("GET", "/v1/models")`: with the client's key."""

    def one(method: str, path: str, **more: object) -> Other:
        before = len(upstream.requests())
        with httpx.Client(base_url=box.url, trust_env=False, headers={"x-api-key": "client-key"}) as http:
            response = http.request(method, path, **more)
        looked.update(("client", "upstream"))
        return Other(response, len(upstream.requests()) - before)

    return one


def test_tokens_are_counted(other, kind: str):
    """Here, without asking; by the upstream where it speaks Messages."""
    counted = []
    for text in ("hello", "hello world, how are you? " * 100):
        asked = {"model": kind, "messages": [{"role": "user", "content": text}]}
        found = other("POST", "/v1/messages/count_tokens?beta=true", json=asked)
        assert found.response.status_code == 200
        assert found.passed_on == (1 if kind == "anthropic" else 0)
        counted.append(found.response.json()["input_tokens"])
    if kind != "anthropic":
        assert 1 <= counted[0] <= 30
        assert 600 <= counted[1] <= 1000


def test_models(other, kind: str):
    listed = other("GET", "/v1/models?limit=1000")
    assert listed.passed_on == 0
    assert {kind, f"{kind}-small"} <= {model["id"] for model in listed.response.json()["data"]}
    small = other("GET", f"/v1/models/{kind}-small").response.json()
    assert (small["max_input_tokens"], small["max_tokens"]) == (32_768, 500)
    assert other("GET", "/v1/models/no-such").refusal == (404, "not_found_error")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/messages/batches", 404),
        ("GET", "/v1/messages/batches", 404),
        ("POST", "/v1/files", 404),
        ("GET", "/v1/files/file_1", 404),
        ("POST", "/v1/complete", 404),
        ("GET", "/v1/skills", 404),
        ("GET", "/v1/messages", 405),
        ("PUT", "/v1/messages/count_tokens", 405),
    ],
)
def test_what_is_not_offered(other, method: str, path: str, status: int):
    found = other(method, path)
    assert found.refusal == (status, "not_found_error" if status == 404 else "invalid_request_error")
    assert found.passed_on == 0


@pytest.mark.parametrize("key", ["", "wrong"])
def test_client_without_its_key_gets_nothing(talk, upstream, kind: str, key: str):
    upstream.script(Reply(text="ok"))
    said = talk(key=key)
    assert said.unasked
    assert said.refusal == (401, "authentication_error")
    assert said.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    "headers", [{}, {"x-api-key": "", "authorization": "Bearer client-key"}], ids=["key", "bearer"]
)
def test_clients_key_is_not_passed_on(talk, upstream, kind: str, headers: dict):
    upstream.script(Reply(text="ok"))
    said = talk(headers=headers)
    assert "client-key" not in str(said.told.headers)
    assert said.text == "ok"


def test_model_that_is_not_configured(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    said = talk(model=f"{kind}-no-such")
    assert said.unasked
    assert said.refusal == (404, "not_found_error")


def test_wrong_json_is_refused_with_its_path(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    said = talk(messages=[HELLO, {"role": "assistant", "content": [{"type": "text"}]}])
    assert said.unasked
    assert said.refusal == (400, "invalid_request_error")
    assert said.why == "messages.1.content.0.text: field required"


WRONG = {
    "no max_tokens": {"max_tokens": None},
    "temperature": {"temperature": 3},
    "role": {"messages": [{"role": "wizard", "content": "x"}]},
    "unknown block": {"messages": [{"role": "user", "content": [{"type": "smell"}]}]},
    "small budget": {"thinking": {"type": "enabled", "budget_tokens": 10}},
    "result without a call": {"messages": [{"role": "user", "content": [RESULT]}]},
    "call without a result": {"messages": [HELLO, {"role": "assistant", "content": [CALL]}, HELLO]},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_strict_validation_refuses_what_the_api_refuses(strict, wrong: str):
    said = strict(**WRONG[wrong])
    assert said.unasked
    assert said.refusal == (400, "invalid_request_error")


def test_strict_validation_lets_pass_what_clients_form(strict, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    loop = [HELLO, {"role": "assistant", "content": [CALL]}, {"role": "user", "content": [RESULT]}]
    reminder = {"role": "system", "content": [], "output_config": {"effort": "medium"}}
    said = strict(messages=[*loop, reminder], safeguards=[{"type": "dangerous_tool_use"}])
    assert said.told.calls == [("look", {})]
    assert said.told.said("tool") == ["x"]
    assert said.text == "ok"
