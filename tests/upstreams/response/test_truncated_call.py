"""A tool call that `max_tokens` truncated ends the answer instead of failing it."""

import json

import pytest

from gateway.errors import Kind
from gateway.parts import StreamError
from gateway.settings.quirks import PLAIN
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.response.truncated_call import (
    LIMITED,
    TruncatedAttempt,
    failed,
    is_end,
    is_truncated_call,
)
from gateway.upstreams.upstream_request import ResponseOptions, UpstreamRequest

INFO = ModelInfo("p", "m", PLAIN)
CUT = 'llama-server returned invalid tool call arguments for "get_weather": unexpected end of JSON input'
WRONG = 'llama-server returned invalid tool call arguments for "T": invalid character'


def error(text: str) -> bytes:
    return json.dumps({"error": text}).encode()


@pytest.mark.parametrize(
    ("body", "truncated"),
    [
        (error(CUT), True),
        (error(CUT.replace("get_weather", "wetter_für_köln")), True),
        (error(CUT.replace("invalid tool", "Invalid Tool")), True),
        (error(WRONG), False),
        (error("unexpected end of JSON input"), False),
        (error(CUT.replace("get_weather", "x" * 400)), False),
        (b"", False),
        (b"{", False),
    ],
)
def test_error_of_a_truncated_call(body: bytes, truncated: bool):
    assert is_truncated_call(body) is truncated


def test_truncated_call_ends_the_answer_and_any_other_error_fails_it():
    assert failed(error(CUT), INFO, ResponseOptions()) == LIMITED
    (part,) = failed(error(WRONG), INFO, ResponseOptions())
    assert isinstance(part, StreamError)
    assert part.kind is Kind.UPSTREAM_GARBAGE
    assert "invalid character" in part.message
    assert (is_end(LIMITED), is_end((part,))) == (True, False)


async def test_attempt_of_a_refused_request_gives_the_end_once():
    attempt = TruncatedAttempt(UpstreamRequest(b"{}"))
    assert attempt.has_data
    assert await attempt.read() == [*LIMITED]
    assert await attempt.read() is None
    await attempt.close()
