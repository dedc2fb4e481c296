"""A reply of the script becomes parts, with pauses between them."""

import pytest

from gateway.errors import Kind
from gateway.parts import (
    Finish,
    FinishReason,
    Notice,
    ReasoningDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from gateway.settings.quirks import PLAIN
from gateway.settings.scripted_replies import ScriptedCall, ScriptedReply, ScriptedUsage
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.scripted.playback import ENDLESS, Step, arguments_text, split_text, steps
from gateway.upstreams.upstream_request import ResponseOptions

INFO = ModelInfo("p", "m", PLAIN)
USAGE = Usage(25, 7, 0)
END: Step = [USAGE, Finish()]
CUT: Step = [StreamError(Kind.UPSTREAM_CUT, "[p] the script breaks the answer off here")]


def played(reply: ScriptedReply, *, thinking: bool = False) -> list[Step]:
    return list(steps(reply, INFO, ResponseOptions(thinking=thinking)))


@pytest.mark.parametrize(
    ("text", "pieces", "split"),
    [
        ("", 3, []),
        ("ab", 3, ["a", "b"]),
        ("abcdefg", 3, ["abc", "def", "g"]),
        ("日本語", 1, ["日本語"]),
    ],
)
def test_text_is_split_into_equal_pieces(text: str, pieces: int, split: list[str]):
    assert split_text(text, pieces) == split


@pytest.mark.parametrize(
    ("arguments", "text"), [({}, "{}"), ({"city": "Köln"}, '{"city":"Köln"}'), ('{"broken', '{"broken')]
)
def test_arguments_are_json_or_the_text_as_written(arguments: dict | str, text: str):
    assert arguments_text(ScriptedCall("T", arguments)) == text


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (ScriptedReply(), [END]),
        (ScriptedReply(text="ab", pieces=2), [[TextDelta("a")], [TextDelta("b")], END]),
        (
            ScriptedReply(calls=(ScriptedCall("T", "{}", "id1"), ScriptedCall("U", ""))),
            [
                [ToolCallDelta(0, "id1", "T", "{")],
                [ToolCallDelta(0, "id1", "T", "}", whole=True)],
                [ToolCallDelta(1, "", "U", "", whole=True)],
                [USAGE, Finish(FinishReason.TOOLS)],
            ],
        ),
        (ScriptedReply(finish="length"), [[USAGE, Finish(FinishReason.LENGTH)]]),
        (ScriptedReply(finish="content_filter"), [[USAGE, Finish(FinishReason.REFUSAL)]]),
        (
            ScriptedReply(usage=ScriptedUsage(prompt=10, completion=5, cached=4, reasoning=3)),
            [[Usage(6, 5, 4, thinking=3), Finish()]],
        ),
        (ScriptedReply(usage=ScriptedUsage(prompt=1, cached=4)), [[Usage(0, 7, 4), Finish()]]),
        (ScriptedReply(text="ab", pieces=2, ending="cut"), [[TextDelta("a")], [TextDelta("b")], CUT]),
        (ScriptedReply(text="ab", pieces=2, ending="reset", after=1), [[TextDelta("a")], CUT]),
        (ScriptedReply(text="a", after=0), [[TextDelta("a")], END]),
        (ScriptedReply(ending="error", error="boom"), [[StreamError(Kind.UPSTREAM_FAILED, "boom")]]),
        (ScriptedReply(ending="stall"), [ENDLESS]),
        (
            ScriptedReply(text="abc", pieces=3, before_content=1.0, delay=0.5, pause_after=2, pause=9.0),
            [1.0, 0.5, [TextDelta("a")], 0.5, [TextDelta("b")], 9.0, 0.5, [TextDelta("c")], END],
        ),
    ],
)
def test_reply_is_played_step_by_step(reply: ScriptedReply, expected: list[Step]):
    assert played(reply) == expected


def test_reasoning_is_shown_to_clients_that_ask_for_it():
    reply = ScriptedReply(reasoning="hm", text="x", pieces=1)
    reasoning = ReasoningDelta("hm", {"p": "plain"})
    notice = Notice("dropped.reasoning", "the client did not ask for it")
    assert played(reply, thinking=True) == [[reasoning], [TextDelta("x")], END]
    assert played(reply) == [[notice], [TextDelta("x")], END]
