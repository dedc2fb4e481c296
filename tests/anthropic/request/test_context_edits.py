"""What the edits of `context_management` clear, and what they report."""

import json

import pytest

from gateway.anthropic import wire as a
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.request.context_edits import CLEARED, EditedRequest, apply_edits
from gateway.anthropic.request.decoding import decode_request


def thought(text: str) -> dict:
    return {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": text, "signature": "s"}, said("ok")],
    }


def said(text: str) -> dict:
    return {"type": "text", "text": text}


def called(n: int, name: str = "Read") -> list[dict]:
    use = {"type": "tool_use", "id": f"t{n}", "name": name, "input": {"path": "x" * 100}}
    result = {"type": "tool_result", "tool_use_id": f"t{n}", "content": "y" * 1000}
    return [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]


def edit(
    messages: list[dict], *edits: dict, tokens: int = 10**6, notes: NoticeCollector | None = None
) -> EditedRequest:
    body = {"model": "m", "messages": messages, "context_management": {"edits": list(edits)}}
    return apply_edits(decode_request(json.dumps(body).encode()), tokens, notes or NoticeCollector())


def thoughts(request: a.MessagesRequest) -> list[str]:
    return [b.thinking for m in request.messages for b in m.content if isinstance(b, a.ThinkingBlock)]


def results(request: a.MessagesRequest) -> list[str]:
    blocks = [b for m in request.messages for b in m.content if isinstance(b, a.ToolResult)]
    return ["cleared" if block.content == (a.Text(CLEARED),) else "kept" for block in blocks]


THOUGHTS = [{"role": "user", "content": "go"}, thought("one" * 40), thought("two"), thought("three")]
CALLS = [{"role": "user", "content": "go"}, *called(1), *called(2), *called(3), *called(4)]


@pytest.mark.parametrize("keep", ["all", {"type": "all"}])
def test_all_reasoning_is_kept_where_asked_and_nothing_is_reported(keep):
    done = edit(THOUGHTS, {"type": "clear_thinking_20251015", "keep": keep})
    assert (len(thoughts(done.request)), done.applied) == (3, ())


def test_only_the_last_turns_reasoning_is_kept():
    keep = {"type": "thinking_turns", "value": 2}
    done = edit(THOUGHTS, {"type": "clear_thinking_20251015", "keep": keep})
    assert thoughts(done.request) == ["two", "three"]
    assert done.applied == (
        {"type": "clear_thinking_20251015", "cleared_thinking_turns": 1, "cleared_input_tokens": 30},
    )
    assert thoughts(edit(THOUGHTS, {"type": "clear_thinking_20251015"}).request) == ["three"]


def test_more_turns_to_keep_than_there_are_clear_nothing():
    keep = {"type": "thinking_turns", "value": 5}
    done = edit(THOUGHTS, {"type": "clear_thinking_20251015", "keep": keep})
    assert (len(thoughts(done.request)), done.applied) == (3, ())


def test_old_tool_results_are_cleared_and_the_newest_kept():
    keep = {"type": "tool_uses", "value": 1}
    done = edit(CALLS, {"type": "clear_tool_uses_20250919", "keep": keep})
    assert results(done.request) == ["cleared", "cleared", "cleared", "kept"]
    (report,) = done.applied
    assert report["cleared_tool_uses"] == 3
    assert report["cleared_input_tokens"] > 600


def test_nothing_is_cleared_before_the_trigger():
    tool_edit = {"type": "clear_tool_uses_20250919", "keep": {"type": "tool_uses", "value": 0}}
    assert edit(CALLS, tool_edit, tokens=100_000).applied == ()
    assert edit(CALLS, tool_edit, tokens=100_001).applied != ()
    by_uses = {**tool_edit, "trigger": {"type": "tool_uses", "value": 4}}
    assert edit(CALLS, by_uses).applied == ()
    assert edit([*CALLS, *called(5)], by_uses).applied != ()


def test_too_little_to_clear_clears_nothing():
    least = {"type": "input_tokens", "value": 10_000}
    done = edit(CALLS, {"type": "clear_tool_uses_20250919", "clear_at_least": least})
    assert (set(results(done.request)), done.applied) == ({"kept"}, ())


def test_excluded_tools_and_named_inputs():
    messages = [{"role": "user", "content": "go"}, *called(1, "Memory"), *called(2), *called(3)]
    done = edit(
        messages,
        {
            "type": "clear_tool_uses_20250919",
            "keep": {"type": "tool_uses", "value": 0},
            "exclude_tools": ["Memory"],
            "clear_tool_inputs": ["Read"],
        },
    )
    assert results(done.request) == ["kept", "cleared", "cleared"]
    inputs = [bytes(b.input) for m in done.request.messages for b in m.content if isinstance(b, a.ToolUse)]
    assert [text == b"{}" for text in inputs] == [False, True, True]


def test_an_edit_that_is_not_done_here_is_noted():
    notes = NoticeCollector()
    assert edit(CALLS, {"type": "compact_20260112"}, notes=notes).applied == ()
    assert [(notice.name, notice.detail) for notice in notes.notices] == [
        ("dropped.context_management", "compact_20260112")
    ]
