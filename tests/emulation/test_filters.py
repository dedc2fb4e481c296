"""Stop sequences that are matched here, and answers that become a summary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.emulation.filters import CompactionFilter, StopSequenceFilter, apply_filters
from gateway.errors import Kind
from gateway.parts import (
    Finish,
    FinishReason,
    Part,
    PassthroughBlock,
    ReasoningDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
    Usage,
)

STOPS = ("END", "\n\nHuman:")


def through(*parts: Part, stops: tuple[str, ...] = STOPS) -> list[Part]:
    """The parts that come out, up to and with the end."""
    sieve, out = StopSequenceFilter(stops), list[Part]()
    for part in parts:
        out += sieve.take(part)
        if out and isinstance(out[-1], Finish):
            break
    return out


def text_of(parts: list[Part]) -> str:
    return "".join(part.text for part in parts if isinstance(part, TextDelta))


def test_a_match_ends_the_answer_and_is_named():
    assert through(TextDelta("abcENDdef"), TextDelta("more")) == [
        TextDelta("abc"),
        Finish(FinishReason.STOP, "END"),
    ]


def test_a_match_may_be_spread_over_parts():
    out = through(TextDelta("abc\n"), TextDelta("\nHu"), TextDelta("man: hello"))
    assert (text_of(out), out[-1]) == ("abc", Finish(FinishReason.STOP, "\n\nHuman:"))


def test_what_only_looked_like_a_beginning_is_said_after_all():
    assert text_of(through(TextDelta("the E"), TextDelta("N"), TextDelta("T"))) == "the ENT"


def test_what_is_held_back_comes_before_the_part_that_follows():
    assert through(TextDelta("fiE"), ToolCallDelta(0, "c", "n", "{}")) == [
        TextDelta("fi"),
        TextDelta("E"),
        ToolCallDelta(0, "c", "n", "{}"),
    ]
    assert through(TextDelta("fiEN"), Finish()) == [TextDelta("fi"), TextDelta("EN"), Finish()]


def test_the_first_match_counts_and_the_longer_of_two_at_one_place():
    assert through(TextDelta("a stop here"), stops=("here", "stop"))[-1] == Finish(FinishReason.STOP, "stop")
    assert through(TextDelta("aSTOPPED"), stops=("STOP", "STOPPED"))[-1] == Finish(
        FinishReason.STOP, "STOPPED"
    )


def test_reasoning_and_arguments_are_not_searched():
    parts = (ReasoningDelta("END", {}), ToolCallDelta(0, "c", "n", '{"a":"END"}'), Finish(FinishReason.TOOLS))
    assert through(*parts) == list(parts)


def test_figures_and_faults_pass_at_once():
    fault = StreamError(Kind.UPSTREAM_CUT, "cut")
    assert through(TextDelta("E"), Usage(input=1), fault) == [Usage(input=1), fault]


@given(st.text("ENDx\nHuman: ", max_size=40), st.data())
def test_splitting_the_text_changes_nothing(text: str, data: st.DataObject):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[i:j] for i, j in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    whole = through(TextDelta(text), Finish())
    split = through(*[TextDelta(piece) for piece in pieces if piece], Finish())
    assert (text_of(split), split[-1]) == (text_of(whole), whole[-1])


BLOCK = {"type": "compaction", "content": None}


def test_a_summary_is_one_block_whatever_else_was_said():
    parts = [
        ReasoningDelta("hm", {}),
        TextDelta("all "),
        TextDelta("of it\n"),
        Usage(input=3),
        Finish(FinishReason.LENGTH),
    ]
    assert apply_filters([CompactionFilter(BLOCK)], parts) == [
        Usage(input=3),
        PassthroughBlock({"type": "compaction", "content": "all of it"}),
        Finish(FinishReason.COMPACTION),
    ]


@pytest.mark.parametrize("said", [[], [TextDelta(" \n")]])
def test_no_text_is_no_summary(said: list[Part]):
    *_, block, end = apply_filters([CompactionFilter(BLOCK)], [*said, Finish()])
    assert (block, end) == (
        PassthroughBlock({"type": "compaction", "content": None}),
        Finish(FinishReason.COMPACTION),
    )
