"""Tool results that are errors, have no call, or are missing."""

import pytest

from gateway.anthropic.conversation.content_parts import ContentPart, ImagePart
from gateway.anthropic.conversation.tool_results import (
    INTERRUPTED,
    fill_missing_results,
    mark_as_error,
    orphan_result_text,
)
from gateway.anthropic.conversation.turns import ToolResult
from gateway.anthropic.notices import NoticeCollector
from gateway.parts import Notice

IMAGE = ImagePart("image/png", "AAAA")


@pytest.mark.parametrize(
    ("shown", "marked"),
    [
        ([], ["Error: (no output)"]),
        ([""], ["Error: (no output)"]),
        (["exit 1", IMAGE], ["Error: exit 1", IMAGE]),
        (["ERROR: no such file"], ["ERROR: no such file"]),
        (["<tool_use_error>bad</tool_use_error>"], ["<tool_use_error>bad</tool_use_error>"]),
        (["An error"], ["Error: An error"]),
        ([IMAGE, "x"], ["Error:", IMAGE, "x"]),
    ],
)
def test_error_is_stated_once_in_the_text(shown: list[ContentPart], marked: list[ContentPart]):
    assert mark_as_error(shown) == marked


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ([], ["[result of unknown tool call t]\n"]),
        (["å", "b"], ["[result of unknown tool call t]\nå", "b"]),
        ([IMAGE, "b"], ["[result of unknown tool call t]\n", IMAGE, "b"]),
    ],
)
def test_result_without_a_call_is_titled_user_text(shown: list[ContentPart], text: list[ContentPart]):
    assert orphan_result_text("t", shown) == text


def test_call_without_a_result_is_answered_as_interrupted():
    notes = NoticeCollector()
    one, two, three = ToolResult("a", "T"), ToolResult("b", "T"), ToolResult("c", "U")
    fill_missing_results({"T": [one, two], "none": [], "U": [three]}, notes)
    assert [result.pieces for result in (one, two, three)] == [[INTERRUPTED]] * 3
    assert notes.notices == (Notice("emulated.tool_result", "a call without result"),)


def test_complete_results_cause_no_notice():
    notes = NoticeCollector()
    fill_missing_results({}, notes)
    assert notes.notices == ()
