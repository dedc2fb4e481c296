"""gateway/upstreams/openai/usage.py."""

import json

import pytest

from gateway.parts import Usage
from gateway.upstreams.openai.usage import chat_usage


@pytest.mark.parametrize(
    ("sent", "usage"),
    [
        ({"prompt_tokens": 100, "completion_tokens": 9}, Usage(100, 9, 0, 0)),
        ({"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 64}}, Usage(36, None, 64, 0)),
        (
            {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 30}},
            Usage(6, None, 64, 30),
        ),
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 64}}, Usage(0, None, 64, 0)),
        ({"prompt_tokens": 100, "prompt_cache_hit_tokens": 40}, Usage(60, None, 40, 0)),
        (
            {
                "prompt_tokens": 1,
                "completion_tokens": 9,
                "completion_tokens_details": {"reasoning_tokens": 6},
            },
            Usage(1, 9, 0, 0, 6),
        ),
        ({"prompt_tokens": 0, "completion_tokens": 0}, Usage(None, 0, 0, 0)),
        ({"prompt_tokens": "7", "completion_tokens": 3.0}, Usage(7, 3, 0, 0)),
        (
            {"prompt_tokens": 7, "prompt_tokens_details": None, "completion_tokens_details": None},
            Usage(7, None, 0, 0),
        ),
        ({"prompt_tokens": [7]}, Usage(None, None, 0, 0)),
        ({"prompt_tokens": -12, "completion_tokens": -3}, Usage(None, 0, 0, 0)),
        ({"prompt_tokens": 12, "completion_tokens": 3.5}, Usage(12, None, 0, 0)),
        (
            {
                "prompt_tokens": 12,
                "completion_tokens": 3,
                "prompt_tokens_details": 5,
                "completion_tokens_details": "x",
            },
            Usage(12, 3, 0, 0),
        ),
        ("x", Usage()),
    ],
)
def test_prompt_is_counted_without_its_cached_part(sent, usage):
    assert chat_usage(json.dumps(sent).encode()) == usage


def test_absent_usage_says_nothing():
    assert chat_usage(b"") == Usage()
