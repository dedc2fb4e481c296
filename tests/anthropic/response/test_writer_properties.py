"""What holds of gateway/anthropic/response/writer.py for any sequence of parts."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec
from anthropic.lib.streaming._messages import accumulate_event
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.anthropic.response import events as e
from gateway.anthropic.response.accumulate import fold
from gateway.anthropic.response.writer import MessageWriter
from gateway.errors import Kind
from gateway.parts import (
    Finish,
    FinishReason,
    Notice,
    Part,
    PassthroughBlock,
    ReasoningDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
    Usage,
)

NewWriter = Callable[..., MessageWriter]
any_property = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

texts = st.text("ab \n<é", min_size=1, max_size=5).map(TextDelta)
thoughts = st.builds(
    ReasoningDelta, st.text("ab ", max_size=3), st.just({"p": "v"}), shown=st.booleans(), keep=st.booleans()
)
fragments = st.sampled_from(["", "{", "}", "{}", '{"a":1}', '"x"', ":1", " ", "null", "[", "oops"])
pieces = st.builds(
    ToolCallDelta,
    st.integers(0, 3),
    st.sampled_from(["", "call_0", "c1", "a:b"]),
    st.sampled_from(["", "A", "B"]),
    fragments,
    st.booleans(),
)
others = st.sampled_from(
    [Usage(input=1), Usage(output=2), Notice("n"), PassthroughBlock({"type": "x", "input": {"a": 1}})]
)
ends = st.one_of(
    st.builds(Finish, st.sampled_from(FinishReason)), st.just(StreamError(Kind.UPSTREAM_CUT, "cut"))
)
anything = st.lists(st.one_of(texts, thoughts, pieces, others, st.just("drip")), max_size=20)


def write_all(writer: MessageWriter, parts: list[Any]) -> list[e.Event]:
    return [
        event for part in parts for event in (writer.empty_delta() if part == "drip" else writer.write(part))
    ]


@any_property
@given(parts=anything, end=ends, more=anything)
def test_any_parts_make_a_well_formed_message(
    new_writer: NewWriter, parts: list[Any], end: Part, more: list[Any]
):
    writer = new_writer()
    events = write_all(writer, [*parts, end, *more])
    assert writer.ended
    if writer.started:
        assert isinstance(events[0], e.MessageStart)
    assert sum(isinstance(event, e.MessageStart) for event in events) == writer.started
    assert [isinstance(event, e.MessageStop | e.Error) for event in events].index(True) == len(events) - 1
    assert (writer.fault is not None) == isinstance(events[-1], e.Error)
    still_open = check_blocks(events)
    if isinstance(events[-1], e.MessageStop):
        assert still_open is None
        assert isinstance(events[-2], e.MessageDelta)


def check_blocks(events: list[e.Event]) -> int | None:
    """Indices run without gaps, one block is open at a time; returns the one left open."""
    started, is_open = 0, None
    for event in events:
        match event:
            case e.ContentBlockStart():
                assert is_open is None
                assert event.index == started
                is_open, started = event.index, started + 1
            case e.ContentBlockDelta():
                assert event.index == is_open
            case e.ContentBlockStop():
                assert event.index == is_open
                is_open = None
            case e.MessageDelta():
                assert is_open is None
            case _:
                pass
    return is_open


@any_property
@given(parts=anything, end=ends)
def test_no_two_calls_share_an_id(new_writer: NewWriter, parts: list[Any], end: Part):
    events = write_all(new_writer(), [*parts, end])
    blocks = [event.content_block for event in events if isinstance(event, e.ContentBlockStart)]
    ids = [block.id for block in blocks if isinstance(block, e.ToolUseBlock)]
    assert all(ids)
    assert len(set(ids)) == len(ids)


@any_property
@given(parts=anything)
def test_no_visible_character_of_the_text_is_lost(new_writer: NewWriter, parts: list[Any]):
    events = write_all(new_writer(), [*parts, Finish()])
    if isinstance(events[-1], e.Error):
        return
    deltas = [event.delta for event in events if isinstance(event, e.ContentBlockDelta)]
    shown = "".join(delta.text for delta in deltas if isinstance(delta, e.TextDelta))
    sent = "".join(part.text for part in parts if isinstance(part, TextDelta))
    assert "".join(shown.split()) == "".join(sent.split())


@st.composite
def interleaved_calls(draw: st.DrawFn) -> tuple[list[Part], list[dict[str, Any]]]:
    """Complete calls, cut into fragments that come mixed, with text between them; and their inputs."""
    values = st.recursive(
        st.none() | st.integers() | st.text(max_size=4), lambda inner: st.lists(inner, max_size=2)
    )
    inputs = draw(st.lists(st.dictionaries(st.text(max_size=3), values, max_size=3), min_size=1, max_size=4))
    queues: list[list[Part]] = []
    for key, value in enumerate(inputs):
        text = json.dumps(value)
        cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))
        shards = [text[a:b] for a, b in pairwise([0, *cuts, len(text)])]
        queues.append(
            [
                ToolCallDelta(key, f"c{key}", f"T{key}"),
                *(ToolCallDelta(key, arguments=shard) for shard in shards),
            ]
        )
    parts: list[Part] = [queue[0] for queue in queues]
    waiting = [queue[1:] for queue in queues]
    while any(waiting):
        queue = draw(st.sampled_from([queue for queue in waiting if queue]))
        parts.append(queue.pop(0))
        parts += draw(st.lists(texts, max_size=1))
    return parts, inputs


@any_property
@given(calls=interleaved_calls())
def test_mixed_calls_come_out_whole_and_in_order(new_writer: NewWriter, calls: tuple[list[Part], list[dict]]):
    parts, inputs = calls
    events = write_all(new_writer(), [*parts, Finish(FinishReason.TOOLS)])
    found = [block for block in fold(events)["content"] if block["type"] == "tool_use"]
    assert [block["input"] for block in found] == inputs
    assert [block["name"] for block in found] == [f"T{key}" for key in range(len(inputs))]


@any_property
@given(calls=interleaved_calls(), thought=thoughts, drips=st.booleans())
def test_official_sdk_accumulates_what_fold_gives(
    new_writer: NewWriter, calls: tuple[list[Part], list[dict]], thought: Part, drips: bool
):
    parts = [
        *(["drip"] if drips else []),
        thought,
        *calls[0],
        Usage(input=1, output=2),
        Finish(FinishReason.TOOLS),
    ]
    events = write_all(new_writer(), parts)
    message, buffers = None, {}
    for event in msgspec.json.decode(msgspec.json.encode(events)):
        message = accumulate_event(event=event, current_snapshot=message, json_bufs=buffers)
    assert message is not None
    summed, folded = message.to_dict(), fold(events)
    assert summed["content"] == folded["content"]
    assert {key: summed[key] for key in ("id", "model", "stop_reason", "stop_sequence")} == {
        key: folded[key] for key in ("id", "model", "stop_reason", "stop_sequence")
    }
