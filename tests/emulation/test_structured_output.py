"""An answer in a form is read, checked and asked for again as gateway/emulation/structured_output.py says."""

from __future__ import annotations

import json

import pytest
from attrs import define, field

from gateway.anthropic import wire as a
from gateway.anthropic.request.attachments import NO_ATTACHMENTS
from gateway.anthropic.request.decoding import decode_request
from gateway.emulation.structured_output import open_attempt
from gateway.errors import Kind, UpstreamFailed
from gateway.inbound import Inbound
from gateway.parts import (
    Finish,
    FinishReason,
    Notice,
    Part,
    PassthroughBlock,
    ReasoningDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from gateway.settings.models import Timeouts
from gateway.settings.quirks import PLAIN
from gateway.upstreams.base import Target
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.upstream_request import AnswerSchema, UpstreamRequest

SCHEMA = b'{"type":"object","properties":{"n":{"type":"integer"},"o":{"type":"string"}},"required":["n"]}'
NATIVE, NULLS, CHECKED = (
    AnswerSchema(SCHEMA),
    AnswerSchema(SCHEMA, nulls=True),
    AnswerSchema(SCHEMA, checked=True),
)


@define
class Attempt:
    parts: list[Part]
    request: UpstreamRequest
    closed: bool = False
    has_data: bool = True

    async def read(self) -> list[Part] | None:
        return [self.parts.pop(0)] if self.parts else None

    async def close(self) -> None:
        self.closed = True


@define
class Adapter:
    """Answers with one list of parts after another."""

    answers: list[list[Part] | Exception]
    form: AnswerSchema | None
    asked: list[Inbound] = field(factory=list)
    opened: list[Attempt] = field(factory=list)

    async def open(self, inbound: Inbound, target: Target, attachments: object) -> Attempt:
        self.asked.append(inbound)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        self.opened.append(Attempt(list(answer), UpstreamRequest(b"", format=self.form)))
        return self.opened[-1]


def adapter(form: AnswerSchema | None, *answers: list[Part] | Exception) -> Adapter:
    return Adapter(list(answers), form)


async def parts_of(adapter: Adapter, *, stream: bool = False) -> list[Part]:
    body = json.dumps(
        {"model": "m", "stream": stream, "messages": [{"role": "user", "content": "n?"}]}
    ).encode()
    target = Target(adapter, ModelInfo("p", "m", PLAIN), Timeouts())
    attempt = await open_attempt(Inbound("req_1", body, {}, decode_request(body)), target, NO_ATTACHMENTS)
    out: list[Part] = []
    while (parts := await attempt.read()) is not None:
        out += parts
    await attempt.close()
    assert all(each.closed for each in adapter.opened)
    return out


def said(*texts: str) -> list[Part]:
    return [*map(TextDelta, texts), Usage(10, 5), Finish()]


async def test_answer_without_a_form_passes_as_it_is():
    assert await parts_of(adapter(None, said("```", "x"))) == said("```", "x")


@pytest.mark.parametrize("form", [NATIVE, NULLS, CHECKED])
async def test_fences_are_taken_off(form: AnswerSchema):
    parts = await parts_of(adapter(form, said("```json\n", '{"n":1}', "\n```")))
    assert [part for part in parts if not isinstance(part, Notice)] == [
        Usage(10, 5),
        TextDelta('{"n":1}'),
        Finish(),
    ]
    assert [part.name for part in parts if isinstance(part, Notice)] == ["repaired.structured_output"]


async def test_stream_that_begins_like_json_is_let_through():
    parts = await parts_of(adapter(NATIVE, said("\n ", '{"n"', ":1}")), stream=True)
    assert parts == [TextDelta('{"n"'), TextDelta(":1}"), Usage(10, 5), Finish()]


async def test_stream_that_begins_otherwise_is_read_to_its_end():
    parts = await parts_of(adapter(NATIVE, said("Here: ", '{"n"', ":1}")), stream=True)
    assert [part for part in parts if isinstance(part, TextDelta)] == [TextDelta('{"n":1}')]


async def test_nulls_for_what_was_left_out_are_deleted():
    parts = await parts_of(adapter(NULLS, said('{"n":1,', '"o":null}')), stream=True)
    assert [part for part in parts if isinstance(part, TextDelta)] == [TextDelta('{"n":1}')]


@pytest.mark.parametrize("stream", [True, False])
async def test_answer_begins_behind_what_the_server_found(stream: bool):
    found = PassthroughBlock({"type": "web_search_tool_result"})
    answer: list[Part] = [
        TextDelta("I look. "),
        found,
        TextDelta('```json\n{"n":1,'),
        TextDelta('"o":null}\n```'),
        Finish(),
    ]
    parts = await parts_of(adapter(NULLS, answer), stream=stream)
    assert [part for part in parts if not isinstance(part, Notice)] == [
        TextDelta("I look. "),
        found,
        TextDelta('{"n":1}'),
        Finish(),
    ]


async def test_answer_that_does_not_match_is_asked_for_once_more():
    up = adapter(CHECKED, [ReasoningDelta("hm", {}), *said("I think it is one.")], said('{"n":1}'))
    parts = await parts_of(up)
    assert parts[0] == ReasoningDelta("hm", {})
    assert parts[-3:] == [Usage(20, 10), TextDelta('{"n":1}'), Finish()]
    assert [part.name for part in parts if isinstance(part, Notice)] == ["repaired.structured_output"]
    *_, answer, complaint = up.asked[1].request.messages
    assert (answer.role, complaint.role) == ("assistant", "user")
    assert answer.content == (a.Text("I think it is one."),)
    assert "it is not JSON" in complaint.content[0].text


async def test_what_comes_then_is_passed_on():
    up = adapter(CHECKED, said("one"), said('```\n{"n":"one"}\n```'))
    parts = await parts_of(up, stream=True)
    assert [part for part in parts if isinstance(part, TextDelta)] == [TextDelta('{"n":"one"}')]
    assert [part.name for part in parts if isinstance(part, Notice)][-1] == "dropped.structured_output"
    assert parts[-1] == Finish()
    assert len(up.asked) == 2


async def test_first_answer_is_passed_on_where_nobody_answers_again():
    up = adapter(CHECKED, said("one"), UpstreamFailed(Kind.UPSTREAM_UNREACHABLE, "gone"))
    parts = await parts_of(up)
    assert parts[-2:] == [TextDelta("one"), Finish()]


async def test_nothing_said_is_asked_for_again_without_an_empty_turn():
    up = adapter(CHECKED, [Finish()], said('{"n":1}'))
    await parts_of(up)
    assert [message.role for message in up.asked[1].request.messages] == ["user", "user"]


async def test_text_beside_a_tool_call_is_no_answer():
    call = ToolCallDelta(0, "c1", "T", "{}", whole=True)
    parts: list[Part] = [TextDelta("Looking. "), call, TextDelta("more"), Finish(FinishReason.TOOLS)]
    assert await parts_of(adapter(CHECKED, parts)) == parts


@pytest.mark.parametrize("end", [Finish(FinishReason.LENGTH), Finish(FinishReason.REFUSAL)])
async def test_answer_that_was_cut_stays_as_it_is(end: Part):
    up = adapter(CHECKED, [TextDelta('```json\n{"n"'), end])
    assert await parts_of(up) == [TextDelta('```json\n{"n"'), end]
    assert len(up.asked) == 1


async def test_what_was_held_in_front_of_a_fault_is_not_said():
    fault = StreamError(Kind.RATE_LIMITED, "slow down")
    assert await parts_of(adapter(CHECKED, [TextDelta('```json\n{"n"'), fault])) == [fault]


@pytest.mark.parametrize(
    "pieces",
    [
        ('{"n":1}', "\nHope this helps", "!"),
        ('{"n"', ':1}\nHope {"this"} helps', "!"),
        ('{"n":1}\n```', "\nfor you"),
    ],
)
async def test_stream_ends_with_its_json(pieces: tuple[str, ...]):
    parts = await parts_of(adapter(NATIVE, said(*pieces)), stream=True)
    assert "".join(part.text for part in parts if isinstance(part, TextDelta)) == '{"n":1}'
    assert [part.name for part in parts if isinstance(part, Notice)] == ["repaired.structured_output"]
    assert parts[-1] == Finish()


async def test_white_space_behind_the_json_of_a_stream_is_no_repair():
    parts = await parts_of(adapter(NATIVE, said('{"n":1}', "\n")), stream=True)
    assert parts == [TextDelta('{"n":1}'), Usage(10, 5), Finish()]


async def test_stream_that_breaks_behind_its_json_says_no_more():
    broken = [TextDelta('{"n":1}'), TextDelta(" and"), StreamError(Kind.UPSTREAM_CUT, "cut")]
    parts = await parts_of(adapter(NATIVE, broken), stream=True)
    assert [part for part in parts if not isinstance(part, Notice)] == [broken[0], broken[2]]


async def test_words_in_brackets_are_no_object():
    parts = await parts_of(adapter(NATIVE, said("[Note] ", '{"n":1}')), stream=True)
    assert [part for part in parts if isinstance(part, TextDelta)] == [TextDelta('{"n":1}')]
