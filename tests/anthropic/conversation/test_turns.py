"""A conversation's turns: how content, reminders, marks and reasoning accumulate in them."""

from typing import Literal

import pytest
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.conversation.turns import (
    AssistantTurn,
    ConversationOptions,
    ReasoningItem,
    SystemTurn,
    ToolCall,
    ToolResult,
    Turn,
    UserTurn,
    arguments_object,
    drop_old_reasoning,
    user_turn,
)
from gateway.anthropic.signatures import NO_REPLAY, Replay, sign

MARK, OTHER = a.CacheControl("ephemeral"), a.CacheControl("ephemeral", "1h")


def test_user_turn_is_the_last_one_or_appended():
    turns: list[Turn] = []
    first = user_turn(turns)
    assert turns == [first]
    assert user_turn(turns) is first
    turns.append(AssistantTurn())
    assert user_turn(turns) is turns[2]
    assert turns[2] is not first


@pytest.mark.parametrize(
    ("replay", "signed_calls", "family", "expected"),
    [
        ("all", False, "vllm", Replay("hm", call="sig")),
        ("current_turn", False, "vllm", Replay("hm", call="sig")),
        ("none", False, "vllm", NO_REPLAY),
        ("none", True, "vllm", Replay(call="sig")),
        ("none", True, "other", NO_REPLAY),
        ("all", False, "other", NO_REPLAY),
    ],
)
def test_replayed_content_of_a_thinking_block(
    replay: Literal["all", "current_turn", "none"], signed_calls: bool, family: str, expected: Replay
):
    block = a.ThinkingBlock("hm", sign({"p": "vllm", "c": "sig"}))
    options = ConversationOptions(family=family, replay=replay, signed_calls=signed_calls)
    assert options.replayed(block) == expected


@pytest.mark.parametrize(
    ("result", "pieces"),
    [
        (ToolResult("t", "T"), None),
        (ToolResult("t", "T", []), []),
        (ToolResult("t", "T", ["x"]), ["x"]),
        (ToolResult("t", "T", quoted=Raw(b'"\\u00e9"')), ["é"]),
        (ToolResult("t", "T", quoted=Raw(b'""')), []),
    ],
)
def test_pieces_of_a_result(result: ToolResult, pieces: list | None):
    assert result.pieces == pieces
    result.open()
    assert (result.pieces, bytes(result.quoted)) == (pieces, b"")


def test_reminder_directly_after_results_belongs_to_them():
    turn = UserTurn(results=[ToolResult("t", "T", ["x"])])
    turn.add_reminder("r")
    turn.add_reminder("s")
    turn.settle()
    assert (turn.reminders, turn.pieces) == (["r", "s"], [])


def test_reminders_after_a_text_are_appended_to_it():
    turn = UserTurn()
    turn.add_reminder("first")
    turn.add_reminder("second")
    turn.add_content(["text"])
    turn.add_reminder("third")
    turn.settle()
    turn.settle()
    assert turn.pieces == ["first\n\nsecond", "text\n\nthird"]
    assert turn.following == []


@pytest.mark.parametrize(
    ("marked", "count", "results_mark", "marks"),
    [
        ([], 2, None, None),
        ([(1, MARK)], 2, None, {1: MARK}),
        ([(0, MARK)], 2, None, {0: MARK}),
        ([(0, MARK), (2, OTHER)], 3, MARK, {1: OTHER}),
        ([(1, MARK), (1, OTHER)], 2, None, {1: OTHER}),
        ([(5, MARK)], 2, None, None),
    ],
)
def test_marks_belong_to_the_piece_before_them(
    marked: list, count: int, results_mark: a.CacheControl | None, marks: dict | None
):
    turn = UserTurn(pieces=["a", "b", "c"])
    turn.mark_pieces(marked, count)
    assert (turn.results_mark, turn.marks) == (results_mark, marks)


def test_mark_of_a_turn_is_at_its_end():
    user, assistant, system = UserTurn(pieces=["a", "b"]), AssistantTurn(), SystemTurn("s")
    for turn in (user, assistant, system):
        turn.mark(MARK)
    assert (user.marks, assistant.end_mark, system.end_mark) == ({1: MARK}, MARK, MARK)
    empty = UserTurn()
    empty.mark(MARK)
    assert empty.results_mark == MARK


def test_parts_of_an_assistant_turn_are_joined_in_order():
    call = ToolCall("t", "T", Raw(b"{}"))
    detail = Raw(b'{"text":"d"}')
    turn, later = AssistantTurn(), AssistantTurn()
    turn.add_reasoning(Replay("one", "i1", "enc1"))
    turn.add_text("He")
    turn.add_text("llö")
    turn.calls.append(call)
    later.add_text("!")
    later.add_reasoning(Replay("two", "i2", "enc2", (detail,)))
    later.add_reasoning(Replay("three"))
    later.calls.append(call)
    turn.extend(later)
    turn.settle()
    assert turn == AssistantTurn(
        text="Hellö!",
        thinking="one\n\ntwo\n\nthree",
        calls=[call, call],
        thoughts=[
            ReasoningItem("i1", "enc1", "one"),
            ReasoningItem("i2", "enc2", "two", text_length=6, calls=1),
        ],
        details=[detail],
    )


def thinking(text: str) -> AssistantTurn:
    return AssistantTurn("x", text, [], [ReasoningItem("i", "e", text)], [Raw(b"{}")])


@pytest.mark.parametrize(
    ("before_last", "kept"),
    [
        ([], ["a", "b"]),
        ([UserTurn(pieces=["new question"])], ["", "b"]),
        ([UserTurn(results=[ToolResult("t", "T", ["x"])])], ["a", "b"]),
        ([SystemTurn("s")], ["a", "b"]),
    ],
)
def test_reasoning_before_the_last_user_content_is_dropped(before_last: list[Turn], kept: list[str]):
    first, last = thinking("a"), thinking("b")
    drop_old_reasoning([UserTurn(pieces=["question"]), first, *before_last, last])
    assert [first.thinking, last.thinking] == kept
    assert [bool(first.thoughts), bool(first.details)] == [bool(kept[0])] * 2
    assert first.text == "x"


def test_conversation_without_user_turns_keeps_its_reasoning():
    turn = thinking("a")
    drop_old_reasoning([turn])
    assert turn.thinking == "a"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b'{"a": 1.0}', b'{"a": 1.0}'),
        (b"", b"{}"),
        (b"null", b"{}"),
        (b'"x"', b'{"input":"x"}'),
        (b"[1]", b'{"input":[1]}'),
    ],
)
def test_arguments_are_an_object(sent: bytes, kept: bytes):
    assert bytes(arguments_object(Raw(sent))) == kept
