"""A search or fetch that nobody can do is answered as gateway/emulation/server_tools.py says."""

from __future__ import annotations

import json

import pytest
from attrs import evolve

from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.response import events as e
from gateway.anthropic.response.accumulate import fold
from gateway.anthropic.response.writer import MessageWriter
from gateway.anthropic.tool_ids import ClientCallIds
from gateway.emulation.local import local_answer
from gateway.inbound import Inbound
from gateway.parts import PassthroughBlock, Usage
from gateway.settings.models import Timeouts
from gateway.settings.quirks import PLAIN
from gateway.upstreams.base import Target
from gateway.upstreams.model_info import ModelInfo

SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
FETCH = {"type": "web_fetch_20250910", "name": "web_fetch"}
OWN = {"name": "Read", "input_schema": {"type": "object"}}


def target(**quirks: object) -> Target:
    return Target(None, ModelInfo("p", "m", evolve(PLAIN, **quirks)), Timeouts())


def inbound(tools: list[dict], choice: object = None, content: object = "Perform a web search for: litestar"):
    body = json.dumps(
        {
            "model": "m",
            "messages": [{"role": "user", "content": content}],
            "tools": tools,
            "tool_choice": choice,
        }
    ).encode()
    return Inbound("req_1", body, {}, decode_request(body))


async def message(asked: Inbound) -> dict:
    attempt = local_answer(asked, target())
    assert attempt is not None
    assert [n.name for n in attempt.request.notices] == ["emulated.server_tool"]
    writer = MessageWriter("msg_1", "m", "req_1", 40, ClientCallIds(lambda: "toolu_1"))
    events: list[e.Event] = []
    while (parts := await attempt.read()) is not None:
        events += [event for part in parts for event in writer.write(part)]
    return fold(events)


async def test_forced_search_is_answered_in_the_apis_form():
    asked = inbound([SEARCH], {"type": "tool", "name": "web_search"})
    answer = await message(asked)
    call, result, text = answer["content"]
    assert call == {
        "type": "server_tool_use",
        "id": call["id"],
        "name": "web_search",
        "input": {"query": "litestar"},
    }
    assert call["id"].startswith("srvtoolu_")
    assert result == {
        "type": "web_search_tool_result",
        "tool_use_id": call["id"],
        "content": {"type": "web_search_tool_result_error", "error_code": "unavailable"},
    }
    assert text["text"] == "Web search is not available on this gateway."
    assert answer["stop_reason"] == "end_turn"
    assert answer["usage"]["server_tool_use"] == {"web_search_requests": 0, "web_fetch_requests": 0}


@pytest.mark.parametrize(
    ("tools", "choice", "answered"),
    [
        ([SEARCH], None, True),
        ([SEARCH], {"type": "auto"}, True),
        ([SEARCH], {"type": "any"}, True),
        ([SEARCH], {"type": "none"}, False),
        ([SEARCH, OWN], None, False),
        ([SEARCH, OWN], {"type": "any"}, False),
        ([SEARCH, OWN], {"type": "tool", "name": "web_search"}, True),
        ([SEARCH, OWN], {"type": "tool", "name": "Read"}, False),
        ([SEARCH, {**OWN, "name": "web_search"}], {"type": "tool", "name": "web_search"}, False),
        ([FETCH], None, True),
        ([OWN], {"type": "any"}, False),
        ([], None, False),
    ],
)
def test_only_a_search_that_is_alone_or_forced_is_answered_here(
    tools: list[dict], choice: object, answered: bool
):
    assert (local_answer(inbound(tools, choice), target()) is not None) is answered


CHANGES = {
    "removed": {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "Read"}},
    "searches": {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "web_search"}},
    "defined": {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": OWN}},
}


@pytest.mark.parametrize(
    ("tools", "change", "answered"),
    [
        ([SEARCH, {**OWN, "name": "DeferredToolPlaceholder"}], None, True),
        ([SEARCH, {**OWN, "allowed_callers": ["code_execution_20260120"]}], None, True),
        ([SEARCH, OWN], "removed", True),
        ([SEARCH, OWN], "searches", False),
        ([SEARCH], "searches", False),
        ([SEARCH], "defined", False),
    ],
)
def test_what_counts_is_what_the_model_is_offered(tools: list[dict], change: str | None, answered: bool):
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": tools}
    if change:
        body["messages"] += [{"role": "system", "content": [CHANGES[change]]}]
    encoded = json.dumps(body).encode()
    asked = Inbound("req_1", encoded, {}, decode_request(encoded))
    assert (local_answer(asked, target()) is not None) is answered


def test_changes_before_a_summary_count_as_it_says():
    block = {"type": "compaction", "content": "S", "tool_changes": [CHANGES["removed"]]}
    messages = [
        {"role": "user", "content": "x"},
        {"role": "system", "content": [CHANGES["defined"]]},
        {"role": "assistant", "content": [block]},
        {"role": "user", "content": "y"},
    ]
    encoded = json.dumps({"model": "m", "messages": messages, "tools": [SEARCH, OWN]}).encode()
    asked = Inbound("req_1", encoded, {}, decode_request(encoded))
    assert local_answer(asked, target()) is not None


@pytest.mark.parametrize(
    ("tool", "content", "given"),
    [
        (SEARCH, "just words", {"query": "just words"}),
        (SEARCH, "look for:", {"query": "look for:"}),
        (SEARCH, [{"type": "text", "text": "a: b"}, {"type": "text", "text": " "}], {"query": "b"}),
        (FETCH, "Read https://a.example/x: it is short", {"url": "https://a.example/x"}),
        (FETCH, "nothing to read", {"url": "nothing to read"}),
    ],
)
def test_query_is_what_the_user_said_last(tool: dict, content: object, given: dict):
    attempt = local_answer(inbound([tool], content=content), target())
    assert attempt is not None
    block = attempt.parts[0]
    assert isinstance(block, PassthroughBlock)
    assert block.block["input"] == given


def test_figures_are_there_without_an_upstream():
    attempt = local_answer(inbound([SEARCH]), target())
    assert attempt is not None
    usage = next(part for part in attempt.parts if isinstance(part, Usage))
    assert usage.input
