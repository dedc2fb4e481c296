"""gateway/upstreams/errors/classify.py: an upstream's refusal, and what the client is told."""

import json

import pytest

from gateway.errors import Kind, UpstreamFailed
from gateway.settings.quirks import PLAIN
from gateway.upstreams.errors.classify import classify_response, classify_stream_error, is_error
from gateway.upstreams.errors.retry_after import retry_after
from gateway.upstreams.model_info import ModelInfo

NOW = 1_792_567_650.0
"""Wed, 21 Oct 2026 07:27:30 GMT"""
FACTS = ModelInfo("up", "qwen", PLAIN, context_window=32768)


def refused(
    status: int, body: object, pause: str | None = None, estimate: int | None = None
) -> UpstreamFailed:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    waits = None if pause is None else retry_after(status, {"retry-after": pause}, NOW)
    return classify_response(status, data, waits, FACTS, estimate)


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (400, {"error": {"message": "bad"}}, Kind.INVALID_REQUEST, "[up] bad"),
        (422, {"detail": [{"loc": ["body", "x"], "msg": "bad"}]}, Kind.INVALID_REQUEST, "[up] x: bad"),
        (409, b"", Kind.UPSTREAM_UNAVAILABLE, "[up] answered with status 409"),
        (499, {"error": "request canceled"}, Kind.UPSTREAM_CUT, "[up] request canceled"),
        (
            400,
            {"error": "m does not support tools"},
            Kind.INVALID_REQUEST,
            '[up] m does not support tools: choose a model whose capabilities list "tools", or send no tools',
        ),
        (
            401,
            {"error": {"message": "Incorrect API key sk-12345678"}},
            Kind.UPSTREAM_CREDENTIALS,
            "[up] upstream credentials rejected (status 401): check this provider's api_key",
        ),
        (
            403,
            {"error": "context_length_exceeded"},
            Kind.UPSTREAM_CREDENTIALS,
            "[up] upstream credentials rejected (status 403): check this provider's api_key",
        ),
        (402, {"error": {"message": "Insufficient Balance"}}, Kind.BILLING, "[up] Insufficient Balance"),
        (429, {"error": {"message": "quota", "code": "insufficient_quota"}}, Kind.BILLING, "[up] quota"),
        (429, {"error": {"message": "slow down"}}, Kind.RATE_LIMITED, "[up] slow down"),
        (404, {"error": "model 'x' not found"}, Kind.NOT_FOUND, "[up] model 'x' not found"),
        (
            404,
            b"<html><title>404 Not Found</title></html>",
            Kind.NOT_FOUND,
            "[up] a web page: 404 Not Found (model qwen; check this provider's base_url)",
        ),
        (
            405,
            b"",
            Kind.UPSTREAM_REJECTS_REQUEST,
            "[up] answered with status 405: check this provider's base_url",
        ),
        (
            307,
            b"",
            Kind.UPSTREAM_REJECTS_REQUEST,
            "[up] answered with status 307: check this provider's base_url",
        ),
        (408, b"", Kind.UPSTREAM_TIMEOUT, "[up] answered with status 408"),
        (413, b"", Kind.TOO_LARGE, "[up] answered with status 413"),
        (500, b"oops", Kind.UPSTREAM_FAILED, "[up] oops"),
        (
            500,
            {"error": "template: :3:4: executing"},
            Kind.UPSTREAM_REJECTS_REQUEST,
            "[up] template: :3:4: executing",
        ),
        (502, b"<html><title>502</title></html>", Kind.UPSTREAM_UNREACHABLE, "[up] a web page: 502"),
        (503, b"no", Kind.UPSTREAM_UNAVAILABLE, "[up] no"),
        (
            503,
            {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}},
            Kind.UPSTREAM_LOADING,
            "[up] Loading model",
        ),
        (
            503,
            {"error": "server busy, please try again.  maximum pending requests exceeded"},
            Kind.UPSTREAM_OVERLOADED,
            "[up] server busy, please try again. maximum pending requests exceeded",
        ),
        (504, b"", Kind.UPSTREAM_TIMEOUT, "[up] answered with status 504"),
        (529, b"", Kind.UPSTREAM_OVERLOADED, "[up] answered with status 529"),
    ],
)
def test_status_and_words_decide(status, body, kind, message):
    error = refused(status, body)
    assert (error.kind, error.message, error.upstream_status) == (kind, message, status)


@pytest.mark.parametrize("status", [400, 413, 422, 500])
def test_overflow_is_a_400_in_the_clients_words_whatever_the_status(status):
    message = "request (13392 tokens) exceeds the available context size (8192 tokens)"
    error = refused(status, {"error": {"message": message}})
    assert (error.kind, error.answer.status) == (Kind.CONTEXT_OVERFLOW, 400)
    assert error.message == "prompt is too long: 13392 tokens > 8192 maximum"


def test_overflow_without_numbers_takes_ours():
    error = refused(400, {"error": "input length exceeds the context length"}, estimate=50_000)
    assert error.message == "prompt is too long: 50000 tokens > 32768 maximum"


@pytest.mark.parametrize(
    ("header", "message", "seconds"),
    [
        ("7", "", 7),
        ("0.2", "", 1),
        (" 12 ", "try again in 99s", 12),
        ("Wed, 21 Oct 2026 07:28:00 GMT", "", 30),
        ("soon", "", 5),
        (None, "Please try again in 20.5s.", 21),
        (None, "Please try again in 500ms", 1),
        (None, "retry after 2 m", 120),
        (None, "slow down", 5),
        ("0", "", 1),
    ],
)
def test_pause_is_the_upstreams_where_it_names_one(header, message, seconds):
    assert refused(429, {"error": {"message": message}}, header).retry_after == seconds


def test_pause_belongs_only_to_some_statuses():
    assert refused(500, b"", "7").retry_after is None
    assert refused(503, b"", "7").retry_after == 7


def test_no_secret_and_no_url_is_passed_on():
    error = refused(400, {"error": {"message": "key sk-abcdefgh1234 at https://u:p@h/x"}})
    assert error.message == "[up] key [hidden] at [url]"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ({"error": {"message": "m", "code": 429}}, Kind.RATE_LIMITED, 429),
        ({"error": {"message": "m", "code": "rate_limit_exceeded"}}, Kind.RATE_LIMITED, 429),
        ({"error": {"message": "m", "type": "insufficient_quota"}}, Kind.BILLING, 402),
        ({"error": {"message": "m", "type": "overloaded_error"}}, Kind.UPSTREAM_OVERLOADED, 529),
        ({"error": {"message": "m", "type": "BadRequestError"}}, Kind.INVALID_REQUEST, 400),
        ({"error": {"message": "m", "type": "server_error"}}, Kind.UPSTREAM_FAILED, 500),
        ({"error": {"message": "m", "code": "invalid_api_key"}}, Kind.UPSTREAM_CREDENTIALS, 401),
        ({"error": {"message": "m", "code": "model_not_found"}}, Kind.NOT_FOUND, 404),
        ({"error": "server busy", "status": 503}, Kind.UPSTREAM_OVERLOADED, 503),
        ({"error": {"message": "m", "code": 500}}, Kind.UPSTREAM_FAILED, 500),
        ({"error": "m"}, Kind.UPSTREAM_GARBAGE, 200),
        ({"object": "error", "message": "m", "code": 400}, Kind.INVALID_REQUEST, 400),
        ([{"error": {"code": 503, "message": "m"}}], Kind.UPSTREAM_UNAVAILABLE, 503),
        (
            {"error": "request (9 tokens) exceeds the available context size (8 tokens)"},
            Kind.CONTEXT_OVERFLOW,
            200,
        ),
    ],
)
def test_error_inside_an_answer_goes_by_what_it_names(body, kind, status):
    found = classify_stream_error(json.dumps(body).encode(), FACTS)
    assert (found.kind, found.upstream_status) == (kind, status)


def test_error_inside_an_answer_keeps_its_words_and_pause():
    found = classify_stream_error(b'{"error":{"message":"Rate limit, try again in 3s","code":429}}', FACTS)
    assert (found.message, found.retry_after) == ("[up] Rate limit, try again in 3s", 3)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error":"x"}', True),
        (b'{"detail":"x"}', True),
        (b'{"id":"x"}', False),
        (b'{"type":"ping"}', False),
    ],
)
def test_payload_with_words_is_an_error(body, expected):
    assert is_error(body) is expected


RESPONSES = {"invalid_prompt": 400, "server_error": 500}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("invalid_prompt", Kind.INVALID_REQUEST),
        ("server_error", Kind.UPSTREAM_FAILED),
        ("insufficient_quota", Kind.BILLING),
        ("anything_else", Kind.UPSTREAM_FAILED),
    ],
)
def test_code_of_a_protocol_with_a_list_of_them_goes_by_the_list(code, kind):
    body = json.dumps({"error": {"message": "m", "code": code}}).encode()
    assert classify_stream_error(body, FACTS, codes=RESPONSES).kind is kind


def test_overflow_inside_an_answer_has_numbers_too():
    found = classify_stream_error(b'{"error":"input length exceeds the context length"}', FACTS, 50_000)
    assert found.message == "prompt is too long: 50000 tokens > 32768 maximum"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            {"message": "Invalid value.", "param": "presence_mode"},
            "Invalid value. (parameter: presence_mode)",
        ),
        ({"message": "Invalid 'top_k'.", "param": "top_k"}, "Invalid 'top_k'."),
        ({"message": "Invalid value.", "param": None}, "Invalid value."),
        ({"message": "Invalid value.", "param": {"a": 1}}, "Invalid value."),
        ({"message": "Invalid value.", "param": "x" * 200_000}, "Invalid value."),
        ({"message": "Bad.", "param": "https://u:p@host/?key=1"}, "Bad. (parameter: [url])"),
        ({"message": "Bad.", "param": "sk-abcdefghijkl\nb"}, "Bad. (parameter: [hidden] b)"),
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_parameter_that_stands_apart_from_the_message_is_named(status: int, error: dict, message: str):
    body = json.dumps({"error": error}).encode()
    assert classify_response(status, body, None, FACTS).message == f"[{FACTS.provider}] {message}"
