"""Questions in both dialects, and answers of every shape."""

from __future__ import annotations

import json

import pytest

from gateway.doctor.client import ProbeClient
from gateway.doctor.dialect import ChatQuestion, ChatVariant, adapted_variant, ask_model, chat_body
from gateway.testing.upstream import Call, Reply, refusal

LAUNCH = {"options": {"num_ctx": 8192}, "shift": False}
CHAT, NATIVE = ChatVariant("openai", "scripted"), ChatVariant("ollama", "scripted", launch=LAUNCH)
TOOL = {"name": "get_weather", "description": "", "parameters": {"type": "object"}}


HELLO = ChatQuestion("hi")


async def asked(url: str, manner: ChatVariant = CHAT, question: ChatQuestion = HELLO):
    async with ProbeClient.to(url) as line:
        return await ask_model(line, manner, question, 10)


@pytest.mark.parametrize("manner", [CHAT, NATIVE], ids=["chat", "native"])
async def test_text_reasoning_calls_and_counts_are_read(upstream, manner):
    calls = (Call("get_weather", {"city": "Paris"}), Call("get_weather", {"city": "Rome"}, id="c2"))
    upstream.script(Reply(text="There.", reasoning="Hm.", calls=calls, reasoning_field="reasoning"))
    answer = await asked(upstream.url, manner)
    assert (answer.text, answer.reasoning) == ("There.", "Hm.")
    assert answer.reasoning_field == ("reasoning" if manner is CHAT else "thinking")
    assert [(call.name, call.arguments) for call in answer.calls] == [
        ("get_weather", {"city": "Paris"}),
        ("get_weather", {"city": "Rome"}),
    ]
    assert (answer.prompt_tokens, answer.output_tokens) == (25, 7)
    assert answer.first is not None
    assert not answer.refused


async def test_calls_whose_pieces_alternate_are_put_together(upstream):
    calls = tuple(Call("get_weather", {"city": city}, id=city) for city in ("Paris", "Rome"))
    upstream.script(Reply(calls=calls, interleave=True))
    answer = await asked(upstream.url)
    assert [call.arguments for call in answer.calls] == [{"city": "Paris"}, {"city": "Rome"}]


async def test_broken_arguments_are_none(upstream):
    upstream.script(Reply(calls=(Call("get_weather", '{"city": '),)))
    assert [call.arguments for call in (await asked(upstream.url)).calls] == [None]


async def test_an_answer_that_is_not_streamed_is_read_too(canned):
    said = {"choices": [{"message": {"content": "whole"}, "finish_reason": "stop"}]}
    answer = await asked(canned({"/v1/chat/completions": json.dumps(said, indent=2).encode()}))
    assert (answer.text, answer.finish) == ("whole", "stop")


async def test_content_in_parts_is_text(canned):
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "in parts"}]
    url = canned({"/v1/chat/completions": {"choices": [{"message": {"content": parts}}]}})
    assert (await asked(url)).text == "in parts"


async def test_an_error_in_the_stream_is_its_fault(upstream):
    upstream.script(Reply(text="half", ending="error", error="the runner has crashed"))
    answer = await asked(upstream.url)
    assert answer.fault == "the runner has crashed"


@pytest.mark.parametrize("ending", ["cut", "reset"])
async def test_a_stream_that_breaks_off_is_no_exception(upstream, ending):
    upstream.script(Reply(text="half of it", ending=ending, after=1))
    answer = await asked(upstream.url)
    assert answer.text
    assert "half of it" not in answer.text


@pytest.mark.parametrize(
    "data", [b"", b"<html>hello</html>", b"data: {\n\ndata: 7\n\ndata: [1]\n\n", b"[" * 9999], ids=range(4)
)
async def test_garbage_says_nothing(canned, data):
    answer = await asked(canned({"/v1/chat/completions": data}))
    assert not answer.has_output
    assert answer.status == 200


async def test_a_refusal_is_kept_in_the_servers_words(upstream):
    upstream.script(refusal(400, "no tools here"))
    answer = await asked(upstream.url)
    assert answer.refused
    assert answer.words == "400 no tools here"


async def test_what_is_enough_is_left(upstream):
    upstream.script(Reply(text="one two three " * 30, pieces=60, delay=0.05))
    answer = await asked(upstream.url, CHAT, ChatQuestion("hi", enough=lambda answer: "two" in answer.text))
    assert answer.seconds < 2
    assert len(answer.text) < 400


def test_ollama_is_asked_with_a_window_and_never_forced():
    said = chat_body(NATIVE, ChatQuestion("hi", 9, tools=(TOOL,), picture=b"png", think="template"))
    assert said["options"] == {"num_predict": 9, "num_ctx": 8192}
    assert said["messages"][0]["images"] == ["cG5n"]
    assert said["think"] is True


def test_chat_is_asked_for_one_call_where_it_is_forced():
    said = chat_body(CHAT, ChatQuestion("hi", tools=(TOOL,), forced=True, think="effort"))
    assert (said["tool_choice"], said["parallel_tool_calls"]) == ("required", False)
    assert said["reasoning_effort"] == "low"
    assert said["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("words", "field", "usage"),
    [
        (
            "Unsupported parameter: 'max_tokens' is not supported with this model.",
            "max_completion_tokens",
            True,
        ),
        ("Unrecognized request argument supplied: stream_options", "max_tokens", False),
    ],
)
async def test_a_refusal_teaches_the_manner(upstream, words, field, usage):
    upstream.script(refusal(400, words))
    manner = adapted_variant(CHAT, await asked(upstream.url))
    assert (manner.tokens_field, manner.stream_usage) == (field, usage)


async def test_other_refusals_teach_nothing(upstream):
    upstream.script(refusal(400, "bad request"))
    assert adapted_variant(CHAT, await asked(upstream.url)) is None
