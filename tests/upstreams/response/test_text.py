"""gateway/upstreams/response/text.py."""

import pytest
from attrs import evolve

from gateway.parts import Notice, Part, ReasoningDelta, TextDelta
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.response.text import TextReader
from gateway.upstreams.upstream_request import ResponseOptions

STATE = {"p": "vllm"}


def info(expose: str = "auto", **quirks: object) -> ModelInfo:
    return ModelInfo("up", "m", evolve(PRESETS["vllm"], **quirks), expose_reasoning=expose)


@pytest.mark.parametrize(
    ("display", "expose", "replay", "expected"),
    [
        (None, "auto", "all", ReasoningDelta("hm", STATE)),
        ("summarized", "auto", "all", ReasoningDelta("hm", STATE)),
        ("updates", "auto", "all", ReasoningDelta("hm", STATE)),
        ("omitted", "auto", "all", ReasoningDelta("hm", STATE, shown=False, keep=True)),
        ("omitted", "auto", "current_turn", ReasoningDelta("hm", STATE, shown=False, keep=True)),
        ("omitted", "auto", "none", ReasoningDelta("hm", STATE, shown=False)),
        ("omitted", "always", "all", ReasoningDelta("hm", STATE)),
        (None, "never", "all", ReasoningDelta("hm", STATE, shown=False, keep=True)),
        (None, "never", "none", ReasoningDelta("hm", STATE, shown=False)),
    ],
)
def test_reasoning_is_shown_kept_or_hidden(display, expose, replay, expected):
    prose = TextReader(info(expose, replay_reasoning=replay), ResponseOptions(thinking=True, display=display))
    assert prose.add_reasoning("hm") == [expected]


def test_reasoning_not_asked_for_is_dropped_with_one_notice():
    prose = TextReader(info(), ResponseOptions())
    dropped: list[Part] = [
        *prose.add_reasoning("a"),
        *prose.add_reasoning("b"),
        *prose.add_text("<think>c</think>d"),
    ]
    assert dropped == [Notice("dropped.reasoning", "the client did not ask for it"), TextDelta("d")]


def test_tags_are_not_looked_for_where_the_server_parses_them():
    prose = TextReader(info(think_tags=False), ResponseOptions(thinking=True))
    assert prose.add_text("<think>a") == [TextDelta("<think>a")]


def test_answer_of_a_template_that_opens_the_tag_is_text_when_it_closes_none():
    prose = TextReader(info(think_open=True), ResponseOptions())
    assert [*prose.add_text("plain "), *prose.add_text("answer")] == []
    assert prose.rest() == [TextDelta("plain answer")]


def test_echo_of_the_prefill_is_removed():
    prose = TextReader(info(), ResponseOptions(), "Once")
    assert [*prose.add_text("On"), *prose.add_text("ce upon")] == [TextDelta(" upon")]


def test_hidden_answer_counts_as_spoken():
    prose = TextReader(info(), ResponseOptions())
    assert not prose.has_output
    prose.add_reasoning("a")
    assert prose.has_output
