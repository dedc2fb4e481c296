"""gateway/upstreams/response/text.py."""

import pytest
from attrs import evolve

from gateway.parts import Notice, Part, Text, Thinking
from gateway.upstreams.model_info import ModelFacts
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.response.text import Prose
from gateway.upstreams.upstream_request import ReplyWish

STATE = {"p": "vllm"}


def facts(expose: str = "auto", **quirks: object) -> ModelFacts:
    return ModelFacts("up", "m", evolve(PRESETS["vllm"], **quirks), expose_reasoning=expose)


@pytest.mark.parametrize(
    ("display", "expose", "replay", "expected"),
    [
        (None, "auto", "all", Thinking("hm", STATE)),
        ("summarized", "auto", "all", Thinking("hm", STATE)),
        ("updates", "auto", "all", Thinking("hm", STATE)),
        ("omitted", "auto", "all", Thinking("hm", STATE, shown=False, keep=True)),
        ("omitted", "auto", "current_turn", Thinking("hm", STATE, shown=False, keep=True)),
        ("omitted", "auto", "none", Thinking("hm", STATE, shown=False)),
        ("omitted", "always", "all", Thinking("hm", STATE)),
        (None, "never", "all", Thinking("hm", STATE, shown=False, keep=True)),
        (None, "never", "none", Thinking("hm", STATE, shown=False)),
    ],
)
def test_reasoning_is_shown_kept_or_hidden(display, expose, replay, expected):
    prose = Prose(facts(expose, replay_reasoning=replay), ReplyWish(thinking=True, display=display))
    assert prose.thought("hm") == [expected]


def test_reasoning_not_asked_for_is_dropped_with_one_notice():
    prose = Prose(facts(), ReplyWish())
    dropped: list[Part] = [*prose.thought("a"), *prose.thought("b"), *prose.said("<think>c</think>d")]
    assert dropped == [Notice("dropped.reasoning", "the client did not ask for it"), Text("d")]


def test_tags_are_not_looked_for_where_the_server_parses_them():
    prose = Prose(facts(think_tags=False), ReplyWish(thinking=True))
    assert prose.said("<think>a") == [Text("<think>a")]


def test_answer_of_a_template_that_opens_the_tag_is_text_when_it_closes_none():
    prose = Prose(facts(think_open=True), ReplyWish())
    assert [*prose.said("plain "), *prose.said("answer")] == []
    assert prose.rest() == [Text("plain answer")]


def test_echo_of_the_prefill_is_removed():
    prose = Prose(facts(), ReplyWish(), "Once")
    assert [*prose.said("On"), *prose.said("ce upon")] == [Text(" upon")]


def test_hidden_answer_counts_as_spoken():
    prose = Prose(facts(), ReplyWish())
    assert not prose.spoken
    prose.thought("a")
    assert prose.spoken
