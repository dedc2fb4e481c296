"""`usage` of Responses becomes token counts."""

import json

import pytest

from gateway.parts import Usage
from gateway.upstreams.responses.usage import responses_usage


def cached(read: int | None, written: int | None, **kept: int | None) -> dict:
    return {"cached_tokens": read, "cache_write_tokens": written, "cache_write_tokens_details": kept or None}


@pytest.mark.parametrize(
    ("sent", "usage"),
    [
        ({}, Usage(cache_read=0, cache_write=0, cache_write_1h=0)),
        ({"input_tokens": 9, "output_tokens": 8, "new": 1}, Usage(9, 8, 0, 0, cache_write_1h=0)),
        ({"input_tokens": "9", "output_tokens": 0}, Usage(9, 0, 0, 0, cache_write_1h=0)),
        ({"input_tokens": 0}, Usage(None, None, 0, 0, cache_write_1h=0)),
        (
            {"input_tokens": 10, "input_tokens_details": cached(3, 4, ttl_12h_tokens=1, ttl_30m_tokens=3)},
            Usage(3, None, 3, 4, cache_write_1h=1),
        ),
        (
            {"input_tokens": 5, "input_tokens_details": cached(6, None)},
            Usage(0, None, 6, 0, cache_write_1h=0),
        ),
        (
            {"input_tokens": 5, "input_tokens_details": cached(None, 2, ttl_12h_tokens=9)},
            Usage(3, None, 0, 2, cache_write_1h=2),
        ),
        (
            {"output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 4}},
            Usage(None, 5, 0, 0, 4, cache_write_1h=0),
        ),
    ],
)
def test_prompt_is_counted_without_its_cached_tokens(sent: dict, usage: Usage):
    assert responses_usage(json.dumps(sent).encode()) == usage


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"input_tokens":"many"}', b"null"])
def test_unreadable_usage_has_no_counts_but_a_tier(raw: bytes):
    assert responses_usage(raw, "flex") == Usage(tier="flex")
