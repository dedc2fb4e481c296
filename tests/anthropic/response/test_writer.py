"""gateway/anthropic/response/writer.py, as conversations: parts in, events out."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gateway.anthropic.response import events as e
from gateway.anthropic.response.accumulate import fold
from gateway.anthropic.response.writer import MessageWriter
from gateway.anthropic.tools.tool_names import ClientToolName
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
from gateway.schemas.repair_json import ArgumentRepair

V = {"p": "v"}
NewWriter = Callable[..., MessageWriter]


def short(event: e.Event) -> str:
    """An event in a few letters: `+0 text`, `0 "hi"`, `-0`, `tool_use!`, `error`."""
    match event:
        case e.ContentBlockStart():
            block = msgspec.to_builtins(event.content_block)
            return f"+{event.index} " + " ".join(
                [block["type"], *(block[k] for k in ("id", "name") if k in block)]
            )
        case e.ContentBlockDelta():
            (text,) = (value for key, value in msgspec.to_builtins(event.delta).items() if key != "type")
            return f"{event.index} {text!r}"
        case e.ContentBlockStop():
            return f"-{event.index}"
        case e.MessageDelta():
            return f"{event.delta.stop_reason}!"
        case e.Error():
            return f"error {event.error.type}"
        case _:
            return ""


def shorts(events: list[e.Event]) -> list[str]:
    return [text for event in events if (text := short(event))]


def wrote(writer: MessageWriter, *parts: Part) -> list[str]:
    return shorts([event for part in parts for event in writer.write(part)])


def notices(writer: MessageWriter) -> list[str]:
    return [notice.name for notice in writer.notices if notice.name != "estimated.usage"]


# ---------------------------------------------------------------- start and text


@pytest.mark.parametrize(
    "part", [Usage(input=1), Notice("x"), TextDelta(" \n"), ToolCallDelta(0, arguments="{")]
)
def test_nothing_starts_the_message_but_content(new_writer: NewWriter, part: Part):
    writer = new_writer()
    assert writer.write(part) == []
    assert not writer.started


@pytest.mark.parametrize(
    "part",
    [
        TextDelta("a"),
        ReasoningDelta("", V),
        ToolCallDelta(0, name="f"),
        PassthroughBlock({"type": "x"}),
        Finish(),
    ],
)
def test_content_starts_the_message_once(new_writer: NewWriter, part: Part):
    writer = new_writer()
    first = writer.write(part)[0]
    assert isinstance(first, e.MessageStart)
    assert (first.message.id, first.message.model, first.message.usage.input_tokens) == ("msg_x", "m", 11)
    assert writer.started
    assert not any(isinstance(event, e.MessageStart) for event in writer.write(TextDelta("b")))


def test_each_piece_of_text_is_a_delta_of_its_own(new_writer: NewWriter):
    assert wrote(new_writer(), TextDelta("a"), TextDelta(" "), TextDelta("b"), Finish()) == [
        "+0 text", "0 'a'", "0 ' '", "0 'b'", "-0", "end_turn!",
    ]  # fmt: skip


def test_white_space_before_text_goes_out_with_it(new_writer: NewWriter):
    assert wrote(new_writer(), TextDelta("\n"), TextDelta(" "), TextDelta("a")) == ["+0 text", "0 '\\n a'"]


@pytest.mark.parametrize(
    "before_and_after",
    [
        [TextDelta("\n\n"), ToolCallDelta(0, "c1", "A", "{}"), TextDelta("\n")],
        [TextDelta(" "), ToolCallDelta(0, "c1", "A"), ToolCallDelta(0, "", "", "{}")],
    ],
)
def test_white_space_around_calls_is_swallowed(new_writer: NewWriter, before_and_after: list[Part]):
    assert wrote(new_writer(), *before_and_after, Finish(FinishReason.TOOLS)) == [
        "+0 tool_use c1 A", "0 '{}'", "-0", "tool_use!",
    ]  # fmt: skip


# ---------------------------------------------------------------- reasoning


def test_thinking_is_signed_right_before_its_stop(new_writer: NewWriter):
    assert wrote(new_writer(), ReasoningDelta("a", V), ReasoningDelta("b", V), TextDelta("c")) == [
        "+0 thinking", "0 'a'", "0 'b'", "0 'gw1:eyJwIjoidiJ9'", "-0", "+1 text", "1 'c'",
    ]  # fmt: skip


def test_hidden_thinking_opens_a_block_without_text(new_writer: NewWriter):
    events = wrote(new_writer(), ReasoningDelta("a", V, shown=False), TextDelta("c"))
    assert events == ["+0 thinking", "0 'gw1:eyJwIjoidiJ9'", "-0", "+1 text", "1 'c'"]


def test_kept_thinking_travels_in_the_signature(new_writer: NewWriter):
    hidden = [ReasoningDelta(piece, V, shown=False, keep=True) for piece in ("se", "cret")]
    signature = wrote(new_writer(), *hidden, TextDelta("c"))[1]
    assert signature.startswith("0 'gw1:eyJwIjoidiIsInQiO")


def test_reasoning_between_texts_is_a_block_of_its_own(new_writer: NewWriter):
    parts = (TextDelta("a"), ReasoningDelta("b", V), TextDelta("c"), ReasoningDelta("d", V), Finish())
    starts = [event for event in wrote(new_writer(), *parts) if event[0] == "+"]
    assert starts == ["+0 text", "+1 thinking", "+2 text", "+3 thinking"]


def test_two_items_of_reasoning_are_two_blocks(new_writer: NewWriter):
    one, two = {"p": "v", "id": "1"}, {"p": "v", "id": "2"}
    parts = (
        ReasoningDelta("a", one),
        ReasoningDelta("", {**one, "enc": "x"}),
        ReasoningDelta("", two),
        ReasoningDelta("b", V),
        Finish(),
    )
    assert [event for event in wrote(new_writer(), *parts) if event[0] in "+-" or "gw1" not in event] == [
        "+0 thinking", "0 'a'", "-0", "+1 thinking", "1 'b'", "-1", "end_turn!",
    ]  # fmt: skip


# ---------------------------------------------------------------- tool calls


def test_interleaved_calls_are_written_one_after_the_other(new_writer: NewWriter):
    writer = new_writer()
    assert wrote(writer, ToolCallDelta(0, "c1", "A", '{"x"'), ToolCallDelta(1, "c2", "B", '{"y"')) == [
        "+0 tool_use c1 A",
        "0 '{\"x\"'",
    ]
    assert wrote(writer, ToolCallDelta(1, arguments=":2}")) == []
    assert wrote(writer, ToolCallDelta(0, arguments=":1}")) == ["0 ':1}'"]
    assert wrote(writer, Finish(FinishReason.TOOLS)) == [
        "-0",
        "+1 tool_use c2 B",
        "1 '{\"y\":2}'",
        "-1",
        "tool_use!",
    ]


def test_next_call_begins_when_the_open_one_is_complete(new_writer: NewWriter):
    writer = new_writer()
    wrote(writer, ToolCallDelta(0, "c1", "A", '{"x":1}'))
    assert wrote(writer, ToolCallDelta(1, "c2", "B", '{"y"')) == ["-0", "+1 tool_use c2 B", "1 '{\"y\"'"]


def test_call_without_arguments_waits_for_them_while_another_is_announced(new_writer: NewWriter):
    parts = (
        ToolCallDelta(0, "c1", "A"),
        ToolCallDelta(1, "c2", "B"),
        ToolCallDelta(0, arguments='{"x":1}'),
        ToolCallDelta(1, arguments='{"y":1}'),
    )
    assert wrote(new_writer(), *parts) == [
        "+0 tool_use c1 A", "0 '{\"x\":1}'", "-0", "+1 tool_use c2 B", "1 '{\"y\":1}'",
    ]  # fmt: skip


def test_whole_call_is_complete_without_arguments(new_writer: NewWriter):
    assert wrote(new_writer(), ToolCallDelta(0, "c1", "A", whole=True), TextDelta("b")) == [
        "+0 tool_use c1 A", "-0", "+1 text", "1 'b'",
    ]  # fmt: skip


def test_text_inside_a_call_waits_for_the_rest_of_it(new_writer: NewWriter):
    writer = new_writer()
    parts = (
        ToolCallDelta(0, "c1", "A", '{"x"'),
        TextDelta("b"),
        ReasoningDelta("c", V),
        ToolCallDelta(1, "c2", "B", "{}"),
        ToolCallDelta(0, arguments=":1}"),
    )
    assert wrote(writer, *parts) == ["+0 tool_use c1 A", "0 '{\"x\"'", "0 ':1}'"]
    assert [event for event in wrote(writer, Finish()) if event[0] == "+"] == [
        "+1 text", "+2 thinking", "+3 tool_use c2 B",
    ]  # fmt: skip


def test_arguments_wait_for_the_name(new_writer: NewWriter):
    writer = new_writer()
    assert wrote(writer, ToolCallDelta(0, "c1", "", '{"a"')) == []
    assert wrote(writer, ToolCallDelta(0, "", "A", ":1}")) == ["+0 tool_use c1 A", "0 '{\"a\":1}'"]


def test_name_is_opened_once_though_it_is_repeated(new_writer: NewWriter):
    events = wrote(new_writer(), ToolCallDelta(0, "c1", "A", "{"), ToolCallDelta(0, "c1", "A", "}"))
    assert events == ["+0 tool_use c1 A", "0 '{'", "0 '}'"]


def test_call_without_a_name_is_dropped_with_a_notice(new_writer: NewWriter):
    writer = new_writer()
    assert wrote(writer, ToolCallDelta(0, "c1", "", "{}"), Finish(FinishReason.TOOLS)) == ["end_turn!"]
    assert notices(writer) == ["dropped.tool_call", "repaired.stop_reason", "empty_answer"]


def test_tool_call_without_id_gets_one(new_writer: NewWriter):
    assert wrote(new_writer(), ToolCallDelta(0, "", "A", "{}"))[0] == "+0 tool_use toolu_minted1 A"


def test_id_that_comes_twice_is_made_unique(new_writer: NewWriter):
    parts = (
        ToolCallDelta(0, "call_0", "A", "{}", whole=True),
        ToolCallDelta(1, "call_0", "A", "{}", whole=True),
    )
    starts = [event for event in wrote(new_writer(), *parts) if event[0] == "+"]
    assert starts == ["+0 tool_use call_0 A", "+1 tool_use toolu_gw1_Y2FsbF8w A"]


def test_id_of_the_history_is_made_unique(new_writer: NewWriter):
    events = wrote(new_writer(history_ids={"call_0": 2}), ToolCallDelta(0, "call_0", "A", "{}"))
    assert events[0] == "+0 tool_use toolu_gw2_Y2FsbF8w A"


def test_client_sees_its_own_tool_name(new_writer: NewWriter):
    events = wrote(
        new_writer(returned={"short": ClientToolName("a_long_name")}), ToolCallDelta(0, "c1", "short", "{}")
    )
    assert events[0] == "+0 tool_use c1 a_long_name"


MENDED = {
    "T": ClientToolName("T", mending=ArgumentRepair(b'{"properties":{"n":{"type":"integer"}}}', nulls=True))
}
REPAIRED = {
    "T": ClientToolName("T", mending=ArgumentRepair(b'{"properties":{"n":{"type":"integer"}}}', repair=True))
}


def test_member_of_a_toolset_is_named_as_the_client_knows_it(new_writer: NewWriter):
    writer = new_writer(returned={"computer__key": ClientToolName("key", "computer")})
    (start, *_) = [
        event
        for event in writer.write(ToolCallDelta(0, "c1", "computer__key", "{}"))
        if type(event) is e.ContentBlockStart
    ]
    block = msgspec.to_builtins(start.content_block)
    assert (block["name"], block["toolset_name"], block["caller"]) == ("key", "computer", {"type": "direct"})


def test_arguments_that_are_mended_are_held_until_the_call_is_over(new_writer: NewWriter):
    writer = new_writer(returned=MENDED)
    assert wrote(writer, ToolCallDelta(0, "c1", "T", '{"n":')) == ["+0 tool_use c1 T"]
    assert wrote(writer, ToolCallDelta(0, arguments="null}")) == []
    assert wrote(writer, Finish(FinishReason.TOOLS))[:2] == ["0 '{}'", "-0"]
    assert not [notice for notice in writer.notices if notice.name.startswith("repaired")]


def test_call_that_follows_ends_a_held_one(new_writer: NewWriter):
    writer = new_writer(returned=REPAIRED)
    wrote(writer, ToolCallDelta(0, "c1", "T", '{"n":"5"}'))
    assert wrote(writer, ToolCallDelta(1, "c2", "U", "{")) == [
        "0 '{\"n\":5}'",
        "-0",
        "+1 tool_use c2 U",
        "1 '{'",
    ]
    assert [notice.name for notice in writer.notices] == ["repaired.tool_arguments"]


def test_broken_arguments_are_mended_where_that_is_on(new_writer: NewWriter):
    writer = new_writer(returned=REPAIRED)
    events = wrote(writer, ToolCallDelta(0, "c1", "T", '{"n":1,}'), Finish(FinishReason.TOOLS))
    assert events[:3] == ["+0 tool_use c1 T", "0 '{\"n\":1}'", "-0"]
    assert writer.stop_reason == "tool_use"


def test_what_cannot_be_mended_ends_the_message_with_an_error(new_writer: NewWriter):
    writer = new_writer(returned=REPAIRED)
    assert wrote(writer, ToolCallDelta(0, "c1", "T", "I will not"), Finish(FinishReason.TOOLS)) == [
        "+0 tool_use c1 T",
        "error api_error",
    ]


def test_held_arguments_that_were_cut_off_are_shown_as_they_are(new_writer: NewWriter):
    writer = new_writer(returned=REPAIRED)
    events = wrote(writer, ToolCallDelta(0, "c1", "T", '{"n":'), Finish(FinishReason.LENGTH))
    assert events[:3] == ["+0 tool_use c1 T", "0 '{\"n\":'", "-0"]
    assert writer.stop_reason == "max_tokens"


def test_call_that_was_demanded_in_words_and_not_made_leaves_a_notice(new_writer: NewWriter):
    writer = new_writer(must_call=True)
    wrote(writer, TextDelta("no"), Finish())
    assert "dropped.tool_choice" in [notice.name for notice in writer.notices]
    writer = new_writer(must_call=True)
    wrote(writer, ToolCallDelta(0, "c1", "T", "{}"), Finish())
    assert "dropped.tool_choice" not in [notice.name for notice in writer.notices]


def test_only_the_first_call_where_parallel_ones_are_forbidden(new_writer: NewWriter):
    writer = new_writer(single_tool=True)
    parts = (
        ToolCallDelta(0, "c1", "A", '{"x"'),
        ToolCallDelta(1, "c2", "B", "{}"),
        ToolCallDelta(0, arguments=":1}"),
        ToolCallDelta(2, "c3", "C", "{}"),
    )
    events = wrote(writer, *parts, Finish(FinishReason.TOOLS))
    assert [event for event in events if event[0] == "+"] == ["+0 tool_use c1 A"]
    assert notices(writer) == ["dropped.parallel_tool_calls"]


def test_late_arguments_of_a_closed_call_are_dropped_with_a_notice(new_writer: NewWriter):
    writer = new_writer()
    wrote(writer, ToolCallDelta(0, "c1", "A", "{}"), TextDelta("b"), ToolCallDelta(0, arguments=" \n"))
    assert notices(writer) == []
    assert wrote(writer, ToolCallDelta(0, arguments='{"x":1}')) == []
    assert notices(writer) == ["dropped.tool_arguments"]


@pytest.mark.parametrize("arguments", ["", " ", "null", " null\n"])
def test_absent_arguments_are_an_empty_object(new_writer: NewWriter, arguments: str):
    events = wrote(new_writer(), ToolCallDelta(0, "c1", "A", arguments), Finish(FinishReason.TOOLS))
    assert events == ["+0 tool_use c1 A", "-0", "tool_use!"]


@pytest.mark.parametrize(
    "arguments", ['{"x":oops}', '{"x":1', '{"x":1,}', '{"x":1}}', "[1]", "7", "oops", "{" * 5000]
)
def test_invalid_arguments_end_in_an_error_and_leave_the_block_open(new_writer: NewWriter, arguments: str):
    writer = new_writer()
    events = wrote(writer, TextDelta("a"), ToolCallDelta(0, "c1", "A", arguments), Finish(FinishReason.TOOLS))
    assert events[-1] == "error api_error"
    assert "-1" not in events
    assert writer.fault is not None
    assert (writer.fault.kind, writer.ended) == (Kind.UPSTREAM_GARBAGE, True)


@pytest.mark.parametrize("arguments", ["[1]", '"{"', "7", "oops"])
def test_what_is_no_object_is_never_shown(new_writer: NewWriter, arguments: str):
    events = wrote(new_writer(), *(ToolCallDelta(0, "c1", "A", char) for char in arguments), Finish())
    assert events == ["+0 tool_use c1 A", "error api_error"]


def shown(index: int, arguments: str) -> str:
    return f"{index} {arguments!r}"


LISTS = b'{"type":"object","properties":{"l":{"type":"array"},"s":{"type":"string"}}}'


def test_what_nobody_has_seen_is_mended_by_the_tools_schema(new_writer: NewWriter):
    asked: list[str] = []

    def schema_of(name: str) -> bytes:
        asked.append(name)
        return LISTS

    writer = new_writer(schema_of=schema_of)
    parts = [
        *(ToolCallDelta(0, "c1", "A", char) for char in "[1,]"),
        ToolCallDelta(1, "c2", "B", '{"s":"x"}'),
        Finish(FinishReason.TOOLS),
    ]
    assert wrote(writer, *parts) == [
        "+0 tool_use c1 A",
        shown(0, '{"l":[1]}'),
        "-0",
        "+1 tool_use c2 B",
        shown(1, '{"s":"x"}'),
        "-1",
        "tool_use!",
    ]
    assert asked == ["A"]
    assert notices(writer) == ["repaired.tool_arguments"]


@pytest.mark.parametrize("plain", [True, False])
def test_whole_call_is_mended_before_it_is_shown(new_writer: NewWriter, plain: bool):
    events = wrote(
        new_writer(plain=plain),
        ToolCallDelta(0, "c1", "A", '{"s":"a\nb",}', whole=True),
        Finish(FinishReason.TOOLS),
    )
    assert events == ["+0 tool_use c1 A", shown(0, '{"s":"a\\nb"}'), "-0", "tool_use!"]


def test_call_that_had_to_wait_for_the_end_is_mended(new_writer: NewWriter):
    parts = [
        ToolCallDelta(0, "c1", "A", ""),
        ToolCallDelta(1, "c2", "B", '{"s":1,'),
        ToolCallDelta(1, arguments="}"),
        Finish(FinishReason.TOOLS),
    ]
    assert wrote(new_writer(), *parts) == [
        "+0 tool_use c1 A",
        "-0",
        "+1 tool_use c2 B",
        shown(1, '{"s":1}'),
        "-1",
        "tool_use!",
    ]


def test_plain_answer_is_mended_whatever_its_pieces(new_writer: NewWriter):
    writer = new_writer(plain=True)
    assert wrote(
        writer, *(ToolCallDelta(0, "c1", "A", char) for char in '{"s":"x",}'), Finish(FinishReason.TOOLS)
    ) == [
        "+0 tool_use c1 A",
        shown(0, '{"s":"x"}'),
        "-0",
        "tool_use!",
    ]


@pytest.mark.parametrize("arguments", ["[1", "oops", '"{'])
def test_what_was_cut_short_before_it_began_an_object_is_not_shown(new_writer: NewWriter, arguments: str):
    parts = (ToolCallDelta(0, "c1", "A", arguments), Finish(FinishReason.LENGTH))
    assert wrote(new_writer(), *parts) == ["+0 tool_use c1 A", "-0", "max_tokens!"]
    plain = new_writer(plain=True)
    assert fold(event for part in parts for event in plain.write(part))["content"] == []


def test_what_is_no_json_and_was_cut_short_stays_as_it_is(new_writer: NewWriter):
    """The client has seen it: no later event could take it back."""
    parts = (ToolCallDelta(0, "c1", "A", "{{"), Finish(FinishReason.LENGTH))
    assert wrote(new_writer(), *parts) == ["+0 tool_use c1 A", shown(0, "{{"), "-0", "max_tokens!"]
    plain = new_writer(plain=True)
    assert fold(event for part in parts for event in plain.write(part))["content"] == []


@pytest.mark.parametrize(
    ("finish", "stop"),
    [
        (FinishReason.LENGTH, "max_tokens!"),
        (FinishReason.WINDOW, "model_context_window_exceeded!"),
        (FinishReason.REFUSAL, "refusal!"),
    ],
)
def test_call_cut_short_is_closed_as_it_is(new_writer: NewWriter, finish: FinishReason, stop: str):
    parts = (ToolCallDelta(0, "c1", "A", '{"a":"b'), ToolCallDelta(1, "c2", "B", '{"c"'))
    assert wrote(new_writer(), *parts, Finish(finish)) == [
        "+0 tool_use c1 A", "0 '{\"a\":\"b'", "-0", "+1 tool_use c2 B", "1 '{\"c\"'", "-1", stop,
    ]  # fmt: skip


# ---------------------------------------------------------------- whole blocks


def test_block_is_passed_on_with_its_input_as_a_delta(new_writer: NewWriter):
    call = PassthroughBlock(
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    )
    result = PassthroughBlock({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []})
    text = PassthroughBlock({"type": "text", "text": "b"})
    assert wrote(new_writer(), TextDelta("a"), call, result, text, Finish()) == [
        "+0 text", "0 'a'", "-0",
        "+1 server_tool_use srvtoolu_1 web_search", "1 '{\"query\":\"x\"}'", "-1",
        "+2 web_search_tool_result", "-2",
        "+3 text", "3 'b'", "-3", "end_turn!",
    ]  # fmt: skip


# ---------------------------------------------------------------- the end


@pytest.mark.parametrize(
    ("parts", "end", "stop"),
    [
        ([TextDelta("a")], Finish(), "end_turn!"),
        ([TextDelta("a")], Finish(FinishReason.STOP, "END"), "stop_sequence!"),
        ([TextDelta("a")], Finish(FinishReason.LENGTH), "max_tokens!"),
        ([TextDelta("a")], Finish(FinishReason.WINDOW), "model_context_window_exceeded!"),
        ([TextDelta("a")], Finish(FinishReason.REFUSAL), "refusal!"),
        ([TextDelta("a")], Finish(FinishReason.TOOLS), "end_turn!"),
        ([ToolCallDelta(0, "c1", "A", "{}")], Finish(), "tool_use!"),
        ([ToolCallDelta(0, "c1", "A", "{}")], Finish(FinishReason.TOOLS), "tool_use!"),
        ([ToolCallDelta(0, "c1", "A", "{}")], Finish(FinishReason.STOP, "END"), "tool_use!"),
        ([ToolCallDelta(0, "c1", "A", "{}")], Finish(FinishReason.LENGTH), "max_tokens!"),
        ([], Finish(), "end_turn!"),
    ],
)
def test_stop_reason_follows_from_the_finish_and_the_calls(
    new_writer: NewWriter, parts: list[Part], end: Finish, stop: str
):
    writer = new_writer()
    assert wrote(writer, *parts, end)[-1] == stop
    assert f"{writer.stop_reason}!" == stop


def test_stop_sequence_and_refusal_are_told(new_writer: NewWriter):
    def end(part: Finish) -> e.Stop:
        writer = new_writer()
        events = [*writer.write(TextDelta("a")), *writer.write(part)]
        return next(event.delta for event in events if isinstance(event, e.MessageDelta))

    assert end(Finish(FinishReason.STOP, "END")).stop_sequence == "END"
    assert end(Finish(FinishReason.REFUSAL, explanation="no")).stop_details == e.StopDetails(explanation="no")


@pytest.mark.parametrize("parts", [[], [ReasoningDelta("a", V)], [TextDelta("\n")]])
def test_empty_answer_passes_with_a_notice(new_writer: NewWriter, parts: list[Part]):
    writer = new_writer()
    assert wrote(writer, *parts, Finish())[-1] == "end_turn!"
    assert notices(writer) == ["empty_answer"]


def test_an_answer_that_is_to_be_empty_leaves_no_notice(new_writer: NewWriter):
    writer = new_writer()
    assert wrote(writer, Finish(FinishReason.LENGTH, silent=True))[-1] == "max_tokens!"
    assert notices(writer) == []


def test_diagnostics_are_null_where_they_were_asked_for_and_else_absent(new_writer: NewWriter):
    for writer, there in ((new_writer(diagnostics=None), True), (new_writer(), False)):
        events = [event for part in (TextDelta("a"), Finish()) for event in writer.write(part)]
        assert (b'"diagnostics":null' in e.render(events)) is there
        assert ("diagnostics" in fold(events)) is there


def test_fault_is_an_error_event_that_closes_nothing(new_writer: NewWriter):
    writer = new_writer()
    fault = StreamError(Kind.RATE_LIMITED, "slow down", 429, 7)
    assert wrote(writer, ToolCallDelta(0, "c1", "A", "{}"), fault) == [
        "+0 tool_use c1 A",
        "0 '{}'",
        "error rate_limit_error",
    ]
    assert (writer.fault, writer.ended, writer.stop_reason) == (fault, True, None)


def test_fault_before_any_content_starts_no_message(new_writer: NewWriter):
    writer = new_writer()
    assert wrote(writer, StreamError(Kind.UPSTREAM_CUT, "gone")) == ["error api_error"]
    assert not writer.started


@pytest.mark.parametrize("end", [Finish(), StreamError(Kind.UPSTREAM_CUT, "gone")])
def test_nothing_follows_the_end(new_writer: NewWriter, end: Part):
    writer = new_writer()
    wrote(writer, TextDelta("a"), end)
    assert [writer.write(part) for part in (TextDelta("b"), ToolCallDelta(0, "c", "A"), Finish(), end)] == [
        [],
        [],
        [],
        [],
    ]
    assert writer.empty_delta() == []


# ---------------------------------------------------------------- usage


def usage_of(new_writer: NewWriter, *parts: Part) -> tuple[e.Usage, list[str]]:
    writer = new_writer()
    events = [event for part in (*parts, Finish()) for event in writer.write(part)]
    usage = next(event.usage for event in events if isinstance(event, e.MessageDelta))
    return usage, [notice.name for notice in writer.notices]


def test_figures_are_totals_that_replace_each_other(new_writer: NewWriter):
    sent = (Usage(input=5, output=1), Usage(output=2, cache_read=3), Usage(cache_write=4, thinking=1))
    usage, names = usage_of(new_writer, TextDelta("a"), *sent)
    assert usage == e.Usage(
        input_tokens=5,
        output_tokens=2,
        cache_read_input_tokens=3,
        cache_creation_input_tokens=4,
        cache_creation=e.CacheCreation(4),
        output_tokens_details=e.ThinkingTokens(1),
    )
    assert names == []


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([], (11, 25)),
        ([Usage(input=7)], (7, 25)),
        ([Usage(input=7, output=0)], (7, 25)),
        ([Usage(output=9)], (11, 9)),
    ],
)
def test_missing_figures_are_estimated_with_a_notice(
    new_writer: NewWriter, sent: list[Part], expected: tuple[int, int]
):
    content = (
        TextDelta("x" * 40),
        ReasoningDelta("x" * 40, V),
        ToolCallDelta(0, "c", "A", '{"k": "' + "x" * 11 + '"}'),
    )
    usage, names = usage_of(new_writer, *content, *sent)
    assert (usage.input_tokens, usage.output_tokens) == expected
    assert names == ["estimated.usage"]


def test_nothing_said_costs_nothing(new_writer: NewWriter):
    usage, names = usage_of(new_writer, Usage(input=7, output=0))
    assert (usage.output_tokens, names) == (0, ["empty_answer"])


# ---------------------------------------------------------------- the drip


def test_drip_before_the_message_starts_it_with_an_empty_text_block(new_writer: NewWriter):
    writer = new_writer()
    assert shorts(writer.empty_delta()) == ["+0 text", "0 ''"]
    assert writer.started
    assert shorts(writer.empty_delta()) == ["0 ''"]


@pytest.mark.parametrize(
    "part",
    [
        TextDelta("a"),
        ReasoningDelta("a", V),
        ToolCallDelta(0, "c1", "A", "{}"),
        PassthroughBlock({"type": "x"}),
    ],
)
def test_drip_block_is_closed_before_the_first_real_block(new_writer: NewWriter, part: Part):
    writer = new_writer()
    writer.empty_delta()
    assert wrote(writer, part)[:2] == ["-0", f"+1 {kind(part)}"]


def kind(part: Any) -> str:
    return {
        TextDelta: "text",
        ReasoningDelta: "thinking",
        ToolCallDelta: "tool_use c1 A",
        PassthroughBlock: "x",
    }[type(part)]


@pytest.mark.parametrize(
    ("part", "delta"),
    [
        (TextDelta("a"), e.TextDelta("")),
        (ReasoningDelta("a", V), e.ThinkingDelta("")),
        (ToolCallDelta(0, "c1", "A", '{"x"'), e.InputJsonDelta("")),
    ],
)
def test_drip_inside_a_block_is_an_empty_delta_of_its_kind(new_writer: NewWriter, part: Part, delta: e.Delta):
    writer = new_writer()
    writer.write(part)
    assert writer.empty_delta() == [e.ContentBlockDelta(0, delta)]


def test_drip_alone_ends_like_any_message(new_writer: NewWriter):
    writer = new_writer()
    writer.empty_delta()
    assert wrote(writer, Finish()) == ["-0", "end_turn!"]
