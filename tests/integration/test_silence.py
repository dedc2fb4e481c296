"""What a client sees while the upstream is silent: headers, pings, the drip, and how a late failure ends."""

from __future__ import annotations

import anthropic
import msgspec
import pytest

from gateway.testing.upstream import Call, Reply, refusal

SERVER = {"commit_after": "1s", "ping_every": "1s", "drip_after": "2s", "drip_every": "1s"}
START = ["message_start", "content_block_start"]
DELTA = "content_block_delta"
OVERFLOW = (
    "This model's maximum context length is 8192 tokens. However, you requested 9131 tokens "
    "(9031 in the messages, 100 in the completion). Please reduce the length of the messages."
)


@pytest.fixture
def quick(start_gateway, settings):
    return start_gateway(settings(server=SERVER))


def test_headers_then_pings_then_message_start_and_drip_then_the_answer(quick, upstream, ask):
    upstream.script(Reply(text="at last", pieces=1, before_headers=6.5))
    answered = ask(quick)
    assert answered.status == 200
    assert 0.9 <= answered.headers_at < upstream.chats()[0].first_byte_at - answered.asked_at
    assert answered.types[0] == "ping"
    kinds = [event["type"] for event in answered.content]
    drips = kinds.count(DELTA) - 1
    assert drips >= 1
    assert kinds == [
        *START,
        *[DELTA] * drips,
        "content_block_stop",
        "content_block_start",
        DELTA,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    begun = next(at for at, event in answered.events if event["type"] == "message_start")
    assert begun >= 1.9
    assert all(event["delta"]["text"] == "" for event in answered.content[2 : 2 + drips])
    assert [event["index"] for event in answered.content if event["type"] == "content_block_start"] == [0, 1]
    assert answered.text == "at last"


def test_every_silence_has_its_signs_of_life(quick, upstream, ask):
    """How many they are on an idle machine, the clock's own tests say."""
    upstream.script(Reply(text="a b", pieces=2, before_headers=3.5, pause_after=1, pause=3.5))
    answered = ask(quick)
    first, second = (place for place, (_, event) in enumerate(answered.events) if _says(event))
    assert {"ping", DELTA} <= set(answered.types[:first])
    assert set(answered.types[first + 1 : second]) & {"ping", DELTA}


def _says(event: dict) -> bool:
    return event["type"] == DELTA and event["delta"]["text"] != ""


def test_silence_inside_a_block_drips_into_that_block(quick, upstream, ask):
    upstream.script(Reply(text="onetwo", pieces=2, pause_after=1, pause=4.5))
    answered = ask(quick)
    kinds = [event["type"] for event in answered.content]
    drips = kinds.count(DELTA) - 2
    assert drips >= 1
    assert kinds == [*START, *[DELTA] * (drips + 2), "content_block_stop", "message_delta", "message_stop"]
    assert [event["delta"]["text"] for event in answered.content[2:-3]] == ["one", *[""] * drips, "two"]


def test_hidden_reasoning_counts_as_silence(quick, upstream, ask):
    upstream.script(Reply(reasoning="word " * 10, pieces=10, delay=0.5, text="answer"))
    answered = ask(quick)
    assert "ping" in answered.types
    assert answered.text == "answer"
    assert "word" not in str(answered.events)


def test_a_prompt_answer_has_no_ping_and_no_drip(quick, upstream, ask):
    upstream.script(Reply(text="at once"))
    kinds = ask(quick).types
    assert kinds == [*START, *[DELTA] * 3, "content_block_stop", "message_delta", "message_stop"]


def test_a_dripped_stream_is_accepted_by_the_sdk(quick, upstream):
    call = Call("f", {"a": 1})
    upstream.script(Reply(text="at last", calls=(call,), before_headers=4.5, pause_after=4, pause=3.5))
    with (
        anthropic.Anthropic(api_key="k", base_url=quick.url, max_retries=0) as client,
        client.messages.stream(
            model="m",
            max_tokens=100,
            messages=[{"role": "user", "content": "x"}],
            tools=[{"name": "f", "input_schema": {"type": "object"}}],
        ) as stream,
    ):
        final = stream.get_final_message()
    assert [block.text for block in final.content if block.type == "text" and block.text] == ["at last"]
    assert [block.input for block in final.content if block.type == "tool_use"] == [{"a": 1}]
    assert final.stop_reason == "tool_use"


def test_a_failure_before_the_commit_has_its_real_status(quick, upstream, ask):
    upstream.script(refusal(429, "slow down", retry_after="7"))
    answered = ask(quick)
    assert (answered.status, answered.headers["retry-after"]) == (429, "7")
    assert answered.body["error"]["type"] == "rate_limit_error"


def test_an_error_inside_the_upstreams_stream_before_any_content_has_a_real_status(quick, upstream, ask):
    upstream.script(Reply(ending="error", after=0, error="the model runner has crashed"))
    answered = ask(quick)
    assert (answered.status, answered.body["error"]["type"]) == (500, "api_error")
    assert "the model runner has crashed" in answered.body["error"]["message"]


def test_an_overflow_after_early_headers_is_an_error_event_and_then_a_real_400(quick, upstream, ask):
    late = msgspec.structs.replace(refusal(400, OVERFLOW), before_headers=2.5)
    upstream.script(late, refusal(400, OVERFLOW))
    streamed = ask(quick)
    assert streamed.status == 200
    assert streamed.types[0] == "ping"
    assert streamed.types[-1] == "error"
    assert "prompt is too long: 9031 tokens > 8192 maximum" in streamed.content[-1]["error"]["message"]
    repeated = ask(quick, stream=False)
    assert repeated.status == 400
    assert repeated.body["error"]["message"] == "prompt is too long: 9031 tokens > 8192 maximum"
    assert repeated.body["error"]["type"] == "invalid_request_error"


def test_a_non_streaming_request_gets_nothing_until_it_is_done(quick, upstream, ask):
    upstream.script(Reply(text="whole", before_headers=3))
    answered = ask(quick, stream=False)
    assert answered.headers_at >= 3
    assert answered.body["content"][0]["text"] == "whole"
