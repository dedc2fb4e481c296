"""Sizes are read with their unit and written the shortest way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.settings import sizes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("64KB", 65_536),
        ("32MB", 32 << 20),
        ("1GB", 1 << 30),
        ("1.5 mb", 3 << 19),
        (" 2MiB ", 2 << 20),
        ("3k", 3072),
    ],
)
def test_number_with_unit_is_a_size(text: str, size: int) -> None:
    assert sizes.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "5", "MB", "5 megabytes", "-1MB", "1GB2MB", "1e3KB", "٣MB", "5B"])
def test_anything_else_is_none(text: str) -> None:
    assert sizes.parse_size(text) is None


@pytest.mark.parametrize(
    ("size", "text"), [(65_536, "64KB"), (32 << 20, "32MB"), (3 << 29, "1536MB"), (1 << 30, "1GB")]
)
def test_sizes_are_written_the_shortest_way(size: int, text: str) -> None:
    assert sizes.format_size(size) == str(sizes.Size(size)) == text


@given(st.integers(min_value=1, max_value=1 << 40))
def test_what_is_written_is_read_back(size: int) -> None:
    read = sizes.parse_size(sizes.format_size(size))
    assert read is not None
    assert read == size
