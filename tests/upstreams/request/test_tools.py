"""Functions and forms of answers, as gateway/upstreams/request/tools.py and format.py decide on them."""

from __future__ import annotations

import json

import pytest
from attrs import evolve

from gateway.anthropic.request.attachments import NO_ATTACHMENTS
from gateway.anthropic.request.decoding import decode_request
from gateway.errors import RequestRefused
from gateway.inbound import Inbound
from gateway.settings.quirks import PLAIN, Quirks
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.request.plan import RequestPlan, make_plan
from gateway.upstreams.upstream_request import NO_ADAPTATIONS, Adaptations, digest

OPTIONAL = {
    "type": "object",
    "properties": {"a": {"type": "string"}, "n": {"type": "integer"}},
    "required": ["a"],
}
TOOL = {"name": "T", "description": "Does it.", "input_schema": OPTIONAL}
FORM = {"type": "json_schema", "schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}


def planned(quirks: Quirks = PLAIN, adaptations: Adaptations = NO_ADAPTATIONS, **more: object) -> RequestPlan:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}], **more}).encode()
    inbound = Inbound("req_1", body, {}, decode_request(body))
    return make_plan(
        inbound, ModelInfo("local", "m", quirks), adaptations, NO_ATTACHMENTS, quirks.tool_choice
    )


def names(todo: RequestPlan) -> list[str]:
    return [notice.name for notice in todo.notices.notices]


def form(quirks: Quirks = PLAIN, adaptations: Adaptations = NO_ADAPTATIONS, **more: object) -> RequestPlan:
    return planned(quirks, adaptations, output_config={"format": FORM}, **more)


class TestFunctions:
    def test_strict_is_kept_where_upstream_and_schema_have_a_strict_form(self):
        todo = planned(evolve(PLAIN, strict_tools="made"), tools=[{**TOOL, "strict": True}])
        (told,) = todo.functions
        assert told.strict
        assert json.loads(bytes(told.parameters))["required"] == ["a", "n"]
        returned = todo.returned["T"]
        assert returned.mending is not None
        assert returned.mending.nulls
        assert json.loads(returned.mending.schema) == OPTIONAL

    def test_nothing_is_held_where_no_property_was_optional(self):
        schema = {**OPTIONAL, "required": ["a", "n"], "additionalProperties": False}
        tool = {**TOOL, "strict": True, "input_schema": schema}
        assert not planned(evolve(PLAIN, strict_tools="made"), tools=[tool]).returned

    @pytest.mark.parametrize(
        ("quirks", "schema"),
        [(PLAIN, OPTIONAL), (evolve(PLAIN, strict_tools="made"), {"type": "object", "anyOf": [{}]})],
    )
    def test_strict_is_dropped_elsewhere(self, quirks: Quirks, schema: dict):
        todo = planned(quirks, tools=[{**TOOL, "input_schema": schema, "strict": True}])
        assert not todo.functions[0].strict
        assert names(todo) == ["dropped.strict"]
        assert not todo.returned

    @pytest.mark.parametrize(
        ("quirks", "adaptations", "strict"),
        [
            (PLAIN, NO_ADAPTATIONS, True),
            (PRESETS["vllm"], NO_ADAPTATIONS, True),
            (evolve(PLAIN, schema="unclosed"), NO_ADAPTATIONS, False),
            (PRESETS["mistral"], NO_ADAPTATIONS, False),
            (PRESETS["xai"], NO_ADAPTATIONS, False),
            (PRESETS["fireworks"], NO_ADAPTATIONS, False),
            (PRESETS["ollama"], NO_ADAPTATIONS, False),
            (PLAIN, Adaptations(dropped=frozenset({"strict"})), False),
        ],
    )
    def test_schema_that_is_strict_as_it_came_is_said_to_be(
        self, quirks: Quirks, adaptations: Adaptations, strict: bool
    ):
        schema = {**OPTIONAL, "required": ["a", "n"], "additionalProperties": False}
        todo = planned(quirks, adaptations, tools=[{**TOOL, "strict": True, "input_schema": schema}])
        (told,) = todo.functions
        assert told.strict is strict
        assert [name for name in names(todo) if "strict" in name] == ([] if strict else ["dropped.strict"])
        assert not todo.returned

    def test_every_call_is_held_where_arguments_are_repaired(self):
        todo = planned(evolve(PLAIN, repair_tool_args=True), tools=[TOOL])
        mending = todo.returned["T"].mending
        assert mending is not None
        assert mending.repair

    def test_schema_is_lowered_to_the_upstreams_level(self):
        schema = {"type": "object", "properties": {"k": {"const": "v"}}}
        todo = planned(evolve(PLAIN, schema="gemini"), tools=[{**TOOL, "input_schema": schema}])
        assert json.loads(bytes(todo.functions[0].parameters))["properties"]["k"]["enum"] == ["v"]

    def test_upstream_that_made_no_grammar_gets_bare_schemas(self):
        schema = {"type": "object", "properties": {"s": {"type": "string", "pattern": "x"}}}
        other = {**schema, "description": "Another one."}
        adaptations = Adaptations(bare_schemas=frozenset({digest(json.dumps(schema).encode())}))
        tools = [{**TOOL, "input_schema": schema}, {**TOOL, "name": "U", "input_schema": other}]
        bare, kept = planned(PLAIN, adaptations, tools=tools).functions
        assert "pattern" not in json.loads(bytes(bare.parameters))["properties"]["s"]
        assert json.loads(bytes(kept.parameters)) == other
        assert names(planned(PLAIN, adaptations, tools=tools)) == ["dropped.schema_constraints"]

    def test_schema_without_constraints_loses_none(self):
        adaptations = Adaptations(bare_schemas=frozenset({digest(json.dumps(OPTIONAL).encode())}))
        assert names(planned(PLAIN, adaptations, tools=[TOOL])) == []

    @pytest.mark.parametrize(
        ("quirks", "adaptations"),
        [
            (PRESETS["openai"], NO_ADAPTATIONS),
            (PRESETS["gemini"], NO_ADAPTATIONS),
            (PLAIN, Adaptations(array_items=True)),
        ],
    )
    def test_arrays_say_that_they_hold_anything_where_they_have_to(
        self, quirks: Quirks, adaptations: Adaptations
    ):
        schema = {"type": "object", "properties": {"v": {"type": "array"}}, "required": ["v"]}
        form = {"type": "json_schema", "schema": schema}
        tools = [{**TOOL, "input_schema": schema, "strict": strict} for strict in (False, True)]
        tools[1]["name"] = "U"
        todo = planned(quirks, adaptations, tools=tools)
        sent = [function.parameters for function in todo.functions]
        assert [json.loads(bytes(one))["properties"]["v"] for one in sent] == [
            {"type": "array", "items": {}}
        ] * 2
        answer = planned(quirks, adaptations, output_config={"format": form}).format
        assert answer is not None
        assert json.loads(bytes(answer.schema))["properties"]["v"] == {"type": "array", "items": {}}
        (plain,) = planned(PLAIN, tools=tools[:1]).functions
        assert json.loads(bytes(plain.parameters)) == schema

    def test_memory_is_of_use_only_to_a_model_that_is_told_of_it(self):
        todo = planned(tools=[{"type": "memory_20250818", "name": "memory"}], system="S")
        assert todo.system.startswith("S\n\n")
        assert "/memories" in todo.system
        assert planned(tools=[TOOL], system="S").system == "S"


class TestFormat:
    def test_strict_form_asks_for_nulls_and_deletes_them(self):
        found = form(evolve(PLAIN, json_schema="strict")).format
        assert found is not None
        assert (found.how, found.strict, found.answer.nulls, found.answer.checked) == (
            "schema",
            True,
            True,
            False,
        )
        assert json.loads(bytes(found.schema))["required"] == ["n"]
        assert json.loads(found.answer.schema) == FORM["schema"]

    def test_schema_without_a_strict_form_is_sent_as_it_is(self):
        open_ = {
            "type": "json_schema",
            "schema": {"type": "object", "additionalProperties": {"type": "string"}},
        }
        todo = planned(evolve(PLAIN, json_schema="strict"), output_config={"format": open_})
        assert todo.format is not None
        assert not todo.format.strict
        assert names(todo) == ["dropped.strict"]

    def test_level_schema_changes_nothing_about_optional_properties(self):
        found = form().format
        assert found is not None
        assert (found.how, found.strict, found.answer.nulls) == ("schema", False, False)
        assert json.loads(bytes(found.schema)) == FORM["schema"]

    @pytest.mark.parametrize(
        ("quirks", "adaptations", "tools", "how"),
        [
            (evolve(PLAIN, json_schema="object"), NO_ADAPTATIONS, [], "object"),
            (evolve(PLAIN, json_schema="object"), NO_ADAPTATIONS, [TOOL], "words"),
            (evolve(PLAIN, json_schema="none"), NO_ADAPTATIONS, [], "words"),
            (evolve(PLAIN, format_beside_tools=False), NO_ADAPTATIONS, [TOOL], "words"),
            (PLAIN, Adaptations(dropped=frozenset({"response_format"})), [], "words"),
        ],
    )
    def test_what_the_upstream_is_not_told_stands_in_the_prompt_and_is_checked(
        self, quirks: Quirks, adaptations: Adaptations, tools: list, how: str
    ):
        todo = form(quirks, adaptations, tools=tools, system="S")
        assert todo.format is not None
        assert todo.format.how == how
        assert todo.format.answer.checked
        assert todo.system.startswith("S\n\nYour final answer must be JSON")
        assert json.dumps(FORM["schema"]) in todo.system
        assert names(todo) == ["emulated.structured_output"]

    def test_tools_that_are_there_do_not_matter_where_both_can_be(self):
        todo = form(tools=[TOOL])
        assert todo.format is not None
        assert todo.format.how == "schema"

    def test_first_name_of_the_field_means_the_same(self):
        assert planned(output_format=FORM).format == form().format

    def test_both_names_are_refused(self):
        with pytest.raises(RequestRefused, match="cannot be combined"):
            form(output_format=FORM)

    def test_unknown_form_leaves_a_notice(self):
        todo = planned(output_format={"type": "yaml"})
        assert todo.format is None
        assert names(todo) == ["dropped.output_format"]

    def test_form_of_a_wrong_kind_is_refused(self):
        with pytest.raises(RequestRefused, match=r"output_config\.format"):
            planned(output_config={"format": []})
