"""Which reply of a script a request gets."""

import json
from typing import Any

import pytest

from gateway.anthropic.request.decoding import decode_request
from gateway.inbound import Inbound
from gateway.settings.scripted_replies import ScriptedReply, ScriptedWhen
from gateway.upstreams.scripted.reply_selection import ReplySelector, is_match


def asking(text: str = "What is the weather in Köln?", **more: Any) -> Inbound:
    body = {"model": "claude-haiku-4", "messages": [{"role": "user", "content": text}], **more}
    encoded = json.dumps(body, ensure_ascii=False).encode()
    return Inbound("r", encoded, {}, decode_request(encoded))


TOOL = {"name": "Bash", "input_schema": {}}


@pytest.mark.parametrize(
    ("when", "more", "match"),
    [
        (ScriptedWhen(), {}, True),
        (ScriptedWhen(last_user="weather"), {}, True),
        (ScriptedWhen(last_user="Weather"), {}, False),
        (ScriptedWhen(last_user="/K.ln\\?$/"), {}, True),
        (ScriptedWhen(last_user="regex:^weather"), {}, False),
        (ScriptedWhen(anywhere='"claude-haiku-4"'), {}, True),
        (ScriptedWhen(anywhere="Köln"), {}, True),
        (ScriptedWhen(anywhere="Bonn"), {}, False),
        (ScriptedWhen(system="review"), {"system": "You review."}, True),
        (ScriptedWhen(system="review"), {}, False),
        (ScriptedWhen(tool="Bash"), {"tools": [TOOL]}, True),
        (ScriptedWhen(tool="Bash"), {}, False),
        (ScriptedWhen(without_tool="Bash"), {"tools": [TOOL]}, False),
        (ScriptedWhen(without_tool="Bash"), {}, True),
        (ScriptedWhen(last_role="user"), {}, True),
        (ScriptedWhen(last_role="assistant"), {}, False),
        (ScriptedWhen(stream=True), {"stream": True}, True),
        (ScriptedWhen(stream=False), {"stream": True}, False),
        (ScriptedWhen(model=("gpt-*", "claude-haiku-*")), {}, True),
        (ScriptedWhen(model=("/haiku/",)), {}, True),
        (ScriptedWhen(model=("regex:^haiku",)), {}, False),
        (ScriptedWhen(model=("claude-opus-*",)), {}, False),
        (ScriptedWhen(last_user="weather", stream=True), {}, False),
    ],
)
def test_every_condition_must_hold(when: ScriptedWhen, more: dict[str, Any], match: bool):
    assert is_match(when, asking(**more)) is match


def test_first_unused_match_is_chosen_and_a_repeated_one_stays():
    first = ScriptedReply(when=ScriptedWhen(last_user="a"), text="1")
    second = ScriptedReply(when=ScriptedWhen(last_user="a"), text="2")
    always = ScriptedReply(text="3", repeat=True)
    replies = (first, second, always)
    selector = ReplySelector(replies)
    assert [selector.choose(asking(text)) for text in ("b", "a", "a", "a", "b")] == [
        always,
        first,
        second,
        always,
        always,
    ]
    assert replies == (first, second, always)


def test_script_without_a_match_has_no_reply():
    assert ReplySelector(()).choose(asking()) is None
