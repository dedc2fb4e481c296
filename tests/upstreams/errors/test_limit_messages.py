"""How servers phrase an exceeded limit, and the numbers in their texts."""

import re

import pytest

from gateway.upstreams.errors.limit_messages import TABLE, LimitKind, figure, mentions

OPENAI = (
    "This model's maximum context length is 8,192 tokens. However, you requested 10000 tokens "
    "(2000 in the messages, 8000 in the completion). Please reduce the length of the messages or completion."
)
LLAMA = "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it"
ANTHROPIC = "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"
TOO_LONG = "prompt is too long: 210000 tokens > 200000 maximum"
SGLANG = "The input (9000 tokens) is longer than the model's context length (8192 tokens)."
ABSENT: dict[LimitKind, int] = {}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (
            OPENAI,
            {
                LimitKind.WINDOW: 8192,
                LimitKind.PROMPT: 2000,
                LimitKind.ANSWER: 8000,
                LimitKind.TOTAL: 10000,
            },
        ),
        (LLAMA, {LimitKind.WINDOW: 4096, LimitKind.PROMPT: 5000}),
        (ANTHROPIC, {LimitKind.WINDOW: 200000, LimitKind.PROMPT: 190000, LimitKind.ANSWER: 20000}),
        (TOO_LONG, {LimitKind.WINDOW: 200000, LimitKind.PROMPT: 210000}),
        (SGLANG, {LimitKind.WINDOW: 8192, LimitKind.PROMPT: 9000}),
        ("context_length_exceeded", ABSENT),
        ("Das Wetter in Köln: 3 Grad", ABSENT),
        ("", ABSENT),
    ],
)
def test_numbers_of_an_overflow(text: str, numbers: dict[LimitKind, int]):
    kinds = (LimitKind.WINDOW, LimitKind.PROMPT, LimitKind.ANSWER, LimitKind.TOTAL)
    assert {kind: found for kind in kinds if (found := figure(kind, text)) is not None} == numbers


@pytest.mark.parametrize(
    ("text", "overflow"),
    [
        (OPENAI, True),
        (OPENAI.upper(), True),
        (LLAMA, True),
        (ANTHROPIC, True),
        (TOO_LONG, True),
        (SGLANG, True),
        ("context_length_exceeded", True),
        ("max_tokens must be at least 1, got -5", True),
        ("max_tokens must be at least 1, got 0", False),
        ("rate limit exceeded: 5 requests", False),
        ("", False),
    ],
)
def test_text_about_the_window(text: str, overflow: bool):
    assert mentions(LimitKind.OVERFLOW, text) is overflow


@pytest.mark.parametrize(
    ("kind", "text", "number"),
    [
        (LimitKind.MOST, "max_tokens: 64000 > 32000, which is the maximum allowed", 32000),
        (LimitKind.MOST, "this model supports at most 4096 completion tokens", 4096),
        (LimitKind.MOST, "the valid range of max_tokens is [1, 8192]", 8192),
        (LimitKind.MOST, "max_tokens must be less than or equal to `16384`", 16384),
        (LimitKind.BELOW, "supported range is from 1 (inclusive) to 65537 (exclusive)", 65537),
        (
            LimitKind.ROOM,
            "max_tokens=32000 cannot be greater than max_model_len=4096",
            4096,
        ),
        (LimitKind.MOST, "max_tokens is wrong", None),
        (LimitKind.MOST, "at most 0", None),
    ],
)
def test_most_that_max_tokens_may_be(kind: LimitKind, text: str, number: int | None):
    assert figure(kind, text) == number


def test_every_row_names_its_server_and_has_one_number_at_most():
    groups = {
        (kind, server, pattern): re.compile(pattern).groups
        for kind, rows in TABLE.items()
        for server, pattern in rows
    }
    assert set(TABLE) == set(LimitKind)
    assert all(server for _, server, _ in groups)
    wrong = [row for row, count in groups.items() if count != (0 if row[0] is LimitKind.OVERFLOW else 1)]
    assert wrong == []
