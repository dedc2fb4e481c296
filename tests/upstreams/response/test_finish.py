"""gateway/upstreams/response/finish.py."""

import pytest

from gateway.parts import FinishReason, Usage
from gateway.settings.quirks import PLAIN
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.response.finish import is_json, limit_reached, payload_excerpt, usage_parts
from gateway.upstreams.upstream_request import ResponseOptions


@pytest.mark.parametrize(
    ("window", "asked", "usage", "finish"),
    [
        (4096, 8000, Usage(input=4000, output=96), FinishReason.WINDOW),
        (4096, None, Usage(input=4000, output=96), FinishReason.WINDOW),
        (4096, 8000, Usage(input=1000, cache_read=3000, output=96), FinishReason.WINDOW),
        (4096, 96, Usage(input=4000, output=96), FinishReason.LENGTH),
        (4096, 97, Usage(input=4000, output=96), FinishReason.LENGTH),
        (4096, 8000, Usage(input=1000, output=96), FinishReason.LENGTH),
        (None, 8000, Usage(input=4000, output=96), FinishReason.LENGTH),
        (4096, 8000, Usage(input=4000), FinishReason.LENGTH),
        (4096, 8000, Usage(), FinishReason.LENGTH),
    ],
)
def test_window_ended_what_is_shorter_than_asked_for_and_fills_it(window, asked, usage, finish):
    info = ModelInfo("up", "m", PLAIN, context_window=window)
    assert limit_reached(info, ResponseOptions(max_tokens=asked), usage) is finish


def test_usage_that_says_nothing_is_no_part():
    assert usage_parts(Usage()) == []
    assert usage_parts(Usage(output=0)) == [Usage(output=0)]


@pytest.mark.parametrize(
    ("payload", "json"),
    [(b"{}", True), (b"{", False), (b"[" * 100_000, False), (b'"\xff"', False), (b"", False)],
)
def test_json_is_told_from_anything_else(payload, json):
    assert is_json(payload) is json


def test_excerpt_is_short_and_shows_no_secret():
    assert payload_excerpt(b"<html><title>Sign in</title>") == "a web page: Sign in"
    assert payload_excerpt(b'{"x": "see https://a.b/c?key=1"}') == '{"x": "see [url]"}'
    assert len(payload_excerpt(b"x" * 10_000)) == 200
