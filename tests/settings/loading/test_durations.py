"""Durations are read with their unit and written the shortest way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.settings.loading import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("30s", 30), ("5m", 300), ("1h", 3600), ("1.5h", 5400), ("0s", 0), (" 2 s ", 2)],
)
def test_number_with_unit_is_a_duration(text: str, seconds: float) -> None:
    assert durations.parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "s", "5 minutes", "-1s", "1h30m", "5M", "1e3s", "٣s"])
def test_anything_else_is_none(text: str) -> None:
    assert durations.parse_duration(text) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(240, "4m"), (3600, "1h"), (90, "90s"), (0.5, "500ms"), (0, "0s"), (1.5, "1.5s")]
)
def test_seconds_are_written_the_shortest_way(seconds: float, text: str) -> None:
    assert durations.format_duration(seconds) == text


@given(st.integers(min_value=0, max_value=10**7))
def test_what_is_written_is_read_back(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    read = durations.parse_duration(durations.format_duration(seconds))
    assert read is not None
    assert abs(read - seconds) <= 1e-6 * max(1.0, seconds)
