"""Whatever a server sends, in whatever pieces: a client gets one well-formed message, or one error."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from gateway.anthropic.response import events as e
from tests.upstreams.client_side import Events, accumulated, events_of, folded, is_folded
from tests.upstreams.soup.kinds import SOUPS, TOLD

CUT_SHORT = ("max_tokens", "refusal", "model_context_window_exceeded")
each_kind = pytest.mark.parametrize("kind", SOUPS)
many = settings(max_examples=100, deadline=None)


def check_blocks(events: Events) -> int | None:
    """Numbered without gaps, one open at a time. Returns the one that was left open."""
    count, still_open = 0, None
    for event in events:
        match event:
            case e.ContentBlockStart():
                assert (still_open, event.index) == (None, count)
                still_open, count = count, count + 1
            case e.ContentBlockDelta():
                assert event.index == still_open
            case e.ContentBlockStop():
                assert event.index == still_open
                still_open = None
            case e.MessageDelta() | e.MessageStop():
                assert still_open is None
            case _:
                pass
    return still_open


def check(events: Events) -> None:
    ends = [place for place, event in enumerate(events) if isinstance(event, e.MessageStop | e.Error)]
    assert ends == [len(events) - 1]
    still_open = check_blocks(events)
    starts = [event.content_block for event in events if isinstance(event, e.ContentBlockStart)]
    ids = [block.id for block in starts if isinstance(block, e.ToolUseBlock)]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    if isinstance(events[-1], e.Error):
        return
    assert isinstance(events[0], e.MessageStart)
    assert still_open is None
    stop = folded(events)["stop_reason"]
    assert bool(ids) == (stop == "tool_use") or (ids and stop in CUT_SHORT)
    assert is_folded(accumulated(events), events)


@each_kind
@many
@given(data=st.data(), thinking=st.booleans())
def test_any_answer_is_one_message_or_one_error(kind: str, data: st.DataObject, thinking: bool):
    body = data.draw(SOUPS[kind]())
    check(events_of(kind, [body], thinking=thinking))


@each_kind
@many
@given(data=st.data(), thinking=st.booleans())
def test_cutting_its_bytes_anywhere_changes_nothing(kind: str, data: st.DataObject, thinking: bool):
    body = data.draw(SOUPS[kind]())
    at_once = e.render(events_of(kind, [body], thinking=thinking))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=5)))
    pieces = [body[a:b] for a, b in pairwise([0, *cuts, len(body)])]
    assert e.render(events_of(kind, pieces, thinking=thinking)) == at_once
    single = [body[at : at + 1] for at in range(len(body))]
    assert e.render(events_of(kind, single, thinking=thinking)) == at_once


@each_kind
@many
@given(data=st.data())
def test_calls_that_can_be_told_apart_come_out_whole(kind: str, data: st.DataObject):
    told = data.draw(TOLD[kind]())
    events = events_of(kind, [told.body])
    check(events)
    blocks = [block for block in folded(events)["content"] if block["type"] == "tool_use"]
    assert [(block["name"], block["input"]) for block in blocks] == told.calls


@each_kind
@pytest.mark.parametrize(
    "seen",
    [
        lambda events: isinstance(events[-1], e.Error) and len(events) > 3,
        lambda events: isinstance(events[-1], e.Error) and len(events) == 1,
        lambda events: isinstance(events[-1], e.MessageStop) and _uses(events) > 1,
        lambda events: isinstance(events[-1], e.MessageStop) and _stop(events) == "max_tokens",
        lambda events: sum(isinstance(event, e.ContentBlockStart) for event in events) > 3,
    ],
    ids=["late error", "early error", "two calls", "cut by length", "several blocks"],
)
def test_such_answers_are_among_them(kind: str, seen):
    patient = settings(deadline=None, max_examples=5_000, phases=[Phase.generate])
    assert find(SOUPS[kind](), lambda body: seen(events_of(kind, [body])), settings=patient, random=Random(1))


def _uses(events: Events) -> int:
    starts = [event.content_block for event in events if isinstance(event, e.ContentBlockStart)]
    return sum(isinstance(block, e.ToolUseBlock) for block in starts)


def _stop(events: Events) -> str | None:
    return folded(events)["stop_reason"]
