"""Where `cache_control` stands in a request."""

import json

import pytest

from gateway.anthropic.request.cache_control import (
    NO_MARKS,
    CacheMarks,
    SystemCut,
    find_cache_marks,
    system_cuts,
)
from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.request.system_prompt import BETWEEN, conversation_start
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


HOUR = CacheControl("ephemeral", "1h")


def cuts(body: dict) -> tuple[SystemCut, ...]:
    data = json.dumps({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}], **body})
    request = decode_request(data.encode())
    return system_cuts(request, conversation_start(request), find_cache_marks(data.encode()))


def text(said: str, **more: object) -> dict:
    return {"type": "text", "text": said, **more}


LASTING = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}


@pytest.mark.parametrize(
    ("body", "ends"),
    [
        ({}, ()),
        ({"system": "abc"}, (SystemCut(3),)),
        (
            {"system": [text("a"), text("bé", **MARK), text(""), text("c", **LASTING)]},
            (SystemCut(1), SystemCut(5, FOUND), SystemCut(8, HOUR)),
        ),
        ({"system": [text("", **MARK)]}, ()),
    ],
    ids=["no prompt", "a text", "blocks", "an empty block"],
)
def test_prompt_is_cut_where_its_blocks_end(body: dict, ends: tuple[SystemCut, ...]):
    assert cuts(body) == ends


def test_ends_are_those_of_the_joined_prompt():
    body = {"system": [text("one"), text("two"), text("three")]}
    prompt = BETWEEN.join(block["text"] for block in body["system"])
    assert [prompt[: cut.at] for cut in cuts(body)] == ["one", "one\n\ntwo", prompt]


@pytest.mark.parametrize(
    ("system", "ends"),
    [
        ([text("a"), text("b")], (SystemCut(1, HOUR), SystemCut(4))),
        ([text("a", **MARK)], (SystemCut(1, FOUND),)),
        ([], ()),
    ],
)
def test_mark_of_the_tools_is_at_the_first_end_without_its_own(system: list, ends: tuple[SystemCut, ...]):
    assert cuts({"system": system, "tools": [{"name": "T", "input_schema": {}, **LASTING}]}) == ends


def test_system_messages_before_the_first_users_are_blocks_of_the_prompt():
    early = {"role": "system", "content": [text("b", **LASTING), text("c", **MARK)]}
    late = {"role": "system", "content": [text("d", **MARK)]}
    user_ = {"role": "user", "content": "x"}
    assert cuts({"system": "a", "messages": [early, user_, late]}) == (SystemCut(1), SystemCut(7, FOUND))


def test_unreadable_marks_are_discarded_together():
    odd = {"type": "tool_result", "content": [{"type": 1, "cache_control": {"type": "ephemeral"}}]}
    assert not found(system=[text("a", **MARK)], messages=user(odd))
