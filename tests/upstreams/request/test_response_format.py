"""How an upstream is asked for an answer in the client's schema."""

import json
from typing import Any

import pytest
from attrs import evolve
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.notices import NoticeCollector
from gateway.parts import Notice
from gateway.settings.quirks import PLAIN
from gateway.upstreams.request.response_format import UpstreamFormat, requested_schema, upstream_format
from gateway.upstreams.upstream_request import NO_ADAPTATIONS, Adaptations, AnswerSchema, digest

OPEN = b'{"type":"object","properties":{"n":{"type":"integer"}}}'
CLOSED = (
    b'{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}'
)
LIMITED = b'{"type":"object","properties":{"n":{"type":"integer","minimum":1}}}'
MAP = b'{"type":"object","additionalProperties":{"type":"string"}}'
MADE_STRICT = {
    "type": "object",
    "properties": {"n": {"type": ["integer", "null"]}},
    "required": ["n"],
    "additionalProperties": False,
}


def request(form: bytes = b"") -> a.MessagesRequest:
    return a.MessagesRequest(model="m", messages=(), output_config=a.OutputConfig(format=Raw(form)))


def json_schema(schema: bytes) -> a.MessagesRequest:
    return request(b'{"type":"json_schema","schema":' + schema + b"}")


@pytest.mark.parametrize(
    ("form", "notices"),
    [(b"", ()), (b"null", ()), (b'{"type":"grammar"}', (Notice("dropped.output_format", "grammar"),))],
)
def test_no_schema_is_no_format(form: bytes, notices: tuple[Notice, ...]):
    notes = NoticeCollector()
    assert upstream_format(request(form), PLAIN, NO_ADAPTATIONS, notes, tools=False) is None
    assert notes.notices == notices


def test_schema_is_the_clients_byte_for_byte():
    schema = '{ "type":"object", "title":"Ü" }'.encode()
    assert requested_schema(json_schema(schema), NoticeCollector()) == Raw(schema)


@pytest.mark.parametrize(
    ("schema", "level", "sent", "strict", "nulls", "notices"),
    [
        (OPEN, "schema", json.loads(OPEN), False, False, ()),
        (CLOSED, "schema", json.loads(CLOSED), True, False, ()),
        (CLOSED, "unmarked", json.loads(CLOSED), None, False, ()),
        (OPEN, "strict", MADE_STRICT, True, True, ()),
        (CLOSED, "strict", json.loads(CLOSED), True, False, ()),
        (MAP, "strict", json.loads(MAP), False, False, (Notice("dropped.strict", "output_config.format"),)),
    ],
)
def test_upstream_that_takes_a_schema_gets_it(
    schema: bytes, level: str, sent: dict, strict: bool | None, nulls: bool, notices: tuple[Notice, ...]
):
    notes = NoticeCollector()
    quirks = evolve(PLAIN, json_schema=level)
    found = upstream_format(json_schema(schema), quirks, NO_ADAPTATIONS, notes, tools=True)
    assert found is not None
    assert (found.how, json.loads(bytes(found.schema)), found.strict) == ("schema", sent, strict)
    assert found.answer == AnswerSchema(schema, nulls=nulls)
    assert (found.words, notes.notices) == ("", notices)


@pytest.mark.parametrize(
    ("quirks", "refused", "tools", "how"),
    [
        ({"json_schema": "none"}, [], False, "words"),
        ({"json_schema": "object"}, [], False, "object"),
        ({"json_schema": "object"}, [], True, "words"),
        ({"json_schema": "object"}, ["response_format"], False, "words"),
        ({"format_beside_tools": False}, [], True, "words"),
        ({}, ["format"], False, "words"),
        ({"json_schema": "strict"}, ["text"], False, "words"),
    ],
)
def test_schema_that_cannot_be_sent_goes_into_the_prompt(
    quirks: dict[str, Any], refused: list[str], tools: bool, how: str
):
    notes = NoticeCollector()
    adaptations = Adaptations(dropped=frozenset(refused))
    found = upstream_format(json_schema(OPEN), evolve(PLAIN, **quirks), adaptations, notes, tools=tools)
    assert found == UpstreamFormat(how, Raw(OPEN), strict=False, answer=AnswerSchema(OPEN, checked=True))
    assert found.words == (
        f"Your final answer must be JSON, and nothing else, that matches this schema: {OPEN.decode()}"
    )
    assert notes.notices == (Notice("emulated.structured_output"),)


def test_format_stays_beside_tools_if_there_are_none():
    quirks = evolve(PLAIN, format_beside_tools=False)
    found = upstream_format(json_schema(OPEN), quirks, NO_ADAPTATIONS, NoticeCollector(), tools=False)
    assert found is not None
    assert found.how == "schema"


@pytest.mark.parametrize(
    ("schema", "sent", "notices"),
    [
        (
            LIMITED,
            {"type": "object", "properties": {"n": {"type": "integer", "description": "{minimum: 1}"}}},
            (Notice("dropped.schema_constraints", "output_config.format"),),
        ),
        (OPEN, json.loads(OPEN), ()),
    ],
)
def test_schema_without_a_grammar_is_sent_without_constraints(
    schema: bytes, sent: dict, notices: tuple[Notice, ...]
):
    notes = NoticeCollector()
    adaptations = Adaptations(bare_schemas=frozenset({digest(schema)}))
    found = upstream_format(json_schema(schema), PLAIN, adaptations, notes, tools=False)
    assert found is not None
    assert (json.loads(bytes(found.schema)), found.strict, notes.notices) == (sent, False, notices)


@pytest.mark.parametrize(
    ("quirks", "adaptations"),
    [({"array_items": True}, NO_ADAPTATIONS), ({}, Adaptations(array_items=True))],
)
def test_arrays_get_items_where_they_are_required(quirks: dict[str, Any], adaptations: Adaptations):
    sent = json_schema(b'{"type":"array"}')
    found = upstream_format(sent, evolve(PLAIN, **quirks), adaptations, NoticeCollector(), tools=False)
    assert found is not None
    assert json.loads(bytes(found.schema)) == {"type": "array", "items": {}}
