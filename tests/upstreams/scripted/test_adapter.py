"""A provider of kind `scripted`: which reply a request gets, and what parts it becomes."""

import json
from typing import Any

import msgspec
import pytest

from gateway.anthropic.request.attachments import Attachments
from gateway.anthropic.request.decoding import decode_request
from gateway.errors import Kind, UpstreamFailed
from gateway.inbound import Inbound
from gateway.parts import (
    Finish,
    FinishReason,
    Part,
    ReasoningDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from gateway.runtime.runtime import Runtime
from gateway.settings import scripted_replies as r
from gateway.settings.models import ModelRule, ModelTarget, Provider, Settings
from gateway.testing import script
from gateway.upstreams.base import Target


def asking(text: str = "hi", **more: Any) -> Inbound:
    body = {"model": "claude-a", "max_tokens": 9, "messages": [{"role": "user", "content": text}], **more}
    encoded = json.dumps(body, indent=1).encode()
    headers = {"x-api-key": "sk-secret", "user-agent": "tests"}
    return Inbound("req_1", encoded, headers, decode_request(encoded))


def target(*replies: r.ScriptedReply, **provider: Any) -> Target:
    scripted = Provider(kind="scripted", replies=replies, **provider)
    rules = (ModelRule("*", ModelTarget("up", "m")),)
    return Runtime.build(Settings(providers={"up": scripted}, models=rules)).targets(asking())[0]


async def answer(to: Target, inbound: Inbound | None = None) -> list[Part]:
    attempt = await to.adapter.open(inbound or asking(), to, Attachments())
    parts: list[Part] = []
    while (some := await attempt.read()) is not None:
        parts += some
    return parts


async def text(to: Target, inbound: Inbound) -> str:
    return "".join(part.text for part in await answer(to, inbound) if isinstance(part, TextDelta))


async def test_reply_becomes_reasoning_text_calls_usage_and_end():
    reply = r.ScriptedReply(
        reasoning="hm",
        text="yes!",
        calls=(r.ScriptedCall("f", {"a": 1}, id="x"), r.ScriptedCall("g", "{broken", pieces=1)),
        usage=r.ScriptedUsage(prompt=10, completion=3, cached=4),
        pieces=2,
    )
    parts = await answer(target(reply), asking(thinking={"type": "enabled", "budget_tokens": 1024}))
    assert parts == [
        ReasoningDelta("h", {"p": "plain"}),
        ReasoningDelta("m", {"p": "plain"}),
        TextDelta("ye"),
        TextDelta("s!"),
        ToolCallDelta(0, "x", "f", '{"a"'),
        ToolCallDelta(0, "x", "f", ":1}", whole=True),
        ToolCallDelta(1, "", "g", "{broken", whole=True),
        Usage(input=6, output=3, cache_read=4),
        Finish(FinishReason.TOOLS),
    ]


async def test_reasoning_is_kept_from_a_client_that_did_not_ask_for_it():
    parts = await answer(target(r.ScriptedReply(reasoning="hm", text="yes")))
    assert not any(isinstance(part, ReasoningDelta) for part in parts)


async def test_replies_are_given_once_in_order_and_a_repeated_one_for_ever():
    to = target(r.ScriptedReply(text="a"), r.ScriptedReply(text="b"), r.ScriptedReply(text="c", repeat=True))
    assert [await text(to, asking()) for _ in range(5)] == ["a", "b", "c", "c", "c"]


TOOL = {"name": "f", "input_schema": {"type": "object"}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "4 degrees"}


@pytest.mark.parametrize(
    ("when", "yes", "no"),
    [
        (r.ScriptedWhen(last_user="wea"), asking("the weather"), asking("time")),
        (r.ScriptedWhen(last_user="/^the wea.her$/"), asking("the weather"), asking("oh, the weather")),
        (
            r.ScriptedWhen(last_user="4 deg"),
            asking(messages=[{"role": "user", "content": [RESULT]}]),
            asking(),
        ),
        (r.ScriptedWhen(anywhere='"max_tokens": 7'), asking(max_tokens=7), asking()),
        (r.ScriptedWhen(system="be"), asking(system="be kind"), asking()),
        (r.ScriptedWhen(tool="f"), asking(tools=[TOOL]), asking()),
        (r.ScriptedWhen(without_tool="f"), asking(), asking(tools=[TOOL])),
        (r.ScriptedWhen(stream=True), asking(stream=True), asking()),
        (r.ScriptedWhen(model=("claude-[ab]",)), asking(), asking(model="claude-c")),
        (r.ScriptedWhen(model=("x", "/haiku/")), asking(model="claude-haiku-9"), asking()),
        (r.ScriptedWhen(last_user="hi", model=("claude-a",)), asking("hi"), asking("ho")),
        (
            r.ScriptedWhen(last_role="assistant"),
            asking(messages=[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]),
            asking(),
        ),
    ],
    ids=lambda value: repr(value)[:60] if isinstance(value, r.ScriptedWhen) else "",
)
async def test_reply_is_for_the_requests_it_names(when: r.ScriptedWhen, yes: Inbound, no: Inbound):
    to = target(r.ScriptedReply(when, text="it"), r.ScriptedReply(text="other", repeat=True))
    assert await text(to, no) == "other"
    assert await text(to, yes) == "it"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (r.ScriptedReply(text="abcdef", ending="cut", after=1), Kind.UPSTREAM_CUT),
        (r.ScriptedReply(text="abcdef", ending="error", after=1), Kind.UPSTREAM_FAILED),
    ],
)
async def test_answer_that_ends_badly_ends_in_a_fault_after_that_many_pieces(
    reply: r.ScriptedReply, kind: Kind
):
    parts = await answer(target(reply))
    assert parts[0] == TextDelta("ab")
    assert [fault.kind for fault in parts[1:] if isinstance(fault, StreamError)] == [kind]
    assert len(parts) == 2


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 429, 500, 502, 503, 504, 529])
async def test_refusal_reaches_the_client_with_its_status_and_words(status: int):
    with pytest.raises(UpstreamFailed) as refused:
        await answer(target(r.ScriptedReply(refusal=r.ScriptedRefusal(status, "no"))))
    assert (refused.value.answer.status, refused.value.message) == (status, "no")


@pytest.mark.parametrize(("status", "other"), [(418, 400), (507, 500)])
async def test_refusal_with_a_status_that_the_api_has_not_becomes_the_nearest(status: int, other: int):
    with pytest.raises(UpstreamFailed) as refused:
        await answer(target(r.ScriptedReply(refusal=r.ScriptedRefusal(status))))
    assert refused.value.answer.status == other


async def test_request_without_a_reply_says_what_it_was():
    with pytest.raises(UpstreamFailed, match=r"claude-a.*'where is it'") as refused:
        await answer(target(), asking("where is it"))
    assert refused.value.answer.should_retry is False


async def test_requests_are_written_down_as_lines_without_keys(tmp_path):
    path = tmp_path / "requests.jsonl"
    to = target(r.ScriptedReply(repeat=True), requests=str(path))
    await answer(to, asking("one"))
    await answer(to, asking("two"))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["body"]["messages"][0]["content"] for line in lines] == ["one", "two"]
    assert [line["headers"] for line in lines] == [{"user-agent": "tests"}] * 2


async def test_prompt_counts_what_is_said_and_offered():
    inbound = asking("hello", system="be kind", tools=[{**TOOL, "description": "does"}])
    to = target()
    prompt = to.adapter.prompt(inbound, to, Attachments())
    *texts, schema = prompt.texts
    assert texts == ["be kind", "hello", "f", "does"]
    assert json.loads(schema) == {"type": "object"}
    assert prompt.messages == 1


@pytest.mark.parametrize("name", ["Reply", "When", "Call", "Usage"])
def test_yaml_and_test_upstream_speak_one_language(name: str):
    """What both have is called the same and has the same default; only what one of them needs is its own."""
    own = {"refusal", "when", "repeat", "model", "id"}
    there = {field.name: field for field in msgspec.structs.fields(getattr(script, name))}
    here = {field.name: field for field in getattr(r, f"Scripted{name}").__attrs_attrs__}
    assert here.keys() - own <= there.keys()
    for key in here.keys() - own - {"usage", "when", "arguments", "name"}:
        assert there[key].default == here[key].default, key
