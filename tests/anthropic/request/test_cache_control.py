"""Where `cache_control` stands in a request."""

import json

import pytest

from gateway.anthropic.request.cache_control import NO_MARKS, CacheMarks, find_cache_marks
from gateway.anthropic.wire import CacheControl

MARK = {"cache_control": {"type": "ephemeral"}}
FOUND = CacheControl("ephemeral")


def found(**sent: object) -> CacheMarks:
    return find_cache_marks(json.dumps({"messages": [], **sent}).encode())


def user(*blocks: dict) -> list[dict]:
    return [{"role": "user", "content": "plain"}, {"role": "user", "content": list(blocks)}]


def test_blocks_are_found_by_their_places():
    hour = {"cache_control": {"type": "ephemeral", "ttl": "1h", "scope": "global"}}
    got = found(
        system=[{"type": "text", "text": "a"}, {"type": "text", "text": "b", **hour}],
        tools=[{"name": "x", **hour}, {"name": "y", **MARK}, {"name": "z"}],
        messages=user({"type": "text", "text": "a", **MARK}, {"type": "image"}, {"type": "image", **hour}),
    )
    lasting = CacheControl("ephemeral", "1h")
    assert got == CacheMarks({1: lasting}, FOUND, {1: {0: FOUND, 2: lasting}})


def test_mark_inside_a_tool_result_stands_at_its_end():
    result = {"type": "tool_result", "content": [{"type": "text", "text": "a", **MARK}, {"type": "text"}]}
    assert found(messages=user(result)).messages == {1: {0: FOUND}}


def test_without_marks_there_are_none():
    assert find_cache_marks(b'{"system":"s","messages":[{"content":"hi"}]}') is NO_MARKS
    assert not NO_MARKS


def test_mark_on_the_request_is_none_on_a_block():
    assert not found(**MARK, messages=user({"type": "text", "text": "cache_control"}))


@pytest.mark.parametrize("mark", [None, {}, {"type": "lasting"}, {"type": 1}, "ephemeral", []])
def test_what_is_no_mark_is_ignored(mark: object):
    assert not found(messages=user({"type": "text", "text": "a", "cache_control": mark}))
