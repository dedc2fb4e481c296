"""gateway/upstreams/errors/error_body.py."""

import json

import pytest

from gateway.upstreams.errors.error_body import LONGEST, parse_error_body, sanitized


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "m", "type": "t"}}, "m"),
        ([{"error": {"message": "m", "status": "INVALID_ARGUMENT"}}], "m"),
        ({"error": "m"}, "m"),
        ({"error": "Bad Gateway", "message": "m", "status": 502}, "Bad Gateway: m"),
        ({"object": "error", "message": "m", "code": 400}, "m"),
        ({"message": {"detail": [{"loc": ["body", "x"], "msg": "m"}]}}, "x: m"),
        ({"detail": "m"}, "m"),
        (
            {"detail": [{"loc": ["body", "tools", 0, "x"], "msg": "m"}, {"msg": "n"}, "o"]},
            "tools.0.x: m; n; o",
        ),
        ({"error": json.dumps({"error": {"message": "inner"}})}, "inner"),
        ({"error": 'llama-server: {"error":{"message":"inner"}}'}, "inner"),
        (
            {"error": {"message": "Provider returned error", "metadata": {"raw": '{"error":"inner"}'}}},
            "inner",
        ),
        ({"error": {"message": "use {braces}"}}, "use {braces}"),
        ("m", "m"),
        (["m"], "m"),
        ({"errors": [{"message": "m"}]}, "m"),
        ({"errors": ["m"]}, "m"),
        ({"error": [{"message": "m"}]}, "m"),
        ({"error": {"message": {"error": {"message": "m"}}}}, "m"),
        ({"error": {"message": {"text": "m"}}}, '{"text": "m"}'),
        ({"error": "invalid_token", "error_description": "m"}, "invalid_token: m"),
        ({"errors": []}, ""),
        ({"error": {}}, ""),
        ({"error": None}, ""),
        ({"id": "x"}, ""),
        ([], ""),
        (7, ""),
    ],
)
def test_every_shape_says_the_same(body, message):
    assert parse_error_body(json.dumps(body).encode()).message == message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"plain\n words", "plain words"),
        (
            b"<html><head><title>502 Bad\nGateway</title></head><body>x</body></html>",
            "a web page: 502 Bad Gateway",
        ),
        (b"<html><script>a()</script><p>Sorry &amp; bye</p></html>", "a web page: Sorry & bye"),
        (b'{"error": {"mess', '{"error": {"mess'),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b'\xef\xbb\xbf{"error":"m"}', "m"),
        (b"", ""),
        (b"[" * 100_000, "[" * LONGEST + " ..."),
    ],
)
def test_what_is_no_json_is_read_as_text(body, message):
    assert parse_error_body(body).message == message


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"code": 429}, 429),
        ({"code": "503"}, 503),
        ({"code": 429.0}, 429),
        ({"status": 500}, 500),
        ({"code": 3280}, None),
        ({"code": "rate_limit_exceeded"}, None),
        ({"code": True}, None),
    ],
)
def test_status_is_a_number_that_is_one(error, status):
    assert parse_error_body(json.dumps({"error": {"message": "m", **error}}).encode()).status == status


def test_names_and_figures_are_kept():
    body = {"error": {"message": "m", "type": "Exceed_Size", "code": "A_B", "param": "top_k", "n_ctx": 5}}
    words = parse_error_body(json.dumps(body).encode())
    assert (words.type, words.code, words.param, words.fields["n_ctx"]) == ("exceed_size", "a_b", "top_k", 5)


@pytest.mark.parametrize(
    "secret",
    [
        "sk-abcdefgh12345678",
        "sk-proj-abc_def-123456",
        "sk-ab****yz12",
        "gsk_abcdefgh123456",
        "hf_abcdefgh12345",
        "AIzaSyA1234567890abcdef",
        "Bearer abcdef.ghijkl",
        "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJ",
        "api_key=abcdef123456",
        '"token": "abcdef123456"',
        "https://user:pass@host/path?key=1",
        "http://10.0.0.1:8000/v1",
    ],
)
def test_secrets_and_urls_are_struck_out(secret):
    said = sanitized(f"before {secret} after")
    assert said.startswith("before ")
    assert said.endswith(" after")
    for part in ("abcdef", "10.0.0.1", "pass", "AIza", "eyJ", "ab****"):
        assert part not in said


def test_ordinary_words_stay():
    text = "model 'qwen3:30b' not found, max_tokens must be <= 8192 (token count 9000)"
    assert sanitized(text) == text
