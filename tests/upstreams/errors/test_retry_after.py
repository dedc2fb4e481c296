"""gateway/upstreams/errors/retry_after.py."""

import pytest

from gateway.upstreams.errors.retry_after import (
    LONGEST,
    parse_retry_duration,
    retry_after,
    retry_after_in_text,
)

NOW = 1_792_567_650.0
"""Wed, 21 Oct 2026 07:27:30 GMT"""


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7", "retry-after-ms": "1500"}, 7),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:27:50 GMT"}, 10),
        ({"retry-after": "Wed, 21 Oct 2020 07:28:00 GMT"}, 0),
        ({"retry-after": "99999999"}, LONGEST),
        ({"retry-after": "soon", "retry-after-ms": "1500"}, 1.5),
        ({"x-ratelimit-reset-requests": "17s"}, 17),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360),
        ({"x-ratelimit-reset-tokens": "120ms"}, 0.12),
        ({"x-ratelimit-reset-tokens": "17.5"}, 17.5),
        ({"x-ratelimit-reset": "1792567680000"}, 30),
        ({"x-ratelimit-reset": "1792567680"}, 30),
        ({"x-ratelimit-reset-requests": "1h", "x-ratelimit-reset-tokens": "3s"}, 3),
        (
            {
                "x-ratelimit-reset-requests": "20s",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-tokens": "3s",
                "x-ratelimit-remaining-tokens": "14",
            },
            20,
        ),
        ({"x-ratelimit-reset": "whenever"}, None),
        ({}, None),
    ],
)
def test_headers_name_the_pause(headers, seconds):
    assert retry_after(429, headers, NOW) == pytest.approx(seconds)


def test_limits_are_looked_at_only_where_one_was_hit():
    headers = {"x-ratelimit-reset-requests": "17s"}
    assert retry_after(503, headers, NOW) is None


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Please try again in 1m30.5s. Visit", 90.5),
        ("Please try again in 6m0s.", 360),
        ("try again in 500ms", 0.5),
        ("retry after 2 minutes", 120),
        ("Try again in 1 hour and 2 minutes", 3600),
        ("Please retry in 37.123s.", 37.123),
        ("try again in 20 seconds", 20),
        ("try again in 3", 3),
        ("try again later", None),
        ("slow down", None),
    ],
)
def test_words_name_the_pause(words, seconds):
    assert retry_after_in_text(words) == seconds


def test_what_is_no_duration_is_none():
    assert parse_retry_duration("soon") is None
