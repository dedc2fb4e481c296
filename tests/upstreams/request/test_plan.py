"""What is decided about a request before it is encoded in any protocol."""

from __future__ import annotations

import json

import pytest
from attrs import evolve

from gateway.anthropic.request.attachments import NO_ATTACHMENTS
from gateway.anthropic.request.decoding import decode_request
from gateway.errors import RequestRefused
from gateway.inbound import Inbound
from gateway.settings.models import Sampling
from gateway.settings.quirks import PLAIN, Quirks
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.request.plan import (
    NAME_LENGTH,
    NO_PREFILL,
    RequestPlan,
    append_instruction,
    make_plan,
    shortened_name,
)
from gateway.upstreams.upstream_request import NO_ADAPTATIONS, Adaptations

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
TOOL = {"name": "T", "description": "Does it.", "input_schema": SCHEMA}
OTHER = {"name": "U", "input_schema": SCHEMA}
USER = {"role": "user", "content": "x"}
FORM = {"type": "json_schema", "schema": SCHEMA}
ADAPTIVE = {"type": "adaptive"}


def planned(
    quirks: Quirks = PLAIN,
    adaptations: Adaptations = NO_ADAPTATIONS,
    level: str = "full",
    info: ModelInfo | None = None,
    **more: object,
) -> RequestPlan:
    body = json.dumps({"model": "m", "messages": [USER], **more}).encode()
    inbound = Inbound("req_1", body, {}, decode_request(body))
    return make_plan(inbound, info or ModelInfo("local", "m", quirks), adaptations, NO_ATTACHMENTS, level)


def names(todo: RequestPlan) -> list[str]:
    return [notice.name for notice in todo.notices.notices]


# ---------------------------------------------------------------- the conversation


@pytest.mark.parametrize(
    "messages", [[{"role": "assistant", "content": ""}], [{"role": "system", "content": "S"}]]
)
def test_a_conversation_without_anything_to_send_is_refused(messages: list[dict]):
    with pytest.raises(RequestRefused, match="nothing in them can be sent"):
        planned(messages=messages)


def test_a_prefill_is_refused_or_planned():
    messages = [USER, {"role": "assistant", "content": "Once"}]
    with pytest.raises(RequestRefused) as caught:
        planned(messages=messages)
    assert caught.value.message == NO_PREFILL
    todo = planned(evolve(PLAIN, prefill="continue"), messages=messages)
    assert todo.prefill == "Once"
    assert todo.upstream_request(b"{}", single_tool=False).prefill == "Once"


def test_marks_are_found_only_for_servers_that_take_them():
    system = [{"type": "text", "text": "S", "cache_control": {"type": "ephemeral"}}]
    marked = planned(evolve(PLAIN, cache_markers="cache_control"), system=system)
    assert marked.marked
    assert [cut.at for cut in marked.cuts] == [1]
    assert not planned(system=system).marked


# ---------------------------------------------------------------- tools

ANY, NONE, NAMED = {"type": "any"}, {"type": "none"}, {"type": "tool", "name": "T"}


@pytest.mark.parametrize(
    ("level", "choice", "sent", "offered", "system", "notice"),
    [
        ("full", ANY, "any", ["T", "U"], "S", None),
        ("full", NONE, "none", ["T", "U"], "S", None),
        ("full", NAMED, "tool", ["T", "U"], "S", None),
        ("no_named", ANY, "any", ["T", "U"], "S", None),
        ("no_named", NAMED, "any", ["T"], "S", "emulated.tool_choice_tool"),
        ("no_required", NAMED, "tool", ["T", "U"], "S", None),
        (
            "no_required",
            ANY,
            "auto",
            ["T", "U"],
            "S\n\nYou must call one of the tools.",
            "emulated.tool_choice_any",
        ),
        ("none", NAMED, "auto", ["T"], "S\n\nYou must call the tool T.", "emulated.tool_choice_tool"),
        ("none", NONE, "auto", [], "S", "emulated.tool_choice_none"),
        ("none", {"type": "auto"}, "auto", ["T", "U"], "S", None),
    ],
)
def test_a_choice_that_the_server_lacks_is_emulated(
    level: str, choice: dict, sent: str, offered: list[str], system: str, notice: str | None
):
    todo = planned(level=level, tools=[TOOL, OTHER], tool_choice=choice, system="S")
    assert todo.choice.type == sent
    assert [function.name for function in todo.functions] == offered
    assert todo.system == system
    assert names(todo) == ([notice] if notice else [])


def test_a_refused_choice_is_emulated_too():
    refused = Adaptations(dropped=frozenset({"tool_choice"}))
    todo = planned(adaptations=refused, tools=[TOOL], tool_choice=ANY)
    assert (todo.choice.type, todo.system) == ("auto", "You must call one of the tools.")


@pytest.mark.parametrize(("tools", "single"), [([TOOL], True), ([], False)])
def test_parallel_calls_are_forbidden_only_where_there_are_tools(tools: list[dict], single: bool):
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    assert planned(tools=tools, tool_choice=choice).single is single


@pytest.mark.parametrize(("choice", "demanded"), [("any", True), ("auto", False), ("none", False)])
def test_a_call_is_demanded_by_the_choice_alone(choice: str, demanded: bool):
    for level in ("full", "none"):
        todo = planned(level=level, tools=[TOOL], tool_choice={"type": choice})
        assert todo.must_call is demanded


def test_a_search_of_the_upstream_is_no_demanded_call():
    quirks = evolve(PLAIN, web_search=True)
    tools = [TOOL, {"type": "web_search_20250305", "name": "web_search"}]
    for choice in ({"type": "any"}, {"type": "tool", "name": "web_search"}):
        assert not planned(quirks, tools=tools, tool_choice=choice).must_call
    named = planned(quirks, tools=tools, tool_choice=NAMED)
    assert named.must_call
    assert named.search is not None
    refused = planned(quirks, Adaptations(dropped=frozenset({"web_search"})), tools=tools)
    assert refused.search is None


# ---------------------------------------------------------------- reasoning


def test_reasoning_is_off_beside_a_forced_tool_where_the_server_refuses_both():
    quirks = evolve(PLAIN, forced_while_thinking=False)
    forced = {"tools": [TOOL], "tool_choice": ANY, "thinking": ADAPTIVE}
    assert planned(PLAIN, **forced).reasoning.on is True
    todo = planned(quirks, **forced)
    assert todo.reasoning.on is False
    assert names(todo) == ["dropped.thinking"]
    assert names(planned(quirks, **{**forced, "thinking": {"type": "disabled"}})) == []
    assert planned(quirks, **{**forced, "tool_choice": {"type": "auto"}}).reasoning.on is True


@pytest.mark.parametrize(
    ("reasons", "think", "may"),
    [(True, True, True), (None, True, True), (False, True, False), (None, False, False)],
)
def test_the_model_may_reason_unless_something_rules_it_out(reasons: bool | None, think: bool, may: bool):
    info = ModelInfo("local", "m", PLAIN, reasoning=reasons)
    todo = planned(adaptations=Adaptations(think=think), info=info, thinking=ADAPTIVE)
    assert todo.may_reason is may
    assert names(todo) == ([] if may else ["dropped.thinking"])
    assert names(planned(adaptations=Adaptations(think=think), info=info)) == []


# ---------------------------------------------------------------- what is built


def test_the_upstream_request_has_what_the_reader_has_to_know():
    todo = planned(
        tools=[TOOL],
        tool_choice=ANY,
        thinking={"type": "adaptive", "display": "omitted"},
        max_tokens=500,
        stop_sequences=["END"],
        output_config={"format": FORM},
    )
    built = todo.upstream_request(b"{}", single_tool=True, window=4096)
    assert (built.body, built.window) == (b"{}", 4096)
    assert built.answer.single_tool
    assert built.answer.must_call
    options = built.options
    assert (options.thinking, options.display) == (True, "omitted")
    assert (options.stop_sequences, options.max_tokens) == (("END",), 500)
    assert options.prompt_tokens == todo.prompt_tokens > 0
    assert built.format is not None
    assert [json.loads(schema) for schema in built.schemas()] == [SCHEMA, SCHEMA]
    assert json.loads(built.answer.schema_of("T")) == SCHEMA
    assert built.answer.schema_of("unknown") == b""


def test_without_a_format_there_are_only_the_schemas_of_functions():
    built = planned(tools=[TOOL]).upstream_request(b"{}", single_tool=False)
    assert built.format is None
    assert [json.loads(schema) for schema in built.schemas()] == [SCHEMA]
    assert not built.answer.must_call


def test_configured_fields_are_merged_into_the_body():
    info = ModelInfo("local", "m", PLAIN, extra_body={"seed": 1}, sampling=Sampling(temperature=0.5))
    todo = planned(info=info, temperature=1)
    assert json.loads(todo.upstream_request(b'{"a":2}', single_tool=False).body) == {"a": 2, "seed": 1}
    assert todo.sampling.temperature == 0.5


def test_long_tool_names_come_back():
    long = "mcp__server__" + "x" * 80
    todo = planned(evolve(PLAIN, tool_name_limit=32), tools=[{**TOOL, "name": long}])
    (function,) = todo.functions
    assert len(function.name) == 32
    returned = todo.upstream_request(b"{}", single_tool=False).answer.returned
    assert returned[function.name].name == long


def test_refused_stop_sequences_are_matched_by_the_gateway():
    todo = planned(adaptations=Adaptations(dropped=frozenset({"stop"})), stop_sequences=["END"])
    assert (todo.stop, todo.own_stops) == ([], ["END"])
    assert todo.upstream_request(b"{}", single_tool=False).stops == ("END",)
    assert planned(stop_sequences=["END"]).stop == ["END"]


# ---------------------------------------------------------------- texts


@pytest.mark.parametrize(
    ("system", "line", "joined"), [("S", "L", "S\n\nL"), ("", "L", "L"), ("S", "", "S"), ("", "", "")]
)
def test_an_instruction_is_a_paragraph_at_the_end(system: str, line: str, joined: str):
    assert append_instruction(system, line) == joined


def test_names_that_are_too_long_are_hashed():
    assert shortened_name("x" * NAME_LENGTH) == "x" * NAME_LENGTH
    hashed = shortened_name("x" * (NAME_LENGTH + 1))
    assert len(hashed) == NAME_LENGTH
    assert hashed != shortened_name("x" * (NAME_LENGTH + 2))
