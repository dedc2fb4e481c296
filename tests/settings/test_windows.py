"""What Claude Code is told of a window, by the rule by which it compacts."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.settings.windows import FIRST_TURN, MIN_WINDOW, NEEDS, announced_window, fitting_prompt

WINDOWS = st.integers(1, 2_000_000)
LIMITS = st.none() | st.integers(1, 200_000)


def compacts_at(window: int, output: int) -> int:
    """Claude Code's rule, as it was measured."""
    return window - min(output, 20_000) - 13_000


@given(WINDOWS, LIMITS)
def test_compaction_comes_before_the_window_is_full(window, limit):
    told = announced_window(window, limit)
    threshold = compacts_at(told.window, told.output)
    assert threshold == told.compacts_at
    assert threshold + told.output + window // 20 <= window + 1 or window > 256_000
    assert threshold + told.output + 13_000 <= window or window < 256_000
    assert 1 <= told.output <= min(limit or 32_000, 32_000)


@given(st.integers(16_000, 2_000_000), LIMITS)
def test_a_window_is_used_for_the_conversation_not_for_the_answer(window, limit):
    told = announced_window(window, limit)
    assert told.compacts_at >= 0.75 * window
    assert told.compacts_at >= FIRST_TURN, "else it would compact at once, again and again"
    assert limit or told.output >= 2_000


@given(st.integers(MIN_WINDOW, 2_000_000))
def test_compaction_leaves_a_conversation_room_to_go_on(window):
    """The first turn and a summary are there again after each one."""
    assert announced_window(window).compacts_at >= FIRST_TURN + 6_500


@given(WINDOWS, st.integers(1, 10_000))
def test_a_larger_window_never_means_less(window, more):
    small, large = announced_window(window), announced_window(window + more)
    assert large.output >= small.output
    assert large.compacts_at >= small.compacts_at - 1, "rounded down"


def test_shares_begin_where_they_should():
    """Figures that were tried with the real client."""
    tried = {
        24_000: (35_000, 2_048),
        32_768: (42_768, 4_096),
        40_000: (49_780, 4_096),
        65_536: (74_203, 6_826),
    }
    assert {
        window: (announced_window(window).window, announced_window(window).output) for window in tried
    } == tried


@given(WINDOWS)
def test_what_fits_leaves_room(window):
    assert 0 <= fitting_prompt(window) * 4 // 3 <= window


def test_needs_grow():
    assert all(small.tokens < large.tokens for small, large in pairwise(NEEDS))
