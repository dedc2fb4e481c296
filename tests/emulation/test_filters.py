"""Stop sequences that are matched here, and answers that become a summary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.emulation.filters import StopSieve, SummarySieve, strained
from gateway.errors import Kind
from gateway.parts import Block, End, Fault, Finish, Part, Text, Thinking, Tool, Usage

STOPS = ("END", "\n\nHuman:")


def through(*parts: Part, stops: tuple[str, ...] = STOPS) -> list[Part]:
    """The parts that come out, up to and with the end."""
    sieve, out = StopSieve(stops), list[Part]()
    for part in parts:
        out += sieve.take(part)
        if out and isinstance(out[-1], End):
            break
    return out


def text_of(parts: list[Part]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Text))


def test_a_match_ends_the_answer_and_is_named():
    assert through(Text("abcENDdef"), Text("more")) == [Text("abc"), End(Finish.STOP, "END")]


def test_a_match_may_be_spread_over_parts():
    out = through(Text("abc\n"), Text("\nHu"), Text("man: hello"))
    assert (text_of(out), out[-1]) == ("abc", End(Finish.STOP, "\n\nHuman:"))


def test_what_only_looked_like_a_beginning_is_said_after_all():
    assert text_of(through(Text("the E"), Text("N"), Text("T"))) == "the ENT"


def test_what_is_held_back_comes_before_the_part_that_follows():
    assert through(Text("fiE"), Tool(0, "c", "n", "{}")) == [Text("fi"), Text("E"), Tool(0, "c", "n", "{}")]
    assert through(Text("fiEN"), End()) == [Text("fi"), Text("EN"), End()]


def test_the_first_match_counts_and_the_longer_of_two_at_one_place():
    assert through(Text("a stop here"), stops=("here", "stop"))[-1] == End(Finish.STOP, "stop")
    assert through(Text("aSTOPPED"), stops=("STOP", "STOPPED"))[-1] == End(Finish.STOP, "STOPPED")


def test_reasoning_and_arguments_are_not_searched():
    parts = (Thinking("END", {}), Tool(0, "c", "n", '{"a":"END"}'), End(Finish.TOOLS))
    assert through(*parts) == list(parts)


def test_figures_and_faults_pass_at_once():
    fault = Fault(Kind.UPSTREAM_CUT, "cut")
    assert through(Text("E"), Usage(input=1), fault) == [Usage(input=1), fault]


@given(st.text("ENDx\nHuman: ", max_size=40), st.data())
def test_splitting_the_text_changes_nothing(text: str, data: st.DataObject):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[i:j] for i, j in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    whole = through(Text(text), End())
    split = through(*[Text(piece) for piece in pieces if piece], End())
    assert (text_of(split), split[-1]) == (text_of(whole), whole[-1])


BLOCK = {"type": "compaction", "content": None}


def test_a_summary_is_one_block_whatever_else_was_said():
    parts = [Thinking("hm", {}), Text("all "), Text("of it\n"), Usage(input=3), End(Finish.LENGTH)]
    assert strained([SummarySieve(BLOCK)], parts) == [
        Usage(input=3),
        Block({"type": "compaction", "content": "all of it"}),
        End(Finish.COMPACTION),
    ]


@pytest.mark.parametrize("said", [[], [Text(" \n")]])
def test_no_text_is_no_summary(said: list[Part]):
    *_, block, end = strained([SummarySieve(BLOCK)], [*said, End()])
    assert (block, end) == (Block({"type": "compaction", "content": None}), End(Finish.COMPACTION))
