"""The system prompt of a request, and the system messages inside its conversation."""

import pytest

from gateway.anthropic import wire as a
from gateway.anthropic.request.system_prompt import (
    ConversationStart,
    conversation_start,
    opening,
    reminder,
    system_message_text,
    system_texts,
)


def message(role: str, *texts: str, clear_at: str | None = None) -> a.Message:
    return a.Message(role, tuple(map(a.Text, texts)), clear_at=clear_at)


def start(*messages: a.Message, system: tuple[str, ...] = ()) -> ConversationStart:
    return conversation_start(a.MessagesRequest(model="m", messages=messages, system=system))


@pytest.mark.parametrize(
    ("system", "kept"),
    [
        ((), []),
        (("a", "", "b"), ["a", "", "b"]),
        (("x-anthropic-billing-header: v=1;", "b"), ["", "b"]),
        (("x-anthropic-billing-header: v=1;\n\nReal prompt\n", "b"), ["Real prompt\n", "b"]),
        (("a", "x-anthropic-billing-header: v=1;"), ["a", "x-anthropic-billing-header: v=1;"]),
    ],
)
def test_attribution_is_removed_from_the_first_block_only(system: tuple[str, ...], kept: list[str]):
    assert system_texts(system) == kept


@pytest.mark.parametrize(
    ("messages", "system", "expected"),
    [
        ((message("user", "x"),), (), ConversationStart("", 0, 0, 0)),
        ((message("user", "x"),), ("a", "", "b"), ConversationStart("a\n\nb", 0, 0, 0)),
        (
            (message("system", "s", "é"), message("user", "x")),
            ("a",),
            ConversationStart("a\n\ns\n\né", 1, 0, 1),
        ),
        (
            (message("user", "x"), message("system", "later"), message("user", "y")),
            (),
            ConversationStart("", 0, 0, 2),
        ),
        (
            (message("user", "x"), message("assistant", "y"), message("system", "s"), message("user", "z")),
            (),
            ConversationStart("", 0, 2, 3),
        ),
        ((message("assistant", "x"), message("user", "y")), (), ConversationStart("", 1, 1, 1)),
        ((message("system", "s"), message("assistant", "x")), (), ConversationStart("s", 1, -1, -1)),
        ((message("system", "s"),), (), ConversationStart("s", 1, -1, -1)),
        ((message("developer", "x"), message("assistant", "y")), (), ConversationStart("", 0, 0, 0)),
    ],
)
def test_start_of_a_conversation(
    messages: tuple[a.Message, ...], system: tuple[str, ...], expected: ConversationStart
):
    assert start(*messages, system=system) == expected


@pytest.mark.parametrize(
    ("roles", "newest", "first"),
    [
        ("user", 0, 0),
        ("user assistant user", 2, 2),
        ("user assistant user system user", 4, 2),
        ("system user user", 2, 0),
    ],
)
def test_newest_turn_begins_after_the_last_assistant_message(roles: str, newest: int, first: int):
    assert opening(tuple(message(role, "x") for role in roles.split()), newest) == first


@pytest.mark.parametrize(
    ("sent", "newest", "text"),
    [
        (message("system", "a", "", "b"), 5, "a\n\nb"),
        (message("system"), 5, ""),
        (message("system", "a", clear_at="next_user_message"), 2, ""),
        (message("system", "a", clear_at="next_user_message"), 1, "a"),
        (message("system", "a", clear_at="never"), 2, "a"),
    ],
)
def test_text_of_a_system_message_until_it_is_cleared(sent: a.Message, newest: int, text: str):
    assert system_message_text(sent, 1, newest) == text


def test_unknown_block_gives_its_text_and_other_blocks_none():
    blocks = (a.Unknown("new", a.Raw(b"{}"), "from it"), a.ToolReference("T"), a.Text("t"))
    assert system_message_text(a.Message("system", blocks), 0, 0) == "from it\n\nt"


def test_reminder_is_tagged():
    assert reminder("Ünicode") == "<system-reminder>\nÜnicode\n</system-reminder>"
