from __future__ import annotations

import time

import pytest

from gateway.llamacpp import CannotRun
from gateway.llamacpp.question import DemoQuestion, ask_gateway, read_answer
from gateway.testing.upstream import Reply

STREAM = """\
event: message_start
data: {"type":"message_start","message":{"usage":{"input_tokens":3}}}

event: ping
data: {"type":"ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo"}}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}

event: message_stop
data: {"type":"message_stop"}
""".splitlines()


def test_text_is_shown_as_it_arrives():
    shown: list[str] = []
    answer = read_answer(STREAM, time.monotonic(), shown.append)
    assert shown == ["Hel", "lo"]
    assert (answer.text, answer.output_tokens, answer.complete) == ("Hello", 2, True)


def test_cut_stream_is_a_failure():
    with pytest.raises(CannotRun, match="broke off"):
        read_answer(STREAM[:-2], time.monotonic(), print)


def test_error_inside_the_stream_is_a_failure():
    error = 'data: {"type":"error","error":{"type":"api_error","message":"the upstream went away"}}'
    with pytest.raises(CannotRun, match="the upstream went away"):
        read_answer([*STREAM[:9], error], time.monotonic(), print)


def test_question_is_a_request_that_the_gateway_takes(gateway, upstream):
    upstream.script(Reply(text="Hello there", pieces=3))
    shown: list[str] = []
    answer = ask_gateway(gateway.url, "any", DemoQuestion("hi", "some-model"), shown.append)
    assert answer.text == "Hello there" == "".join(shown)
    assert len(shown) == 3


def test_refusal_is_shown_with_the_gateways_words(gateway, upstream):
    upstream.script(Reply(text="never"))
    with pytest.raises(CannotRun, match=r"answered 400: .*max_tokens"):
        ask_gateway(gateway.url, "any", DemoQuestion("hi", "some-model", max_tokens=-1), print)


def test_gateway_that_is_not_there_is_a_failure():
    with pytest.raises(CannotRun, match="did not answer"):
        ask_gateway("http://127.0.0.1:9", "any", DemoQuestion("hi", "some-model"), print)
