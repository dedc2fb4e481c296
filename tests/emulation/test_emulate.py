"""What the gateway does itself, and when it leaves a request alone."""

import json

import pytest
from attrs import evolve

from gateway.anthropic.request.decoding import decode_request
from gateway.emulation.emulate import SUMMARISE, Emulation, emulate
from gateway.emulation.filters import CompactionFilter, StopSequenceFilter
from gateway.errors import RequestRefused
from gateway.inbound import Inbound
from gateway.settings.quirks import PLAIN, Quirks
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.presets import PRESETS


def emulated(quirks: Quirks = PLAIN, **fields: object) -> tuple[Inbound, Emulation]:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}], **fields}).encode()
    inbound = Inbound("req_1", body, {}, decode_request(body))
    return inbound, emulate(inbound, ModelInfo("p", "m", quirks))


def names(emulation: Emulation) -> list[str]:
    return [notice.name for notice in emulation.notices]


def test_a_request_that_needs_nothing_is_the_same_object():
    inbound, emulation = emulated(max_tokens=5)
    assert emulation.inbound is inbound
    assert (emulation.filters, emulation.notices, emulation.applied_edits) == ((), (), None)


def test_hidden_stops_are_matched_here_on_a_stream():
    _, emulation = emulated(stop_sequences=["END", " "])
    assert emulation.inbound.request.stop_sequences == ()
    assert emulation.inbound.request.stream
    assert isinstance(emulation.filters[0], StopSequenceFilter)
    assert names(emulation) == ["emulated.stop_sequences"]


@pytest.mark.parametrize("preset", ["vllm", "llamacpp", "ollama"])
def test_stops_are_left_to_an_upstream_that_reports_them_or_cancels_late(preset):
    inbound, emulation = emulated(PRESETS[preset], stop_sequences=["END"])
    assert emulation.inbound is inbound


def test_more_stops_than_the_upstream_takes_are_matched_here():
    quirks = evolve(PRESETS["vllm"], stop_limit=1)
    _, emulation = emulated(quirks, stop_sequences=["A", "B"])
    assert names(emulation) == ["emulated.stop_sequences"]


def test_an_upstream_without_stop_sequences_gets_none():
    _, emulation = emulated(PRESETS["responses"], stop_sequences=["END"])
    assert names(emulation) == ["emulated.stop_sequences"]
    _, emulation = emulated(evolve(PRESETS["responses"], exact_stops=False), stop_sequences=["END"])
    assert emulation.inbound.request.stop_sequences == ()
    _, emulation = emulated(PRESETS["responses"], stop_sequences=[" "])
    assert names(emulation) == []


def test_edits_are_reported_even_where_they_change_nothing():
    edits = {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}
    inbound, emulation = emulated(context_management=edits)
    assert emulation.inbound is inbound
    assert emulation.applied_edits == ()


def test_a_summary_is_asked_for_without_tools_or_format():
    _, emulation = emulated(
        compaction={"type": "summarize"},
        tools=[{"name": "A", "input_schema": {}}],
        tool_choice={"type": "any"},
        output_config={"format": {"type": "json_schema", "schema": {}}},
    )
    request = emulation.inbound.request
    assert (request.tools, request.tool_choice, request.output_config) == ((), None, None)
    assert request.messages[-1].content[0].text == SUMMARISE
    assert isinstance(emulation.filters[0], CompactionFilter)


def test_instructions_take_the_place_of_ours():
    _, emulation = emulated(compaction={"type": "summarize", "instructions": "In verse."})
    assert emulation.inbound.request.messages[-1].content[0].text == "In verse."


@pytest.mark.parametrize(
    "fields",
    [
        {"compaction": {"type": "compress"}},
        {
            "compaction": {"type": "summarize"},
            "context_management": {"edits": [{"type": "clear_thinking_20251015"}]},
        },
    ],
)
def test_what_excludes_each_other_is_refused(fields):
    with pytest.raises(RequestRefused, match="compaction"):
        emulated(**fields)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"thread": {"type": "create"}}, "thread"),
        ({"container": {"skills": [{"skill_id": "x"}]}}, "container.skills"),
        ({"billing_policy": {"bill_to": "user_profile"}}, "billing_policy"),
    ],
)
def test_what_would_be_answered_wrongly_is_refused_unless_the_upstream_speaks_messages_itself(fields, said):
    with pytest.raises(RequestRefused, match=said):
        emulated(**fields)
    inbound, emulation = emulated(evolve(PLAIN, native=True), **fields)
    assert emulation.inbound is inbound


def test_a_container_without_skills_and_a_region_are_tolerated():
    _, emulation = emulated(container="c_1", inference_geo="eu")
    assert names(emulation) == ["dropped.inference_geo"]


def test_mcp_servers_are_refused_unless_there_are_none():
    with pytest.raises(RequestRefused, match="mcp_servers: provider p cannot call MCP servers"):
        emulated(mcp_servers=[{"type": "url", "url": "https://x.example", "name": "s"}])
    inbound, emulation = emulated(mcp_servers=[])
    assert emulation.inbound is inbound
    emulated(PRESETS["anthropic"], mcp_servers=[{"type": "url"}])
