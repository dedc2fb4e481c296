"""gateway/upstreams/response/finish.py."""

import pytest

from gateway.parts import Finish, Usage
from gateway.settings.quirks import PLAIN
from gateway.upstreams.model_info import ModelFacts
from gateway.upstreams.response.finish import cut_at, excerpt, is_json, said
from gateway.upstreams.upstream_request import ReplyWish


@pytest.mark.parametrize(
    ("window", "asked", "usage", "finish"),
    [
        (4096, 8000, Usage(input=4000, output=96), Finish.WINDOW),
        (4096, None, Usage(input=4000, output=96), Finish.WINDOW),
        (4096, 8000, Usage(input=1000, cache_read=3000, output=96), Finish.WINDOW),
        (4096, 96, Usage(input=4000, output=96), Finish.LENGTH),
        (4096, 97, Usage(input=4000, output=96), Finish.LENGTH),
        (4096, 8000, Usage(input=1000, output=96), Finish.LENGTH),
        (None, 8000, Usage(input=4000, output=96), Finish.LENGTH),
        (4096, 8000, Usage(input=4000), Finish.LENGTH),
        (4096, 8000, Usage(), Finish.LENGTH),
    ],
)
def test_window_ended_what_is_shorter_than_asked_for_and_fills_it(window, asked, usage, finish):
    facts = ModelFacts("up", "m", PLAIN, context_window=window)
    assert cut_at(facts, ReplyWish(max_tokens=asked), usage) is finish


def test_usage_that_says_nothing_is_no_part():
    assert said(Usage()) == []
    assert said(Usage(output=0)) == [Usage(output=0)]


@pytest.mark.parametrize(
    ("payload", "json"),
    [(b"{}", True), (b"{", False), (b"[" * 100_000, False), (b'"\xff"', False), (b"", False)],
)
def test_json_is_told_from_anything_else(payload, json):
    assert is_json(payload) is json


def test_excerpt_is_short_and_shows_no_secret():
    assert excerpt(b"<html><title>Sign in</title>") == "a web page: Sign in"
    assert excerpt(b'{"x": "see https://a.b/c?key=1"}') == '{"x": "see [url]"}'
    assert len(excerpt(b"x" * 10_000)) == 200
