"""gateway/upstreams/errors/context_overflow.py. Wordings: goldens/failures/overflow.tsv."""

import json
import re
from pathlib import Path

import pytest

from gateway.upstreams.errors.context_overflow import ContextOverflow, context_overflow
from gateway.upstreams.errors.error_body import parse_error_body

TABLE = Path(__file__).parents[2] / "goldens" / "failures" / "overflow.tsv"
WORDINGS = [line.split("\t") for line in TABLE.read_text().splitlines()[1:]]


def found(message: str, **fields: object) -> ContextOverflow | None:
    return context_overflow(parse_error_body(json.dumps({"error": {"message": message, **fields}}).encode()))


@pytest.mark.parametrize(("window", "prompt", "answer", "message"), WORDINGS)
def test_wording_of_each_server_gives_its_numbers(window, prompt, answer, message):
    numbers = (None if number == "-" else int(number) for number in (window, prompt, answer))
    assert found(message) == ContextOverflow(*numbers)


@pytest.mark.parametrize(
    "fields", [{"type": "exceed_context_size_error"}, {"code": "context_length_exceeded"}]
)
def test_name_alone_is_enough(fields):
    assert found("no", **fields) == ContextOverflow()


def test_figures_of_llamacpp_are_read():
    assert found(
        "too big", type="exceed_context_size_error", n_prompt_tokens=9031, n_ctx=4096
    ) == ContextOverflow(4096, 9031)


@pytest.mark.parametrize(
    "message",
    [
        "max_tokens is too large: 128000. This model supports at most 16384 completion tokens",
        "model 'x' not found",
        "Rate limit reached for tokens per minute: limit 6000, used 5000",
        "",
    ],
)
def test_other_failures_are_no_overflow(message):
    assert found(message) is None


LONG = re.compile(r"prompt is too long[^0-9]*(\d+)\s*tokens?\s*>\s*(\d+)")
"""What Claude Code looks for."""
ROOM = re.compile(r"input length and `max_tokens` exceed context limit: (\d+) \+ (\d+) > (\d+)")


@pytest.mark.parametrize(
    ("over", "window", "estimate", "numbers"),
    [
        (ContextOverflow(8192, 13392), None, None, (13392, 8192)),
        (ContextOverflow(8192, 13392), 4096, 7, (13392, 8192)),
        (ContextOverflow(32768, 32790), None, None, (32768 + 32768 // 25, 32768)),
        (ContextOverflow(None, 32790), 32768, None, (32768 + 32768 // 25, 32768)),
        (ContextOverflow(8192, 9000, 500), None, None, (9000, 8192)),
        (ContextOverflow(8192), None, 20000, (20000, 8192)),
        (ContextOverflow(8192), None, 100, (8193, 8192)),
        (ContextOverflow(), 32768, 50000, (50000, 32768)),
        (ContextOverflow(), 32768, None, (32769, 32768)),
        (ContextOverflow(None, 9000), None, None, (9000, 8999)),
        (ContextOverflow(), None, 5000, (5000, 4999)),
        (ContextOverflow(), None, None, (2, 1)),
    ],
)
def test_client_always_finds_two_numbers(over, window, estimate, numbers):
    match = LONG.fullmatch(over.message(window, estimate).removesuffix(" maximum"))
    assert match is not None
    assert (int(match[1]), int(match[2])) == numbers


def test_answer_that_does_not_fit_beside_the_prompt_is_told_apart():
    match = ROOM.match(ContextOverflow(16384, 8000, 16000).message(None, None))
    assert match is not None
    assert match.groups() == ("8000", "16000", "16384")
