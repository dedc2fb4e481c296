"""What a Chat Completions server is sent, beyond what the goldens show."""

import json

import pytest
from attrs import evolve

from gateway.anthropic.conversation.image_size import IMAGE_TOKENS
from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.signatures import sign
from gateway.anthropic.tools.tool_names import ClientToolName
from gateway.errors import RequestRefused
from gateway.inbound import Inbound
from gateway.settings.quirks import PLAIN, Quirks
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.openai.request import prompt_of, to_chat_request
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.upstream_request import NO_ADAPTATIONS, Adaptations, UpstreamRequest

TOOL = {"name": "T", "description": "Does it.", "input_schema": {"type": "object", "properties": {}}}
THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
SESSION = {"x-claude-code-session-id": "session"}


def build(
    quirks: Quirks = PLAIN,
    adaptations: Adaptations = NO_ADAPTATIONS,
    info: dict | None = None,
    **request: object,
) -> UpstreamRequest:
    body = {"model": "m", "max_tokens": 1000, "messages": [{"role": "user", "content": "x"}], **request}
    sent = json.dumps(body).encode()
    inbound = Inbound("r", sent, SESSION, decode_request(sent))
    return to_chat_request(inbound, ModelInfo("p", "qwen", quirks, **(info or {})), adaptations)


def sent(*args: object, **kwargs: object) -> dict:
    return json.loads(build(*args, **kwargs).body)


def notices(built: UpstreamRequest) -> list[str]:
    return [notice.name for notice in built.notices]


def quirks(**switches: object) -> Quirks:
    return evolve(PLAIN, **switches)


def test_nothing_unasked_is_sent():
    assert sent() == {
        "model": "qwen",
        "messages": [{"role": "user", "content": "x"}],
        "stream": False,
        "max_tokens": 1000,
    }


def test_usage_is_asked_for_in_streams_where_the_server_knows_it():
    assert sent(stream=True)["stream_options"] == {"include_usage": True}
    assert "stream_options" not in sent(quirks(stream_usage=False), stream=True)


def test_request_without_anything_to_send_is_refused():
    with pytest.raises(RequestRefused, match="messages: nothing"):
        build(messages=[{"role": "user", "content": []}])


# ---------------------------------------------------------------- max_tokens


@pytest.mark.parametrize(
    ("info", "adaptations", "allowed"),
    [
        ({}, Adaptations(), 1000),
        ({"max_output_tokens": 500}, Adaptations(), 500),
        ({"max_output_tokens": 500}, Adaptations(max_tokens=300), 300),
        ({"context_window": 800}, Adaptations(), 700),
        ({"context_window": 40}, Adaptations(), 5),
    ],
)
def test_max_tokens_is_cut_to_what_is_known(info: dict, adaptations: Adaptations, allowed: int):
    built = build(info=info, adaptations=adaptations)
    assert json.loads(built.body)["max_tokens"] == pytest.approx(
        allowed, abs=20 if "context_window" in info else 0
    )
    assert ("clamped.max_tokens" in notices(built)) == (allowed != 1000)
    assert built.options.max_tokens == json.loads(built.body)["max_tokens"]


def test_missing_max_tokens_is_the_models_limit_or_left_to_the_server():
    assert "max_tokens" not in sent(max_tokens=None)
    assert sent(max_tokens=None, info={"max_output_tokens": 7})["max_tokens"] == 7


def test_no_server_is_ever_sent_zero():
    assert sent(max_tokens=0)["max_tokens"] == 1


# ---------------------------------------------------------------- what an upstream's 400 taught


def dropped(*names: str) -> Adaptations:
    return Adaptations(dropped=frozenset(names))


def test_dropped_parameters_are_left_out_with_a_notice():
    built = build(adaptations=dropped("temperature", "model", "nonsense"), temperature=1, top_p=0.5)
    body = json.loads(built.body)
    assert ("temperature" in body, body["top_p"], body["model"]) == (False, 0.5, "qwen")
    assert notices(built) == ["dropped.sampling"]


@pytest.mark.parametrize(
    ("preset", "name", "request_", "said"),
    [
        ("vllm", "top_k", {"top_k": 3}, ["dropped.top_k"]),
        ("plain", "reasoning_effort", {"output_config": {"effort": "low"}}, ["dropped.effort"]),
        ("deepseek", "thinking", {"thinking": {"type": "adaptive"}}, ["dropped.thinking"]),
        ("vllm", "chat_template_kwargs", {"thinking": {"type": "adaptive"}}, ["dropped.thinking"]),
        ("openai", "safety_identifier", {"metadata": {"user_id": "u"}}, ["dropped.parameter"]),
        ("openai", "prompt_cache_key", {}, []),
        ("plain", "stream_options", {"stream": True}, []),
        ("plain", "temperature", {}, []),
    ],
)
def test_what_was_asked_for_and_refused_is_said(preset: str, name: str, request_: dict, said: list[str]):
    built = build(PRESETS[preset], dropped(name), **request_)
    assert name not in json.loads(built.body)
    assert notices(built) == said


def test_refused_tool_choice_is_asked_for_in_words():
    built = build(adaptations=dropped("tool_choice"), tools=[TOOL], tool_choice={"type": "tool", "name": "T"})
    body = json.loads(built.body)
    assert "tool_choice" not in body
    assert body["messages"][0] == {"role": "system", "content": "You must call the tool T."}
    assert built.answer.must_call
    assert notices(built) == ["emulated.tool_choice_tool"]


def test_refused_stop_sequences_are_matched_here():
    built = build(adaptations=dropped("stop"), stop_sequences=["END"])
    assert "stop" not in json.loads(built.body)
    assert built.stops == ("END",)
    assert notices(built) == ["emulated.stop_sequences"]


def test_prefill_whose_flags_are_refused_is_refused():
    messages = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "{"}]
    with pytest.raises(RequestRefused, match="prefill"):
        build(PRESETS["vllm"], dropped("add_generation_prompt"), messages=messages)


def test_refused_max_tokens_goes_under_its_other_name():
    body = sent(adaptations=Adaptations(dropped=frozenset({"max_tokens"})))
    assert (body.get("max_tokens"), body["max_completion_tokens"]) == (None, 1000)
    body = sent(PRESETS["openai"], adaptations=Adaptations(dropped=frozenset({"max_completion_tokens"})))
    assert (body["max_tokens"], body.get("max_completion_tokens")) == (1000, None)


def test_refused_reasoning_is_not_asked_for():
    body = sent(PRESETS["vllm"], adaptations=Adaptations(think=False), thinking={"type": "adaptive"})
    assert "chat_template_kwargs" not in body


# ---------------------------------------------------------------- reasoning


def test_reader_is_told_what_the_client_wants_to_see():
    options = build(thinking={"type": "adaptive", "display": "omitted"}, stop_sequences=["END", " "]).options
    assert (options.thinking, options.display, options.stop_sequences) == (True, "omitted", ("END",))
    assert not build(thinking={"type": "disabled"}).options.thinking


def test_model_that_does_not_reason_is_not_shown_reasoning():
    thought = {"type": "thinking", "thinking": "hm", "signature": "gw1:eyJwIjoicGxhaW4ifQ"}
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": [thought, {"type": "text", "text": "y"}]},
        {"role": "user", "content": "z"},
    ]
    assert sent(messages=messages)["messages"][1]["reasoning_content"] == "hm"
    assert sent(quirks(reasoning_field="reasoning"), messages=messages)["messages"][1]["reasoning"] == "hm"
    assert "reasoning_content" not in sent(messages=messages, info={"reasoning": False})["messages"][1]


# ---------------------------------------------------------------- prefill

PREFILL = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "Sure"}]


def test_prefill_is_refused_where_it_is_not_known_to_work():
    with pytest.raises(RequestRefused, match="does not support assistant message prefill"):
        build(messages=PREFILL)


def test_prefill_is_continued_as_it_is():
    built = build(PRESETS["llamacpp"], messages=PREFILL, thinking={"type": "adaptive"})
    body = json.loads(built.body)
    assert body["messages"][-1] == {"role": "assistant", "content": "Sure"}
    assert built.prefill == "Sure"
    assert body["chat_template_kwargs"] == {"enable_thinking": False}


def test_prefill_is_continued_with_vllms_flags():
    body = sent(PRESETS["vllm"], messages=PREFILL)
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)


# ---------------------------------------------------------------- tools


@pytest.mark.parametrize(
    ("level", "choice", "expected", "tools"),
    [
        ("full", {"type": "auto"}, None, True),
        ("full", {"type": "any"}, "required", True),
        ("full", {"type": "none"}, "none", True),
        ("full", {"type": "tool", "name": "T"}, {"type": "function", "function": {"name": "T"}}, True),
        ("no_required", {"type": "any"}, None, True),
        ("no_required", {"type": "tool", "name": "T"}, {"type": "function", "function": {"name": "T"}}, True),
        ("none", {"type": "any"}, None, True),
        ("none", {"type": "none"}, None, False),
        ("none", {"type": "tool", "name": "T"}, None, True),
    ],
)
def test_tool_choice_as_far_as_the_server_knows_it(level: str, choice: dict, expected: object, tools: bool):
    built = build(
        quirks(tool_choice=level), tools=[TOOL, {"name": "U", "input_schema": {}}], tool_choice=choice
    )
    body = json.loads(built.body)
    emulated = expected is None and choice["type"] != "auto"
    assert (body.get("tool_choice"), "tools" in body) == (expected, tools)
    assert notices(built) == ([f"emulated.tool_choice_{choice['type']}"] if emulated else [])


def test_emulated_choice_is_a_line_in_the_system_prompt():
    none = quirks(tool_choice="none")
    tools = [TOOL, {"name": "U", "input_schema": {}}]
    body = sent(none, tools=tools, tool_choice={"type": "any"}, system="S")
    assert body["messages"][0] == {"role": "system", "content": "S\n\nYou must call one of the tools."}
    body = sent(none, tools=tools, tool_choice={"type": "tool", "name": "T"})
    assert body["messages"][0] == {"role": "system", "content": "You must call the tool T."}
    assert [tool["function"]["name"] for tool in body["tools"]] == ["T"]


def test_parallel_calls_are_forbidden_or_cut():
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    built = build(tools=[TOOL], tool_choice=choice)
    assert json.loads(built.body)["parallel_tool_calls"] is False
    assert built.answer.single_tool
    assert not notices(built)
    for built in (
        build(quirks(parallel_tool_calls=False), tools=[TOOL], tool_choice=choice),
        build(
            adaptations=Adaptations(dropped=frozenset({"parallel_tool_calls"})),
            tools=[TOOL],
            tool_choice=choice,
        ),
    ):
        assert "parallel_tool_calls" not in json.loads(built.body)
        assert built.answer.single_tool
        assert notices(built) == ["emulated.disable_parallel_tool_use"]


def test_parallel_calls_are_not_mentioned_without_tools():
    built = build(tools=[], tool_choice={"type": "none", "disable_parallel_tool_use": True})
    assert {"tools", "tool_choice", "parallel_tool_calls"}.isdisjoint(json.loads(built.body))
    assert not built.answer.single_tool


def test_long_names_come_back():
    long = "t" * 70
    built = build(tools=[{**TOOL, "name": long}])
    (short,) = built.answer.returned
    assert built.answer.returned == {short: ClientToolName(long)}
    assert json.loads(built.body)["tools"][0]["function"]["name"] == short


def test_arguments_are_the_clients_own_text():
    raw = b'{"b" : 1e3, "a":"\\u00e9\\/"}'
    template = json.dumps(
        {
            "model": "m",
            "messages": [
                {"role": "user", "content": "x"},
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": "1", "name": "T", "input": "RAW"}],
                },
            ],
        }
    )
    body = template.encode().replace(b'"RAW"', raw)
    built = to_chat_request(Inbound("r", body, {}, decode_request(body)), ModelInfo("p", "m", PLAIN))
    call = json.loads(built.body)["messages"][1]["tool_calls"][0]
    assert call["function"]["arguments"].encode() == raw


# ---------------------------------------------------------------- content

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
CALLED = [
    {"role": "user", "content": "x"},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "T", "input": {}}]},
]


@pytest.mark.parametrize(
    ("switch", "expected"), [("null", {"content": None}), ("empty", {"content": ""}), ("omit", {})]
)
def test_content_beside_nothing_but_calls(switch: str, expected: dict):
    message = sent(quirks(empty_content=switch), messages=CALLED)["messages"][1]
    assert {key: value for key, value in message.items() if key == "content"} == expected


def test_reminder_behind_a_result_with_a_picture_follows_the_picture():
    result = {"type": "tool_result", "tool_use_id": "1", "content": [IMAGE]}
    messages = [*CALLED, {"role": "user", "content": [result]}, {"role": "system", "content": "s"}]
    tool, user = sent(messages=messages)["messages"][2:]
    assert tool["content"] == "[image 1 attached below]"
    assert [part.get("text") for part in user["content"]] == [
        "[image 1]",
        None,
        "<system-reminder>\ns\n</system-reminder>",
    ]


def test_image_by_url_goes_where_the_server_fetches_it():
    messages = [
        {
            "role": "user",
            "content": [{"type": "image", "source": {"type": "url", "url": "https://a.example/b"}}],
        }
    ]
    body = sent(quirks(image_urls=True), messages=messages)
    assert body["messages"][0]["content"] == [
        {"type": "image_url", "image_url": {"url": "https://a.example/b"}}
    ]
    with pytest.raises(RequestRefused, match=r"messages\.0\.content\.0.*base64"):
        build(messages=messages)


# ---------------------------------------------------------------- the rest


THOUGHT = {"type": "thinking", "thinking": "hm", "signature": sign({"p": "plain"})}


@pytest.mark.parametrize(
    ("switches", "more", "content"),
    [
        ({"reasoning_field": "content"}, "Yes", "<think>\nhm\n</think>\n\nYes"),
        ({"reasoning_field": "content", "think_tag": "thought"}, "", "<thought>\nhm\n</thought>\n\n"),
        ({"reasoning_field": "parts"}, "", [THINKING]),
        ({"reasoning_field": "parts"}, "Yes", [THINKING, {"type": "text", "text": "Yes"}]),
    ],
)
def test_reasoning_goes_back_in_the_content_where_it_came_in_it(switches: dict, more: str, content: object):
    said = [THOUGHT, {"type": "text", "text": more}] if more else [THOUGHT]
    call = {"type": "tool_use", "id": "1", "name": "T", "input": {}}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "z"}]}
    messages = [{"role": "user", "content": "x"}, {"role": "assistant", "content": [*said, call]}, result]
    built = build(quirks(**switches), messages=messages)
    assert json.loads(built.body)["messages"][1]["content"] == content
    assert "hm" in "".join(prompt_of(built).texts)


def test_server_without_named_choices_is_offered_that_tool_alone_and_told_to_call():
    tools = [TOOL, {**TOOL, "name": "other"}]
    single = {"type": "tool", "name": "other", "disable_parallel_tool_use": True}
    built = build(PRESETS["mistral"], tools=tools, tool_choice=single)
    body = json.loads(built.body)
    assert (body["tool_choice"], [tool["function"]["name"] for tool in body["tools"]]) == ("any", ["other"])
    assert body["parallel_tool_calls"] is False
    assert built.answer.must_call
    assert notices(built) == ["emulated.tool_choice_tool"]
    assert notices(build(PRESETS["mistral"], tools=tools, tool_choice={"type": "any"})) == []


@pytest.mark.parametrize("preset", ["mistral", "fireworks", "xai"])
def test_server_that_knows_no_strict_is_not_told(preset: str):
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    form = {"format": {"type": "json_schema", "schema": schema}}
    body = sent(PRESETS[preset], tools=[{**TOOL, "strict": True}], output_config=form)
    assert "strict" not in body["tools"][0]["function"]
    assert body["response_format"]["json_schema"].keys() == {"name", "schema"}


@pytest.mark.parametrize(
    ("temperature", "sent_", "said"), [(0.4, 0.4, []), (1, 1, []), (1.5, 1, ["clamped.temperature"])]
)
def test_temperature_is_kept_below_the_servers_highest(temperature: float, sent_: float, said: list[str]):
    built = build(PRESETS["moonshot"], temperature=temperature)
    assert json.loads(built.body)["temperature"] == sent_
    assert notices(built) == said


@pytest.mark.parametrize(
    ("preset", "asked", "tier"),
    [
        ("openai", {"service_tier": "standard_only"}, "default"),
        ("azure", {"service_tier": "standard_only"}, "default"),
        ("openai", {"service_tier": "auto"}, None),
        ("plain", {"service_tier": "standard_only"}, None),
        ("openai", {"speed": "standard"}, None),
    ],
)
def test_tier_is_said_where_the_server_has_tiers(preset: str, asked: dict, tier: str | None):
    built = build(PRESETS[preset], **asked)
    assert json.loads(built.body).get("service_tier") == tier
    assert notices(built) == []


def test_fast_is_the_tier_that_the_provider_names():
    fast = evolve(PRESETS["openai"], fast_tier="priority")
    built = build(fast, speed="fast", service_tier="standard_only")
    assert (json.loads(built.body)["service_tier"], built.answer.speed) == ("priority", "fast")
    refused = build(fast, dropped("service_tier"), speed="fast")
    assert (refused.answer.speed, notices(refused)) == ("standard", ["dropped.speed"])


def test_sampling_goes_as_far_as_the_server_takes_it():
    asked = {"temperature": 0.5, "top_p": 0.9, "top_k": 4}
    assert asked.items() <= sent(quirks(top_k=True), **asked).items()
    built = build(quirks(sampling=False), **asked)
    assert asked.keys().isdisjoint(json.loads(built.body))
    assert sorted(notices(built)) == ["dropped.sampling", "dropped.top_k"]


def test_user_and_session_are_sent_where_the_server_knows_them():
    openai = sent(PRESETS["openai"], metadata={"user_id": "short"})
    assert (openai["safety_identifier"], openai["prompt_cache_key"]) == ("short", "session")
    assert len(sent(quirks(user_field="user"), metadata={"user_id": "x" * 65})["user"]) == 64
    assert {"user", "safety_identifier", "prompt_cache_key"}.isdisjoint(sent(metadata={"user_id": "short"}))


@pytest.mark.parametrize(("closed", "strict"), [(True, True), (False, False)])
def test_answer_schema_is_strict_only_where_it_may_be(closed: bool, strict: bool):
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    if closed:
        schema["additionalProperties"] = False
    body = sent(output_config={"format": {"type": "json_schema", "schema": schema}})
    expected = {"name": "response", "schema": schema, "strict": strict}
    assert body["response_format"] == {"type": "json_schema", "json_schema": expected}


def test_answer_format_that_is_not_known_leaves_a_notice():
    built = build(output_config={"format": {"type": "yaml"}})
    assert notices(built) == ["dropped.output_format"]


def test_prompt_weighs_everything_that_costs_tokens():
    result = {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "seen"}, IMAGE]}
    prompt = prompt_of(
        build(system="S", tools=[TOOL], messages=[*CALLED, {"role": "user", "content": [result]}])
    )
    assert prompt.texts == (
        *("S", "x", "T", "{}", "seen\n[image 1 attached below]", "[image 1]"),
        *("T", "Does it.", '{"type":"object","properties":{}}'),
    )
    assert (prompt.messages, prompt.media_tokens) == (5, IMAGE_TOKENS)
