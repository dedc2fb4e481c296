"""The scripted upstream says what it is told, in each protocol, and notes what it got."""

from __future__ import annotations

import json
import socket
import time

import anthropic
import httpx
import openai
import pytest

from gateway.testing.upstream import Call, Raw, Reply, Rule, ScriptedUpstream, Usage, When, refusal

QUESTION = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture
def client(upstream: ScriptedUpstream):
    with httpx.Client(base_url=upstream.url, trust_env=False, timeout=5) as client:
        yield client


@pytest.fixture
def official(upstream: ScriptedUpstream):
    with openai.OpenAI(base_url=f"{upstream.url}/v1", api_key="k", max_retries=0) as client:
        yield client


def lines(response: httpx.Response) -> list[dict]:
    return [json.loads(line) for line in response.text.splitlines()]


def test_answers_come_in_the_order_of_the_script(upstream, client):
    upstream.script(Reply(text="one"), Reply(text="two"))
    texts = [
        client.post("/v1/chat/completions", json=QUESTION).json()["choices"][0]["message"]["content"]
        for _ in "ab"
    ]
    assert texts == ["one", "two"]


def test_a_request_without_an_answer_gets_500_and_is_listed(upstream, client):
    upstream.script()
    assert client.post("/v1/chat/completions", json=QUESTION).status_code == 500
    assert [chat.scripted for chat in upstream.chats()] == [False]
    upstream.reset()


def test_a_rule_answers_its_requests_whatever_the_order(upstream, client):
    upstream.script(Reply(text="queue"), rules=[Rule(When(last_user="hello"), (Reply(text="rule"),))])
    other = {"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "bye"}]}]}
    texts = [
        client.post("/api/chat", json={**body, "stream": False}).json()["message"]["content"]
        for body in (other, QUESTION)
    ]
    assert texts == ["queue", "rule"]


def test_openai_sdk_reads_streamed_text_reasoning_calls_and_usage(upstream, official):
    upstream.script(
        Reply(
            text="some text",
            reasoning="because",
            calls=(Call("a", {"x": 1}, id="c1", pieces=4), Call("b", {}, id="c2")),
            interleave=True,
            usage=Usage(prompt=11, completion=3),
        )
    )
    with official.chat.completions.stream(**QUESTION, stream_options={"include_usage": True}) as stream:
        final = stream.get_final_completion()
    message = final.choices[0].message
    assert message.content == "some text"
    assert [(c.id, c.function.name, c.function.arguments) for c in message.tool_calls or ()] == [
        ("c1", "a", '{"x":1}'),
        ("c2", "b", "{}"),
    ]
    assert final.choices[0].finish_reason == "tool_calls"
    assert final.usage is not None
    assert final.usage.prompt_tokens == 11


def test_openai_sdk_reads_the_same_reply_as_json(upstream, official):
    upstream.script(Reply(text="some text", calls=(Call("a", {"x": 1}),)))
    message = official.chat.completions.create(**QUESTION).choices[0].message
    assert message.content == "some text"
    assert message.tool_calls[0].function.arguments == '{"x":1}'


def test_openai_sdk_reads_a_reply_as_streamed_responses(upstream, official):
    reply = Reply(
        text="some text", reasoning="because", encrypted="ENC", calls=(Call("a", {"x": 1}, id="c1"),)
    )
    upstream.script(reply)
    with official.responses.stream(model="m", input="hello") as stream:
        final = stream.get_final_response()
    thought, said, called = final.output
    assert (thought.encrypted_content, thought.summary[0].text) == ("ENC", "because")
    assert final.output_text == said.content[0].text == "some text"
    assert (called.call_id, called.name, called.arguments) == ("c1", "a", '{"x":1}')
    assert final.usage.input_tokens == 25


def test_openai_sdk_reads_the_same_reply_as_a_response(upstream, official):
    upstream.script(Reply(text="some text", finish="length"))
    response = official.responses.create(model="m", input="hello")
    assert response.output_text == "some text"
    assert response.incomplete_details.reason == "max_output_tokens"


def test_rules_know_responses_too(upstream, official):
    tool = {"type": "function", "name": "a", "parameters": {}, "strict": False}
    rule = When(last_user="hello", system="brief", tool="a", last_role="user")
    upstream.script(Reply(text="queue"), rules=[Rule(rule, (Reply(text="rule"),))])
    asked = {"model": "m", "input": [{"role": "user", "content": "hello"}]}
    answers = [
        official.responses.create(**asked),
        official.responses.create(**asked, instructions="Be brief.", tools=[tool]),
    ]
    assert [answer.output_text for answer in answers] == ["queue", "rule"]
    assert upstream.chats()[1].tools == ["a"]
    assert upstream.chats()[1].texts("system") == ["Be brief."]


@pytest.fixture
def anthropics(upstream: ScriptedUpstream):
    with anthropic.Anthropic(base_url=upstream.url, api_key="k", max_retries=0) as client:
        yield client


def test_anthropics_sdk_reads_a_reply_as_streamed_messages(upstream, anthropics):
    called = Call("a", {"x": 1}, id="c1")
    upstream.script(Reply(text="some text", reasoning="because", encrypted="SIG", calls=(called,)))
    with anthropics.messages.stream(**QUESTION, max_tokens=9) as stream:
        final = stream.get_final_message()
    thought, said, use = final.content
    assert (thought.thinking, thought.signature, said.text) == ("because", "SIG", "some text")
    assert (use.id, use.name, use.input) == ("c1", "a", {"x": 1})
    assert (final.stop_reason, final.usage.input_tokens) == ("tool_use", 25)


def test_anthropics_sdk_reads_the_same_reply_as_a_message(upstream, anthropics):
    upstream.script(Reply(text="some text", finish="length", usage=Usage(prompt=9, cached=4)))
    message = anthropics.messages.create(**QUESTION, max_tokens=9)
    assert (message.content[0].text, message.stop_reason) == ("some text", "max_tokens")
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens) == (5, 4)
    assert anthropics.messages.count_tokens(**QUESTION).input_tokens > 1_000_000


def test_rules_know_messages_too(upstream, client):
    use = {"type": "tool_use", "id": "c", "name": "a", "input": {"x": 1}}
    told = {"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": "r"}]}
    talk = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [told]},
    ]
    body = {"system": "Be brief.", "tools": [{"name": "a", "input_schema": {}}], "messages": talk}
    rule = When(last_user="hello", system="brief", tool="a", last_role="tool")
    upstream.script(Reply(text="queue"), rules=[Rule(rule, (Reply(text="rule"),))])
    texts = [
        client.post("/v1/messages", json={**body, "messages": messages}).json()["content"][0]["text"]
        for messages in (talk[:1], talk)
    ]
    assert texts == ["queue", "rule"]
    chat = upstream.chats()[1]
    assert (chat.calls, chat.result_ids) == ([("c", "a", {"x": 1})], ["c"])
    assert (chat.texts("system"), chat.texts("tool")) == (["Be brief."], ["r"])
    assert json.loads(chat.raw) == chat.body


def test_ollama_streams_lines_and_ends_with_the_counts(upstream, client):
    upstream.script(Reply(text="abc", reasoning="r", calls=(Call("a", {"x": 1}),), pieces=1))
    got = lines(client.post("/api/chat", json=QUESTION))
    assert [line["message"].get("thinking", line["message"]["content"]) for line in got] == [
        "r",
        "abc",
        "",
        "",
    ]
    assert got[2]["message"]["tool_calls"][0]["function"]["arguments"] == {"x": 1}
    assert (got[-1]["done"], got[-1]["done_reason"], got[-1]["prompt_eval_count"]) == (True, "stop", 25)


def test_think_tags_stand_in_the_content(upstream, client):
    upstream.script(Reply(text="b", reasoning="a", think_tags=True))
    message = client.post("/v1/chat/completions", json=QUESTION).json()["choices"][0]["message"]
    assert message == {"role": "assistant", "content": "<think>a</think>b"}


def read_into(got: bytearray, response: httpx.Response) -> None:
    for part in response.iter_raw():
        got.extend(part)


@pytest.mark.parametrize("ending", ["cut", "reset"])
def test_a_stream_can_break_after_a_chunk(upstream, client, ending):
    upstream.script(Reply(text="abcdef", pieces=6, ending=ending, after=2, delay=0.01))
    got = bytearray()
    with (
        client.stream("POST", "/v1/chat/completions", json={**QUESTION, "stream": True}) as response,
        pytest.raises(httpx.TransportError),
    ):
        read_into(got, response)
    assert got.count(b"data: ") == 3
    assert b'"content":"b"' in got
    assert b"[DONE]" not in got


def test_an_error_in_the_stream_ends_it_cleanly(upstream, client):
    upstream.script(Reply(text="abc", pieces=3, ending="error", after=1, error="boom"))
    got = client.post("/v1/chat/completions", json={**QUESTION, "stream": True}).text
    assert got.count("data: ") == 3
    assert '"message":"boom"' in got.split("\n\n")[-2]


def test_delays_and_silences_are_kept(upstream, client):
    upstream.script(
        Reply(text="ab", pieces=2, before_headers=0.1, before_content=0.1, pause_after=1, pause=0.1)
    )
    begin = time.monotonic()
    with client.stream("POST", "/v1/chat/completions", json={**QUESTION, "stream": True}) as response:
        headers = time.monotonic() - begin
        response.read()
    assert headers >= 0.1
    assert time.monotonic() - begin >= 0.3


def test_a_refusal_has_its_status_and_headers(upstream, client):
    upstream.script(refusal(429, "slow down", retry_after="7"))
    answer = client.post("/v1/chat/completions", json=QUESTION)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["error"]["message"] == "slow down"


def test_raw_bytes_go_out_as_they_are(upstream):
    upstream.script(Raw(chunks=("\xff\x00garbage",), encoding="latin-1", framing="none"))
    with socket.create_connection(("127.0.0.1", upstream.port)) as connection:
        connection.sendall(b"POST /api/chat HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}")
        assert connection.recv(100) == b"\xff\x00garbage"
        assert connection.recv(100) == b""


def test_what_came_is_noted(upstream, client):
    upstream.script(Reply(text="a"))
    client.post("/v1/chat/completions?x=1", json=QUESTION, headers={"Authorization": "Bearer t"})
    (got,) = upstream.chats()
    assert (got.path, got.query, got.body, got.headers["authorization"]) == (
        "/v1/chat/completions",
        "x=1",
        QUESTION,
        "Bearer t",
    )
    assert got.at <= got.first_byte_at <= got.done_at
    assert got.gone_at is None


def test_a_client_that_leaves_is_noted(upstream, client):
    upstream.script(Reply(text="abcdef", pieces=6, delay=0.2))
    with client.stream("POST", "/v1/chat/completions", json={**QUESTION, "stream": True}) as response:
        next(response.iter_raw())
    left = time.monotonic()
    while (got := upstream.chats()[0]).gone_at is None and time.monotonic() < left + 2:
        time.sleep(0.02)
    assert got.done_at is None
    assert got.gone_at is not None
    assert abs(got.gone_at - left) < 0.5


def test_a_body_can_be_split_anywhere(upstream, client):
    upstream.script(Reply(text="abc"), Reply(text="abc", split=5))
    bodies = [client.post("/v1/chat/completions", json={**QUESTION, "stream": True}).content for _ in "ab"]
    assert bodies[0] == bodies[1]
