"""What a server refuses is done without, and the client is told what became of it."""

from __future__ import annotations

import json

import pytest

from gateway.testing.upstream import Call, Raw, Reply, refusal

TOOL = {"name": "look", "input_schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}
FORM = {
    "format": {"type": "json_schema", "schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}
}


@pytest.fixture
def serving(start_gateway, settings, request):
    """`serving(kind, preset=...)`: a gateway that has learnt nothing of its model before this test."""

    def start(kind: str = "openai", **provider: object):
        return start_gateway(settings(kind, provider=provider, models={"*": f"up/{request.node.name}"}))

    return start


def warnings(answered) -> list[str]:
    return [name for name in answered.headers.get("x-gateway-warnings", "").split(", ") if name]


def refuses(parameter: str) -> Raw:
    return refusal(400, f"Unsupported parameter: '{parameter}' is not supported with this model.")


@pytest.mark.parametrize("kind", ["openai", "responses"])
def test_effort_steps_down_to_the_highest_that_is_supported(serving, upstream, ask, kind):
    gateway = serving(kind, preset=kind)
    name = "reasoning.effort" if kind == "responses" else "reasoning_effort"
    said = f"Unsupported value: '{name}' does not support 'max' with this model. Supported values are: "
    said += "'minimal', 'low', 'medium', and 'high'."
    refused = {"error": {"message": said, "param": name, "code": "unsupported_value"}}
    upstream.script(Raw(status=400, chunks=(json.dumps(refused),)), default=Reply(text="ok"))
    asked = {"output_config": {"effort": "max"}}
    answers = [ask(gateway, stream=False, **asked) for _ in range(2)]
    efforts = [
        chat.body.get("reasoning_effort") or chat.body["reasoning"]["effort"] for chat in upstream.chats()
    ]
    assert efforts == ["max", "high", "high"]
    assert [warnings(answer) for answer in answers] == [["clamped.effort"]] * 2


def test_another_effort_is_not_touched_by_the_lesson(serving, upstream, ask):
    gateway = serving()
    upstream.script(refusal(400, "reasoning_effort must be one of 'low', 'high'"), default=Reply(text="ok"))
    ask(gateway, output_config={"effort": "max"})
    answered = ask(gateway, output_config={"effort": "low"})
    assert upstream.chats()[-1].body["reasoning_effort"] == "low"
    assert warnings(answered) == []


@pytest.mark.parametrize("stream", [True, False])
def test_refused_stop_sequences_are_matched_here(serving, upstream, ask, stream):
    gateway = serving(preset="vllm")
    upstream.script(refuses("stop"), Reply(text="one two END three", pieces=9))
    answered = ask(gateway, stream=stream, stop_sequences=["END"])
    first, second = (chat.body for chat in upstream.chats())
    assert (first["stop"], second.get("stop")) == (["END"], None)
    end = answered.content[-2]["delta"] if stream else answered.body
    assert (end["stop_reason"], end["stop_sequence"]) == ("stop_sequence", "END")
    assert warnings(answered)[0] == "emulated.stop_sequences"
    text = answered.text if stream else answered.body["content"][0]["text"]
    assert text == "one two "


def test_refused_tool_choice_is_asked_for_in_words(serving, upstream, ask):
    gateway = serving()
    upstream.script(refuses("tool_choice"), Reply(calls=(Call("look", {"n": 1}),)))
    choice = {"type": "tool", "name": "look"}
    answered = ask(gateway, tools=[TOOL, {**TOOL, "name": "other"}], tool_choice=choice)
    first, second = (chat.body for chat in upstream.chats())
    assert first["tool_choice"]["function"]["name"] == "look"
    assert "tool_choice" not in second
    assert [tool["function"]["name"] for tool in second["tools"]] == ["look"]
    assert second["messages"][0]["content"] == "You must call the tool look."
    assert warnings(answered) == ["emulated.tool_choice_tool"]


@pytest.mark.parametrize(
    ("parameter", "asked", "name"),
    [
        ("temperature", {"temperature": 0.3}, "dropped.sampling"),
        ("reasoning_effort", {"output_config": {"effort": "low"}}, "dropped.effort"),
    ],
)
def test_what_is_done_without_is_said_each_time(serving, upstream, ask, parameter, asked, name):
    gateway = serving()
    upstream.script(refuses(parameter), default=Reply(text="ok"))
    assert [warnings(ask(gateway, **asked)) for _ in range(2)] == [[name]] * 2
    assert [parameter in chat.body for chat in upstream.chats()] == [True, False, False]


def test_ollama_that_cannot_think_is_asked_without(serving, upstream, ask):
    gateway = serving("ollama")
    upstream.script(
        Raw(status=400, chunks=('{"error":"\\"m\\" does not support thinking"}',)), Reply(text="ok")
    )
    answered = ask(gateway, thinking={"type": "adaptive"})
    assert [chat.body.get("think") for chat in upstream.chats()] == [True, None]
    assert "dropped.thinking" in warnings(answered)


@pytest.mark.parametrize("stream", [True, False])
def test_refused_response_format_becomes_words(serving, upstream, ask, stream):
    gateway = serving()
    upstream.script(refusal(400, "This response_format type is unavailable now"), Reply(text='Sure: {"n":1}'))
    answered = ask(gateway, stream=stream, output_config=FORM)
    first, second = (chat.body for chat in upstream.chats())
    assert ("response_format" in first, "response_format" in second) == (True, False)
    assert "must be JSON" in second["messages"][0]["content"]
    text = answered.text if stream else answered.body["content"][0]["text"]
    assert text == '{"n":1}'


def test_call_that_the_server_itself_could_not_read_is_asked_for_again(serving, upstream, ask):
    gateway = serving()
    failed = refusal(400, "Failed to call a function. Please adjust your prompt.", code="tool_use_failed")
    upstream.script(failed, Reply(calls=(Call("look", {"n": 1}),)))
    answered = ask(gateway, stream=False, tools=[TOOL])
    assert answered.body["stop_reason"] == "tool_use"
    assert warnings(answered) == ["repaired.tool_call"]
    upstream.script(failed, failed)
    assert ask(gateway, stream=False, tools=[TOOL]).status == 502


@pytest.mark.parametrize(
    ("tier", "speed", "service"), [("priority", "fast", "priority"), ("default", "standard", "standard")]
)
@pytest.mark.parametrize("stream", [True, False])
def test_speed_is_what_the_upstream_made_of_it(serving, upstream, ask, stream, tier, speed, service):
    gateway = serving(preset="openai", quirks={"fast_tier": "priority"})
    choice = {"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}
    body = json.dumps(
        {"choices": [choice], "service_tier": tier, "usage": {"prompt_tokens": 5, "completion_tokens": 1}}
    )
    upstream.script(Raw(chunks=(body,)))
    answered = ask(gateway, stream=stream, speed="fast")
    assert upstream.chats()[0].body["service_tier"] == "priority"
    usage = answered.content[-2]["usage"] if stream else answered.body["usage"]
    assert (usage["speed"], usage["service_tier"]) == (speed, service)
    assert warnings(answered) == []


@pytest.mark.parametrize("kind", ["openai", "responses", "ollama"])
def test_speed_that_cannot_be_had_is_the_standard_one(serving, upstream, ask, kind):
    upstream.script(Reply(text="hi"))
    answered = ask(serving(kind, preset=kind), stream=False, speed="fast", service_tier="standard_only")
    assert upstream.chats()[0].body.get("service_tier") == (None if kind == "ollama" else "default")
    assert answered.body["usage"]["speed"] == "standard"
    assert "dropped.speed" in warnings(answered)


def test_server_that_only_streams_is_always_asked_to(serving, upstream, ask):
    upstream.script(Reply(text="in pieces", pieces=4))
    answered = ask(serving(quirks={"stream_only": True}), stream=False)
    assert upstream.chats()[0].body["stream"] is True
    assert answered.body["content"][0]["text"] == "in pieces"


@pytest.mark.parametrize("kind", ["openai", "responses", "ollama", "anthropic"])
@pytest.mark.parametrize(
    ("header", "value"), [("api-key", "K1"), ("x-api-key", "K1"), ("authorization", "Bearer K1")]
)
def test_key_goes_where_the_quirk_says(serving, upstream, ask, kind, header, value):
    upstream.script(Reply(text="hi"), default=Raw(status=500))
    ask(serving(kind, api_key="K1", quirks={"key_header": header}), stream=False)
    sent = upstream.requests()[0].headers
    assert {name: sent[name] for name in ("authorization", "api-key", "x-api-key") if name in sent} == {
        header: value
    }


# ---------------------------------------------------------------- what is kept of a refusal

HOLE = {"name": "t1", "input_schema": {"type": "object", "properties": {"values": {"type": "array"}}}}
STRICT = {
    "type": "object",
    "properties": {
        "d": {"type": "string", "pattern": "^[0-9]{4}$"},
        "n": {"type": "integer", "minimum": 1},
    },
}
SOUND = {"name": "sound", "input_schema": STRICT}
NO_ITEMS = (
    "Invalid schema for function 't1': In context=('properties', 'values'), array schema missing items."
)


def sent_schema(body: dict, at: int = 0) -> dict:
    tool = body["tools"][at]
    return tool.get("function", tool)["parameters"]


@pytest.mark.parametrize("kind", ["openai", "responses"])
@pytest.mark.parametrize("stream", [True, False])
def test_array_without_items_gets_some_where_it_is_refused(serving, upstream, ask, kind, stream):
    gateway = serving(kind, preset="plain")
    upstream.script(refusal(400, NO_ITEMS), default=Reply(text="ok"))
    answers = [ask(gateway, stream=stream, tools=[HOLE]) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    sent = [sent_schema(chat.body)["properties"]["values"] for chat in upstream.chats()]
    assert sent == [{"type": "array"}, {"type": "array", "items": {}}, {"type": "array", "items": {}}]
    assert warnings(answers[0]) == []


@pytest.mark.parametrize(
    ("kind", "preset"),
    [
        ("openai", "openai"),
        ("openai", "azure"),
        ("openai", "gemini"),
        ("responses", "responses"),
        ("responses", "azure-responses"),
    ],
)
def test_array_without_items_gets_some_before_it_is_refused(serving, upstream, ask, kind, preset):
    gateway = serving(kind, preset=preset)
    upstream.script(default=Reply(text="ok"))
    ask(gateway, stream=False, tools=[HOLE])
    assert [sent_schema(chat.body)["properties"]["values"] for chat in upstream.chats()] == [
        {"type": "array", "items": {}}
    ]


@pytest.mark.parametrize("kind", ["openai", "responses"])
@pytest.mark.parametrize(
    "words", ["Invalid schema for function 't1': 'x' is not permitted.", "failed to parse grammar"]
)
def test_a_change_that_did_not_help_is_no_lesson(serving, upstream, ask, kind, words):
    gateway = serving(kind, preset="plain")
    upstream.script(refusal(400, words), refusal(400, words), default=Reply(text="ok"))
    assert ask(gateway, stream=False, tools=[SOUND]).status == 400
    assert len(upstream.chats()) == 2
    answered = ask(gateway, stream=False, tools=[SOUND])
    assert sent_schema(upstream.chats()[-1].body) == STRICT
    assert warnings(answered) == []


@pytest.mark.parametrize("kind", ["openai", "responses"])
@pytest.mark.parametrize("stream", [True, False])
def test_the_second_schema_that_is_refused_stands_for_the_rest(serving, upstream, ask, kind, stream):
    gateway = serving(kind, preset="plain")
    tools = [{"name": f"t{at}", "input_schema": {**STRICT, "title": str(at)}} for at in range(6)]
    said = [refusal(400, f"Invalid schema for function 't{at}': 'x' is not permitted.") for at in (2, 3)]
    upstream.script(*said, default=Reply(text="ok"))
    answers = [ask(gateway, stream=stream, tools=tools) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    bare = [
        [at for at in range(6) if "pattern" not in sent_schema(chat.body, at)["properties"]["d"]]
        for chat in upstream.chats()
    ]
    assert bare == [[], [2], [*range(6)], [*range(6)]]
    assert [warnings(answer) for answer in answers] == [["dropped.schema_constraints"]] * 2


def test_a_change_that_did_not_help_ollama_is_no_lesson(serving, upstream, ask):
    gateway = serving("ollama")
    no = Raw(status=400, chunks=('{"error": "invalid JSON schema in format"}',))
    form = {"format": {"type": "json_schema", "schema": STRICT}}
    upstream.script(no, no, default=Reply(text="{}"))
    assert ask(gateway, stream=False, output_config=form).status == 400
    upstream.script(no, default=Reply(text='{"d": "2000", "n": 1}'))
    answers = [ask(gateway, stream=False, output_config=form) for _ in range(2)]
    sent = ["pattern" in chat.body["format"]["properties"]["d"] for chat in upstream.chats()]
    assert sent == [True, False, True, False, False]
    assert [warnings(answer) for answer in answers] == [["dropped.schema_constraints"]] * 2


def test_refusal_that_nothing_can_be_done_about_is_not_asked_again(serving, upstream, ask):
    gateway = serving("ollama")
    upstream.script(default=Raw(status=400, chunks=('{"error": "failed to parse grammar"}',)))
    assert ask(gateway, stream=False, tools=[TOOL]).status == 400
    assert len(upstream.chats()) == 1


@pytest.mark.parametrize(
    ("words", "asked", "field"),
    [
        ("Unsupported parameter: 'temperature' is not supported with this model.", {}, "temperature"),
        (
            "reasoning_effort must be one of 'low', 'medium'",
            {"output_config": {"effort": "high"}},
            "reasoning_effort",
        ),
        ("max_tokens must be less than or equal to 50", {}, "max_tokens"),
    ],
)
@pytest.mark.parametrize("then", ["refused", "failed", "error at 200"])
def test_lesson_needs_an_answer(serving, upstream, ask, words, asked, field, then):
    gateway = serving()
    again = {
        "refused": refusal(400, words),
        "failed": refusal(500, "out of memory"),
        "error at 200": Raw(chunks=('{"error": {"message": "no"}}',)),
    }[then]
    upstream.script(refusal(400, words), again, default=Reply(text="ok"))
    asked = {"temperature": 0.3, "max_tokens": 99, **asked}
    assert ask(gateway, stream=False, **asked).status >= 400
    first = upstream.chats()[0].body[field]
    seen = len(upstream.chats())
    ask(gateway, stream=False, **asked)
    assert upstream.chats()[seen].body[field] == first


def test_lesson_that_helped_stays_with_its_schema(serving, upstream, ask):
    gateway = serving()
    upstream.script(refusal(400, "failed to parse grammar"), default=Reply(text="ok"))
    answers = [ask(gateway, stream=False, tools=[SOUND]) for _ in range(2)]
    other = {**SOUND, "input_schema": {**STRICT, "required": ["d"]}}
    answers.append(ask(gateway, stream=False, tools=[other]))
    patterns = ["pattern" in sent_schema(chat.body)["properties"]["d"] for chat in upstream.chats()]
    assert patterns == [True, False, False, True]
    dropped = ["dropped.schema_constraints"]
    assert [warnings(answer) for answer in answers] == [dropped, dropped, []]


@pytest.mark.parametrize("end", ["set reasoning_effort to 'none'.", "Please use /v1/responses instead."])
@pytest.mark.parametrize("preset", ["openai", "azure", "plain"])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("reasons", [True, False])
def test_effort_that_is_refused_beside_tools_is_none_there(
    serving, upstream, ask, end, preset, stream, reasons
):
    gateway = serving(preset=preset)
    words = "Function tools with reasoning_effort are not supported for gpt-x in /v1/chat/completions. "
    upstream.script(refusal(400, words + end), default=Reply(text="ok"))
    high = {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}} if reasons else {}
    answers = [ask(gateway, stream=stream, tools=tools, **high) for tools in ([TOOL], [TOOL], [])]
    assert [answer.status for answer in answers] == [200] * 3
    usual = "high" if reasons else None
    efforts = [chat.body.get("reasoning_effort") for chat in upstream.chats()]
    assert efforts == [usual, "none", "none", usual]
    dropped = ["dropped.thinking"] if reasons else []
    assert [warnings(answer) for answer in answers] == [dropped, dropped, []]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("stream", [True, False])
def test_limit_that_is_the_window_is_learnt_as_such(serving, upstream, ask, stream, name):
    gateway = serving(preset="vllm", quirks={"max_tokens_field": name})
    words = f"{name}=32000 cannot be greater than max_model_len=4096. Please request fewer output tokens. "
    upstream.script(refusal(400, words + f"(parameter={name}, value=32000)"), default=Reply(text="ok"))
    answers = [ask(gateway, stream=stream, max_tokens=32000) for _ in range(2)]
    assert [warnings(answer) for answer in answers] == [["clamped.max_tokens"]] * 2
    first, second, third = (chat.body[name] for chat in upstream.chats())
    assert (first, second) == (32000, 4096)
    assert 3000 < third < 4096
    answered = ask(gateway, stream=False, max_tokens=100)
    assert upstream.chats()[-1].body[name] == 100
    assert warnings(answered) == []


WINDOW = "This model's maximum context length is 4096 tokens"
WINDOWS = [
    f"{WINDOW}. However, you requested 32000 output tokens and your prompt has at least 89 input tokens.",
    f"'max_completion_tokens' is too large: 32000. {WINDOW} and your request has 89 input tokens.",
    f"{WINDOW}. However, you requested 32089 tokens (89 in the messages, 32000 in the completion).",
    f"{WINDOW}. However, you requested 32000 output tokens.",
]


@pytest.mark.parametrize("preset", ["vllm", "plain"])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("words", WINDOWS)
def test_window_named_beside_the_prompt_is_learnt_but_not_the_room(
    serving, upstream, ask, words, preset, stream
):
    gateway = serving(preset=preset, quirks={"max_tokens_field": "max_tokens"})
    upstream.script(refusal(400, words), default=Reply(text="ok"))
    answers = [ask(gateway, stream=stream, max_tokens=32000) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert [warnings(answer) for answer in answers] == [["clamped.max_tokens"]] * 2
    first, second, third = (chat.body["max_tokens"] for chat in upstream.chats())
    assert first == 32000
    assert 3800 < second < 4096
    assert 3800 < third < 4096
    long = [{"role": "user", "content": "word " * 2000}]
    ask(gateway, stream=stream, max_tokens=32000, messages=long)
    assert 500 < upstream.chats()[-1].body["max_tokens"] < 2500, "the prompt counts each time"
    answered = ask(gateway, stream=stream, max_tokens=100)
    assert upstream.chats()[-1].body["max_tokens"] == 100
    assert warnings(answered) == []
    assert len(upstream.chats()) == 5


def test_another_window_replaces_the_one_that_was_learnt(serving, upstream, ask):
    gateway = serving(preset="vllm")
    smaller = WINDOWS[0].replace("4096", "2048")
    upstream.script(
        refusal(400, WINDOWS[0]), Reply(text="ok"), refusal(400, smaller), default=Reply(text="ok")
    )
    for _ in range(3):
        ask(gateway, stream=False, max_tokens=32000)
    asked = [chat.body["max_tokens"] for chat in upstream.chats()]
    assert len(asked) == 5
    assert 3800 < asked[2] < 4096
    assert asked[3] < 2048
    assert asked[4] < 2048
