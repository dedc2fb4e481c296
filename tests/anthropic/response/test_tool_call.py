"""gateway/anthropic/response/tool_call.py."""

import pytest

from gateway.anthropic.response.tool_call import ToolCallBuffer, parse_arguments
from gateway.parts import ToolCallDelta


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
