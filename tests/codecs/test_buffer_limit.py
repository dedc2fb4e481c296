"""gateway/codecs/buffer_limit.py: everything that buffers pieces of an answer is fed past its limit."""

import time
from collections.abc import Callable, Iterable
from itertools import count, repeat

import pytest

from gateway.anthropic.response.writer import MessageWriter
from gateway.anthropic.tool_ids import Outgoing
from gateway.codecs.buffer_limit import LIMIT, Held
from gateway.emulation.filters import SummarySieve
from gateway.emulation.structured_output import FormedAnswer
from gateway.errors import Kind, UpstreamFailed
from gateway.exchange.response import Answering, Folded
from gateway.parts import Block, Text, Thinking, Tool
from gateway.settings.quirks import PLAIN
from gateway.upstreams.model_info import ModelFacts
from gateway.upstreams.response.text import Prose
from gateway.upstreams.response.think_tags import Opening
from gateway.upstreams.responses.output import Output
from gateway.upstreams.upstream_request import AnswerFormat, ReplyWish

MUCH = "x" * 100_000
OPEN_CALL = Tool(0, "c", "f", '{"a":"')


def fed(take: Callable[[object], object], first: Iterable[object], more: Iterable[object]) -> None:
    for part in first:
        take(part)
    for part in more:
        take(part)


def writer(**more: object) -> MessageWriter:
    return MessageWriter("msg_1", "m", "req_1", 1, Outgoing(lambda: "toolu_1"), **more)


def test_empty_pieces_weigh_too():
    with pytest.raises(UpstreamFailed) as failed:
        fed(Held().add, [], repeat("", LIMIT))
    assert failed.value.kind is Kind.UPSTREAM_GARBAGE


@pytest.mark.parametrize(
    ("first", "more"),
    [
        ([OPEN_CALL], repeat(Tool(0, arguments=MUCH))),
        ([OPEN_CALL], repeat(Tool(1, "d", "g", MUCH))),
        ([OPEN_CALL], repeat(Text(MUCH))),
        ([OPEN_CALL], repeat(Thinking(MUCH, {}))),
        ([], repeat(Thinking(MUCH, {}, shown=False, keep=True))),
        ([], repeat(Tool(0, arguments=MUCH))),
        ([], (Tool(key) for key in count())),
        ([], repeat(Text(" " * 100_000))),
    ],
    ids=["arguments", "other", "text", "thinking", "hidden", "nameless", "calls", "blank"],
)
def test_writer_keeps_so_much_and_no_more(first, more):
    with pytest.raises(UpstreamFailed, match="too large"):
        fed(writer().write, first, more)


def test_form_and_summary_keep_so_much_and_no_more():
    for taker in (FormedAnswer(AnswerFormat(b"{}"), whole=True), SummarySieve({})):
        with pytest.raises(UpstreamFailed, match="too large"):
            fed(taker.take, [], repeat(Text(MUCH)))


def test_reasoning_that_may_be_text_is_kept_so_much_and_no_more():
    with pytest.raises(UpstreamFailed, match="too large"):
        fed(Opening(opened=True, patient=True).feed, [], repeat(MUCH))


def test_items_behind_an_unfinished_one_are_kept_so_much_and_no_more():
    output = Output(Prose(ModelFacts("up", "m", PLAIN), ReplyWish(), ""))
    output.said(0, "a")
    with pytest.raises(UpstreamFailed, match="too large"):
        fed(lambda place: output.said(place, MUCH), [], count(1))


async def test_plain_answer_is_kept_so_much_and_no_more():
    answering = Answering(None, "req_1", writer(), lambda: 0.0)
    events = [event for _ in range(LIMIT // len(MUCH)) for event in answering.writer.write(Text(MUCH))]
    folded = Folded(answering)
    await folded.events(events[:10])
    answering.writer.write(Text(MUCH))
    with pytest.raises(UpstreamFailed, match="too large"):
        await folded.events(events[10:])


# ------------------------------------------------------------ many pieces cost their length, not its square

PIECES = 60_000


@pytest.mark.parametrize(
    ("take", "first", "piece"),
    [
        (writer().write, [], Text("  " * 25)),
        (writer().write, [OPEN_CALL, Tool(1, "d", "g", "{}")], Tool(0, arguments='}"' * 25)),
        (writer().write, [Tool(0, "c", "f", " ")], Tool(0, arguments=" " * 50)),
        (writer().write, [Tool(0, "c", "f", "x")], Tool(0, arguments="y" * 50)),
        (FormedAnswer(AnswerFormat(b"{}"), whole=False).take, [], Text(" " * 50)),
        (FormedAnswer(AnswerFormat(b"{}"), whole=False).take, [], Text("x" * 50)),
        (lambda part: OPENINGS[0].feed(part.text), [], Text(" " * 50)),
        (lambda part: OPENINGS[1].feed(part.text), [], Text("x" * 50)),
    ],
    ids=[
        "blank",
        "waiting",
        "blank arguments",
        "foreign",
        "blank form",
        "form",
        "blank opening",
        "reasoning",
    ],
)
def test_many_pieces_cost_their_length(take, first, piece):
    begun = time.process_time()
    fed(take, first, repeat(piece, PIECES))
    assert time.process_time() - begun < 3


OPENINGS = Opening(), Opening(opened=True, patient=True)


def test_block_is_passed_on_whatever_was_blank_before_it():
    events = [event for part in (Text(" "), Block({"type": "x"})) for event in writer().write(part)]
    assert len(events) == 3
