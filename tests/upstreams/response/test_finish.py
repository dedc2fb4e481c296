"""gateway/upstreams/response/finish.py."""

import pytest

from gateway.errors import Kind
from gateway.parts import Finish, FinishReason, StreamError, TextDelta, Usage
from gateway.settings.quirks import PLAIN
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.response.finish import (
    ends_in_error,
    is_json,
    limit_reached,
    malformed_answer,
    payload_excerpt,
    truncated_stream,
    usage_parts,
)
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


INFO = ModelInfo("up", "m", PLAIN)


def test_body_without_an_end_is_truncated_or_empty():
    cut = truncated_stream(INFO, has_output=True)
    empty = truncated_stream(INFO, has_output=False)
    assert (cut.kind, cut.message) == (Kind.UPSTREAM_CUT, "upstream closed the stream before finishing")
    assert (empty.kind, empty.message) == (Kind.UPSTREAM_CUT, "[up] upstream sent an empty answer")


def test_malformed_answer_names_the_provider_and_the_payload():
    assert malformed_answer(INFO, "a page") == StreamError(Kind.UPSTREAM_GARBAGE, "[up] upstream sent a page")


@pytest.mark.parametrize(
    ("parts", "failed"),
    [
        ([], False),
        ([TextDelta("a"), Finish()], False),
        ([TextDelta("a"), malformed_answer(INFO, "x")], True),
        ([malformed_answer(INFO, "x"), TextDelta("a")], False),
    ],
)
def test_answer_ends_in_an_error_if_its_last_part_is_one(parts, failed):
    assert ends_in_error(parts) is failed
