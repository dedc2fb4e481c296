"""What a pattern matches is fnmatchcase; what covers what is never claimed where it is not so."""

import fnmatch
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.patterns import compiled, covers, is_exact, literal_prefix, without_window_suffix

PATTERNS = st.text(alphabet="ab*?[]!", max_size=6)
NAMES = st.text(alphabet="ab*?[]!", max_size=6)


@given(PATTERNS, NAMES)
def test_compiled_pattern_matches_as_fnmatchcase(pattern: str, name: str) -> None:
    assert bool(compiled(pattern).match(name)) == fnmatch.fnmatchcase(name, pattern)


def test_a_pattern_that_covers_another_matches_all_its_names() -> None:
    """Every pattern of up to three tokens against every other, over every name of up to four letters."""
    tokens = ("a", "b", "*", "?", "[ab]", "[!a]")
    patterns = ["".join(some) for size in range(4) for some in itertools.product(tokens, repeat=size)]
    names = ["".join(some) for size in range(5) for some in itertools.product("abc", repeat=size)]
    matched = {pattern: {name for name in names if compiled(pattern).match(name)} for pattern in patterns}
    covered = [(wide, narrow) for wide in patterns for narrow in patterns if covers(wide, narrow)]
    assert len(covered) > 1_000
    assert [pair for pair in covered if not matched[pair[1]] <= matched[pair[0]]] == []
    assert [pair for pair in covered if not pair[1].startswith(literal_prefix(pair[0]))] == []


def test_a_regular_expression_has_no_letters_that_all_begin_with() -> None:
    assert (
        literal_prefix("/^claude/"),
        literal_prefix("regex:claude"),
        literal_prefix("claude-*"),
        literal_prefix("claude"),
    ) == (
        "",
        "",
        "claude-",
        "claude",
    )


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("*", "anything"),
        ("*", "*"),
        ("*", ""),
        ("*", "a[bc]*"),
        ("claude-*", "claude-haiku-*"),
        ("claude-*", "claude-haiku-4-5"),
        ("claude-*-5", "claude-haiku-*-5"),
        ("claude-?", "claude-5"),
        ("claude-[45]", "claude-4"),
        ("claude-[45]", "claude-[45]"),
        ("a*b*c", "axbyc"),
        ("same", "same"),
        ("**", "x*"),
    ],
)
def test_wide_pattern_covers_narrow_one(wide: str, narrow: str) -> None:
    assert covers(wide, narrow)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("claude-haiku-*", "claude-*"),
        ("claude-*", "*"),
        ("claude-?", "claude-*"),
        ("claude-[45]", "claude-?"),
        ("claude-[45]", "claude-6"),
        ("a", "b"),
        ("Claude-*", "claude-x"),
        ("", "a"),
    ],
)
def test_pattern_that_leaves_names_out_does_not_cover(wide: str, narrow: str) -> None:
    assert not covers(wide, narrow)


@pytest.mark.parametrize(("name", "rest"), [("m[1m]", "m"), ("m[1M]", "m"), ("m", "m"), ("m[1m]x", "m[1m]x")])
def test_mark_of_a_long_window_is_no_part_of_a_name(name: str, rest: str) -> None:
    assert without_window_suffix(name) == rest


def test_exact_names_hold_no_pattern_letters() -> None:
    assert is_exact("claude-haiku-4-5")
    assert not any(is_exact(pattern) for pattern in ("a*", "a?", "a[bc]"))
