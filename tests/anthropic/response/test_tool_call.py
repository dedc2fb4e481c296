"""gateway/anthropic/response/tool_call.py."""

import pytest

from gateway.anthropic.response.tool_call import ToolCallBuffer, parse_arguments
from gateway.parts import ToolCallDelta
from gateway.schemas.repair_json import ArgumentRepair


def call(*pieces: str) -> ToolCallBuffer:
    made = ToolCallBuffer()
    for piece in pieces:
        made.add(ToolCallDelta(0, "c1", "A", piece))
    return made


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}),
        (" {} ", {}),
        ("", {}),
        ("null", {}),
        ("[]", None),
        ('"{}"', None),
        ("{", None),
        ("{}{}", None),
        ('{"a":NaN}', None),
        ('{"a":' * 20_000, None),
    ],
)
def test_arguments_are_an_object_or_nothing(text, value):
    assert parse_arguments(text) == value


def test_first_name_and_first_id_count():
    made = ToolCallBuffer()
    for id_, name in (("", ""), ("c1", ""), ("c2", "A"), ("c3", "B")):
        made.add(ToolCallDelta(0, id_, name))
    assert (made.id, made.name) == ("c1", "A")


def test_arguments_are_released_once():
    made = call('{"a"')
    assert made.release() == '{"a"'
    assert made.release() == ""
    made.add(ToolCallDelta(0, arguments=":1}"))
    assert made.release() == ":1}"


def test_white_space_before_the_object_is_not_released():
    made = call(" ", "\n")
    assert made.release() == ""
    made.add(ToolCallDelta(0, arguments=" {"))
    assert made.release() == "{"


@pytest.mark.parametrize(
    ("pieces", "complete"),
    [
        (["{}"], True),
        (['{"a":{}', "} "], True),
        ([], False),
        (['{"a":{}'], False),
        (["null"], False),
        (["{"], False),
    ],
)
def test_call_is_complete_when_its_arguments_are_an_object(pieces, complete):
    assert call(*pieces).complete is complete


def test_call_grows_complete():
    made = call('{"a":{}')
    assert not made.complete
    assert not made.complete
    made.add(ToolCallDelta(0, arguments="}"))
    assert made.complete


def test_whole_call_is_complete_whatever_it_holds():
    made = call("{")
    made.add(ToolCallDelta(0, whole=True))
    assert made.complete
    assert not made.valid


def test_arguments_that_begin_with_something_else_are_never_released():
    made = call("[1")
    assert made.release() == ""
    made.add(ToolCallDelta(0, arguments=", {}]"))
    assert made.release() == ""
    assert not made.has_started


def test_arguments_of_a_buffered_call_are_not_released():
    made = call('{"a":1}')
    made.buffered = True
    assert made.release() == ""


LIST = b'{"type":"object","properties":{"items":{"type":"array"}}}'


def settled(made: ToolCallBuffer, *, cut_short: bool = False, plain: bool = False) -> str | None:
    rest = made.finish(lambda name: LIST if name == "A" else b"", cut_short=cut_short, plain=plain)
    return rest and rest.arguments


def test_rest_of_a_valid_call_is_what_was_not_released():
    made = call('{"a"')
    made.release()
    made.add(ToolCallDelta(0, arguments=":1}"))
    assert settled(made) == ":1}"


@pytest.mark.parametrize(
    ("arguments", "rest"),
    [("", ""), ("null", ""), ('{"a":1,}', '{"a":1}'), ("[1,2]", '{"items":[1,2]}'), ("nonsense", None)],
)
def test_unseen_arguments_are_repaired_by_the_tools_schema(arguments: str, rest: str | None):
    assert settled(call(arguments)) == rest


def test_arguments_that_the_client_has_seen_are_not_repaired():
    made = call('{"a":1,}')
    made.release()
    assert settled(made) is None


def test_buffered_arguments_are_repaired_and_sent_whole():
    made = call('{"n":', '"5"}')
    made.buffered = True
    made.mending = ArgumentRepair(b'{"type":"object","properties":{"n":{"type":"integer"}}}', repair=True)
    assert settled(made) == '{"n":5}'
    assert not made.buffered


@pytest.mark.parametrize(("plain", "rest"), [(False, ""), (True, '["a')])
def test_truncated_arguments_are_sent_unchanged_and_in_a_stream_only_as_an_object(plain: bool, rest: str):
    assert settled(call('{"a":', '"b'), cut_short=True, plain=plain) == '{"a":"b'
    assert settled(call('["a'), cut_short=True, plain=plain) == rest


def test_call_that_was_complete_before_the_cut_is_whole():
    assert settled(call('{"a":1}'), cut_short=True) == '{"a":1}'
