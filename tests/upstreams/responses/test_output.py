"""Items of an answer become parts, item by item, in whatever order their pieces arrive."""

import msgspec
import pytest

from gateway.parts import Notice, PassthroughBlock, ReasoningDelta, TextDelta, ToolCallDelta
from gateway.settings.quirks import PLAIN
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.response.finish import ANNOTATED
from gateway.upstreams.response.text import TextReader
from gateway.upstreams.responses import wire as r
from gateway.upstreams.responses.output import OutputAssembler
from gateway.upstreams.upstream_request import ResponseOptions


@pytest.fixture
def items() -> OutputAssembler:
    return OutputAssembler(TextReader(ModelInfo("p", "m", PLAIN), ResponseOptions(thinking=True)))


def item(type_: str, **fields: object) -> r.Item:
    return msgspec.json.decode(msgspec.json.encode({"type": type_, **fields}), type=r.Item)


def call(arguments: str = "", **fields: object) -> r.Item:
    return item("function_call", call_id="c", name="T", arguments=arguments, **fields)


def thought(text: str, **state: str) -> ReasoningDelta:
    return ReasoningDelta(text, {"p": "plain", **state})


def test_streamed_text_is_not_repeated_at_the_items_end(items: OutputAssembler):
    assert items.begin_item(0, item("message", id="m")) == []
    assert items.add_text(0, "Grü") == [TextDelta("Grü")]
    assert items.add_text(0, "") == []
    assert items.add_text(0, "ße") == [TextDelta("ße")]
    assert items.end_item(0, item("message", content=[{"text": "Grüße"}])) == []
    assert (items.count, items.called, items.refused) == (1, False, False)


def test_text_that_was_not_streamed_is_taken_from_the_whole_item(items: OutputAssembler):
    whole = item("message", content=[{"text": "a"}, {}, {"text": "b", "annotations": [{}]}])
    assert items.end_item(0, whole) == [TextDelta("a"), ANNOTATED, TextDelta("b")]
    assert items.add_annotation() == []


def test_two_messages_are_paragraphs(items: OutputAssembler):
    assert items.end_item(0, item("message", content=[{"text": "a"}])) == [TextDelta("a")]
    assert items.add_text(1, "b") == [TextDelta("\n\n"), TextDelta("b")]


def test_later_item_waits_for_the_earlier_one(items: OutputAssembler):
    items.begin_item(0, item("message"))
    assert items.begin_item(1, call()) == []
    assert items.add_arguments(1, "{}") == []
    assert items.add_text(0, "x") == [TextDelta("x")]
    assert items.end_item(0, item("message")) == [
        ToolCallDelta(1, "c", "T"),
        ToolCallDelta(1, arguments="{}"),
    ]
    assert items.end_item(1, call("{}")) == [ToolCallDelta(1, "c", "T", whole=True)]
    assert items.called


def test_waiting_parts_go_out_at_the_end_of_the_answer(items: OutputAssembler):
    items.begin_item(0, item("message"))
    items.add_text(1, "x")
    assert items.rest() == [TextDelta("x")]


@pytest.mark.parametrize(
    ("streamed", "whole", "parts"),
    [
        ("", '{"a":1}', [ToolCallDelta(0, arguments='{"a":1}')]),
        ('{"a":1}', '{"a":1}', []),
    ],
)
def test_whole_arguments_are_used_if_none_were_streamed(
    items: OutputAssembler, streamed: str, whole: str, parts: list
):
    items.begin_item(0, call())
    items.add_arguments(0, streamed)
    assert items.complete_arguments(0, whole) == parts


def test_call_that_was_not_streamed_is_whole(items: OutputAssembler):
    assert items.end_item(0, call('{"a":"é"}')) == [ToolCallDelta(0, "c", "T", '{"a":"é"}', whole=True)]


def test_reasoning_keeps_its_id_and_encrypted_text(items: OutputAssembler):
    items.begin_item(0, item("reasoning", id="r"))
    assert items.add_reasoning(0, "a", 0, raw=False) == [thought("a", id="r")]
    assert items.add_reasoning(0, "b", 1, raw=False) == [thought("\n\nb", id="r")]
    assert items.add_reasoning(0, "raw", 0, raw=True) == []
    assert items.add_reasoning(0, "", 1, raw=False) == []
    assert items.end_item(0, item("reasoning", encrypted_content="E", summary=[{"text": "a"}])) == [
        thought("", id="r", enc="E")
    ]


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        ({"id": "r", "summary": [{"text": "a"}, {}, {"text": "b"}]}, [thought("a\n\nb", id="r")]),
        ({"content": [{"text": "raw"}]}, [thought("raw")]),
        ({"id": "r", "summary": [], "encrypted_content": "E"}, [thought("", id="r", enc="E")]),
        ({"id": "r"}, []),
    ],
)
def test_reasoning_that_was_not_streamed(items: OutputAssembler, fields: dict, parts: list):
    assert items.end_item(0, item("reasoning", **fields)) == parts


def test_refusal_is_text_and_remembered(items: OutputAssembler):
    assert items.add_refusal(0, "") == []
    assert not items.refused
    assert items.add_refusal(0, "No.") == [TextDelta("No.")]
    assert items.end_item(0, item("message", content=[{"refusal": "No."}])) == []
    assert items.refused


def test_refusal_of_a_whole_item(items: OutputAssembler):
    assert items.end_item(0, item("message", content=[{"refusal": "No."}])) == [TextDelta("No.")]
    assert items.refused


def test_search_is_passed_through_and_counted(items: OutputAssembler):
    parts = items.end_item(0, item("web_search_call", id="w"))
    assert [type(part) for part in parts] == [PassthroughBlock, PassthroughBlock]
    assert items.searches == 1


def test_unknown_item_is_dropped_with_a_notice(items: OutputAssembler):
    assert items.end_item(0, item("new")) == [Notice("dropped.output_item", "new")]


def test_late_pieces_of_a_closed_item_are_dropped(items: OutputAssembler):
    items.end_item(0, item("message", content=[{"text": "a"}]))
    assert items.end_item(0, item("message", content=[{"text": "a"}])) == []
    assert items.add_text(0, "late") == []
    assert items.count == 1


def test_place_is_the_index_the_id_or_the_last_open_item(items: OutputAssembler):
    assert items.place(7, None) == 7
    assert items.place(None, None) == 0
    items.begin_item(0, item("message", id="a"))
    items.begin_item(1, item("message", id="b"))
    assert (items.place(None, "a"), items.place(None, "unknown"), items.place(None, None)) == (0, 1, 1)
    items.end_item(0, item("message"))
    items.end_item(1, item("message"))
    assert items.place(None, None) == items.count == 2
