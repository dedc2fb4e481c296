"""gateway/codecs/buffer_limit.py: everything that buffers pieces of an answer is fed past its limit."""

import time
from collections.abc import Callable, Iterable
from itertools import count, repeat

import pytest

from gateway.anthropic.response.writer import MessageWriter
from gateway.anthropic.tool_ids import ClientCallIds
from gateway.codecs.buffer_limit import LIMIT, BufferLimit
from gateway.emulation.filters import CompactionFilter
from gateway.emulation.structured_output import StructuredAnswer
from gateway.errors import Kind, UpstreamFailed
from gateway.exchange.response import JsonResponse, ResponseContext
from gateway.parts import PassthroughBlock, ReasoningDelta, TextDelta, ToolCallDelta
from gateway.settings.quirks import PLAIN
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.response.text import TextReader
from gateway.upstreams.response.think_tags import ThinkTagParser
from gateway.upstreams.responses.output import OutputAssembler
from gateway.upstreams.upstream_request import AnswerSchema, ResponseOptions

MUCH = "x" * 100_000
OPEN_CALL = ToolCallDelta(0, "c", "f", '{"a":"')


def fed(take: Callable[[object], object], first: Iterable[object], more: Iterable[object]) -> None:
    for part in first:
        take(part)
    for part in more:
        take(part)


def writer(**more: object) -> MessageWriter:
    return MessageWriter("msg_1", "m", "req_1", 1, ClientCallIds(lambda: "toolu_1"), **more)


def test_empty_pieces_weigh_too():
    with pytest.raises(UpstreamFailed) as failed:
        fed(BufferLimit().add, [], repeat("", LIMIT))
    assert failed.value.kind is Kind.UPSTREAM_GARBAGE


@pytest.mark.parametrize(
    ("first", "more"),
    [
        ([OPEN_CALL], repeat(ToolCallDelta(0, arguments=MUCH))),
        ([OPEN_CALL], repeat(ToolCallDelta(1, "d", "g", MUCH))),
        ([OPEN_CALL], repeat(TextDelta(MUCH))),
        ([OPEN_CALL], repeat(ReasoningDelta(MUCH, {}))),
        ([], repeat(ReasoningDelta(MUCH, {}, shown=False, keep=True))),
        ([], repeat(ToolCallDelta(0, arguments=MUCH))),
        ([], (ToolCallDelta(key) for key in count())),
        ([], repeat(TextDelta(" " * 100_000))),
    ],
    ids=["arguments", "other", "text", "thinking", "hidden", "nameless", "calls", "blank"],
)
def test_writer_keeps_so_much_and_no_more(first, more):
    with pytest.raises(UpstreamFailed, match="too large"):
        fed(writer().write, first, more)


def test_form_and_summary_keep_so_much_and_no_more():
    for taker in (StructuredAnswer(AnswerSchema(b"{}"), whole=True), CompactionFilter({})):
        with pytest.raises(UpstreamFailed, match="too large"):
            fed(taker.take, [], repeat(TextDelta(MUCH)))


def test_reasoning_that_may_be_text_is_kept_so_much_and_no_more():
    with pytest.raises(UpstreamFailed, match="too large"):
        fed(ThinkTagParser(opened=True, patient=True).feed, [], repeat(MUCH))


def test_items_behind_an_unfinished_one_are_kept_so_much_and_no_more():
    output = OutputAssembler(TextReader(ModelInfo("up", "m", PLAIN), ResponseOptions(), ""))
    output.add_text(0, "a")
    with pytest.raises(UpstreamFailed, match="too large"):
        fed(lambda place: output.add_text(place, MUCH), [], count(1))


async def test_plain_answer_is_kept_so_much_and_no_more():
    answering = ResponseContext(None, "req_1", writer(), lambda: 0.0)
    events = [event for _ in range(LIMIT // len(MUCH)) for event in answering.writer.write(TextDelta(MUCH))]
    folded = JsonResponse(answering)
    await folded.events(events[:10])
    answering.writer.write(TextDelta(MUCH))
    with pytest.raises(UpstreamFailed, match="too large"):
        await folded.events(events[10:])


# ------------------------------------------------------------ many pieces cost their length, not its square

PIECES = 60_000


@pytest.mark.parametrize(
    ("take", "first", "piece"),
    [
        (writer().write, [], TextDelta("  " * 25)),
        (
            writer().write,
            [OPEN_CALL, ToolCallDelta(1, "d", "g", "{}")],
            ToolCallDelta(0, arguments='}"' * 25),
        ),
        (writer().write, [ToolCallDelta(0, "c", "f", " ")], ToolCallDelta(0, arguments=" " * 50)),
        (writer().write, [ToolCallDelta(0, "c", "f", "x")], ToolCallDelta(0, arguments="y" * 50)),
        (StructuredAnswer(AnswerSchema(b"{}"), whole=False).take, [], TextDelta(" " * 50)),
        (StructuredAnswer(AnswerSchema(b"{}"), whole=False).take, [], TextDelta("x" * 50)),
        (lambda part: OPENINGS[0].feed(part.text), [], TextDelta(" " * 50)),
        (lambda part: OPENINGS[1].feed(part.text), [], TextDelta("x" * 50)),
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


OPENINGS = ThinkTagParser(), ThinkTagParser(opened=True, patient=True)


def test_block_is_passed_on_whatever_was_blank_before_it():
    events = [
        event for part in (TextDelta(" "), PassthroughBlock({"type": "x"})) for event in writer().write(part)
    ]
    assert len(events) == 3
