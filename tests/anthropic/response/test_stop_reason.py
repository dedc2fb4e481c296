"""The stop reason and the usage of an answer."""

import pytest

from gateway.anthropic.response import events as e
from gateway.anthropic.response.stop_reason import (
    NO_CALL,
    end_notices,
    estimated_usage,
    latest_usage,
    needs_estimate,
    stop_of,
    total_usage,
    usage_event,
)
from gateway.parts import Finish, FinishReason, Notice, Usage

FULL = Usage(1, 2, 3, 40, 5, {"web_search_requests": 6}, 7, "flex")


@pytest.mark.parametrize(
    ("end", "calls", "stop"),
    [
        (Finish(), False, e.Stop("end_turn")),
        (Finish(), True, e.Stop("tool_use")),
        (Finish(FinishReason.TOOLS), True, e.Stop("tool_use")),
        (Finish(FinishReason.TOOLS), False, e.Stop("end_turn")),
        (Finish(FinishReason.LENGTH), True, e.Stop("max_tokens")),
        (Finish(FinishReason.WINDOW), True, e.Stop("model_context_window_exceeded")),
        (Finish(FinishReason.COMPACTION), False, e.Stop("compaction")),
        (Finish(stop_sequence="ß"), False, e.Stop("stop_sequence", "ß")),
        (Finish(stop_sequence=""), False, e.Stop("stop_sequence", "")),
        (Finish(stop_sequence="x"), True, e.Stop("tool_use")),
        (
            Finish(FinishReason.REFUSAL, explanation="no"),
            True,
            e.Stop("refusal", stop_details=e.StopDetails(explanation="no")),
        ),
    ],
)
def test_stop_reason_of_an_end(end: Finish, calls: bool, stop: e.Stop):
    assert stop_of(end, calls=calls) == stop


@pytest.mark.parametrize(
    ("end", "called", "spoke", "must_call", "notices"),
    [
        (Finish(), False, True, False, []),
        (Finish(), True, False, False, [Notice("empty_answer")]),
        (Finish(silent=True), False, False, False, []),
        (Finish(), False, True, True, [NO_CALL]),
        (Finish(FinishReason.TOOLS), True, True, True, []),
        (
            Finish(FinishReason.TOOLS),
            False,
            False,
            True,
            [
                Notice("repaired.stop_reason", "the upstream announced tool calls and made none"),
                NO_CALL,
                Notice("empty_answer"),
            ],
        ),
    ],
)
def test_notices_about_an_unusual_end(
    end: Finish, called: bool, spoke: bool, must_call: bool, notices: list[Notice]
):
    assert list(end_notices(end, called=called, spoke=spoke, must_call=must_call)) == notices


@pytest.mark.parametrize(
    ("usage", "written", "needed"),
    [
        (Usage(), 0, True),
        (Usage(input=0), 0, False),
        (Usage(input=1), 5, True),
        (Usage(input=1, output=0), 5, True),
        (Usage(input=1, output=1), 5, False),
    ],
)
def test_missing_count_needs_an_estimate(usage: Usage, written: int, needed: bool):
    assert needs_estimate(usage, written) is needed


@pytest.mark.parametrize(
    ("known", "later", "latest"),
    [
        (Usage(), FULL, FULL),
        (FULL, Usage(), FULL),
        (
            FULL,
            Usage(10, 20, 30, 40, 50, {}, 70, ""),
            Usage(10, 20, 30, 40, 50, FULL.server_tools, 70, "flex"),
        ),
        (FULL, Usage(input=0, output=0), Usage(0, 0, 3, 40, 5, FULL.server_tools, 7, "flex")),
    ],
)
def test_later_total_replaces_an_earlier_one(known: Usage, later: Usage, latest: Usage):
    assert latest_usage(known, later) == latest


@pytest.mark.parametrize(
    ("one", "two", "total"),
    [
        (Usage(), Usage(), Usage()),
        (Usage(), FULL, FULL),
        (FULL, Usage(), FULL),
        (FULL, FULL, Usage(2, 4, 6, 80, 10, FULL.server_tools, 14, "flex")),
        (FULL, Usage(tier="priority"), Usage(1, 2, 3, 40, 5, FULL.server_tools, 7, "priority")),
    ],
)
def test_usage_of_two_answers_is_added(one: Usage, two: Usage, total: Usage):
    assert total_usage(one, two) == total


@pytest.mark.parametrize(
    ("usage", "written", "estimated"),
    [
        (Usage(), 0, Usage(50, 0, 0, 0)),
        (Usage(), 1, Usage(50, 1, 0, 0)),
        (Usage(), 8, Usage(50, 2, 0, 0)),
        (Usage(input=0, output=0), 9, Usage(0, 3, 0, 0)),
        (FULL, 900, FULL),
    ],
)
def test_missing_counts_are_estimated_from_bytes(usage: Usage, written: int, estimated: Usage):
    assert estimated_usage(usage, 50, written) == estimated


@pytest.mark.parametrize(
    ("usage", "speed", "event"),
    [
        (Usage(), None, e.Usage(0)),
        (
            FULL,
            None,
            e.Usage(
                1, 2, 40, 3, e.CacheCreation(33, 7), e.ThinkingTokens(5), FULL.server_tools, "standard", None
            ),
        ),
        (Usage(9, 8, cache_write=6), None, e.Usage(9, 8, 6, 0, e.CacheCreation(6, 0))),
        (Usage(thinking=0), None, e.Usage(0, output_tokens_details=e.ThinkingTokens(0))),
        (Usage(tier="priority"), "fast", e.Usage(0, service_tier="priority", speed="fast")),
        (Usage(tier="default"), "fast", e.Usage(0, speed="standard")),
        (Usage(), "fast", e.Usage(0, speed="fast")),
        (Usage(tier="default"), None, e.Usage(0)),
    ],
)
def test_usage_as_the_client_gets_it(usage: Usage, speed: str | None, event: e.Usage):
    assert usage_event(usage, speed=speed) == event


def test_summary_reports_its_usage_as_an_iteration():
    assert usage_event(Usage(9, 8, cache_read=7), compacted=True).iterations == (
        {
            "type": "compaction",
            "input_tokens": 9,
            "output_tokens": 8,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 7,
            "cache_creation": None,
        },
    )
