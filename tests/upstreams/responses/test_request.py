"""What Responses is sent, beyond what the goldens show."""

import json

import pytest
from attrs import evolve

from gateway.anthropic.conversation.image_size import IMAGE_TOKENS
from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.signatures import sign
from gateway.errors import RequestRefused
from gateway.inbound import FILE_BYTES, Inbound
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.responses.request import prompt_of, to_responses_request
from gateway.upstreams.upstream_request import NO_ADAPTATIONS, Adaptations, UpstreamRequest

TOOL = {"name": "T", "description": "Does it.", "input_schema": {"type": "object", "properties": {}}}
HARD = {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}


def thought(number: int, text: str = "") -> dict:
    signature = sign({"p": "responses", "id": f"rs_{number}", "enc": f"ENC{number}"})
    return {"type": "thinking", "thinking": text, "signature": signature}


def text(said: str) -> dict:
    return {"type": "text", "text": said}


def use(id_: str) -> dict:
    return {"type": "tool_use", "id": id_, "name": "T", "input": {}}


def build(
    adaptations: Adaptations = NO_ADAPTATIONS, info: dict | None = None, **request: object
) -> UpstreamRequest:
    body = {"model": "m", "max_tokens": 1000, "messages": [{"role": "user", "content": "x"}], **request}
    sent = json.dumps(body).encode()
    inbound = Inbound("r", sent, {}, decode_request(sent))
    known = {"quirks": PRESETS["responses"], **(info or {})}
    return to_responses_request(inbound, ModelInfo("p", "gpt", **known), adaptations)


def sent(*args: object, **kwargs: object) -> dict:
    return json.loads(build(*args, **kwargs).body)


def order(*blocks: dict) -> list[str]:
    """What an assistant's turn becomes: texts, and ids of calls and reasoning."""
    messages = [{"role": "user", "content": "x"}, {"role": "assistant", "content": list(blocks)}]
    items = sent(messages=[*messages, {"role": "user", "content": "y"}])["input"][1:-1]
    return [
        item["content"][0]["text"] if "content" in item else item.get("id") or item["call_id"]
        for item in items
        if item.get("type") != "function_call_output"
    ]


def test_nothing_is_stored_and_nothing_unsaid_is_sent():
    assert sent() == {
        "model": "gpt",
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "x"}]}],
        "stream": False,
        "store": False,
        "max_output_tokens": 1000,
    }


def test_reasoning_stands_before_what_it_led_to():
    blocks = (thought(1), text("a"), thought(2), text("b"), use("c1"), thought(3), use("c2"))
    assert order(*blocks) == ["rs_1", "a", "rs_2", "b", "c1", "rs_3", "c2"]


def test_text_behind_a_call_stays_there_where_reasoning_parts_them():
    assert order(use("c1"), thought(1), text("a")) == ["c1", "rs_1", "a"]


def test_reasoning_that_nothing_follows_is_left_out():
    assert order(text("a"), thought(1)) == ["a"]
    assert order(thought(1), text("a"), thought(2), text(" ")) == ["rs_1", "a"]


def test_two_pieces_of_reasoning_in_a_row_both_go_back():
    assert order(thought(1), thought(2), text("a")) == ["rs_1", "rs_2", "a"]


def test_reasoning_of_merged_messages_keeps_its_place():
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": [thought(1), text("a")]},
        {"role": "assistant", "content": [thought(2), text("b"), use("c1")]},
    ]
    kinds = [item.get("id", item.get("call_id", "text")) for item in sent(messages=messages)["input"][1:-1]]
    assert kinds == ["rs_1", "text", "rs_2", "text", "c1"]


@pytest.mark.parametrize(("replay", "kept"), [("all", 2), ("current_turn", 1), ("none", 0)])
def test_replay_is_limited_as_elsewhere(replay: str, kept: int):
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": [thought(1), text("a")]},
        {"role": "user", "content": "y"},
        {"role": "assistant", "content": [thought(2), use("c1")]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "z"}]},
    ]
    quirks = evolve(PRESETS["responses"], replay_reasoning=replay)
    items = sent(info={"quirks": quirks}, messages=messages)["input"]
    assert [item["type"] for item in items if "type" in item].count("reasoning") == kept


def test_reminder_joins_the_result_it_follows():
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": [use("c1"), use("c2")]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": "one"},
                {"type": "tool_result", "tool_use_id": "c2", "content": "two"},
            ],
        },
        {"role": "system", "content": "note"},
    ]
    quirks = evolve(PRESETS["responses"], mid_system="fold")
    last = sent(info={"quirks": quirks}, messages=messages)["input"][-1]
    assert last["output"] == "two\n\n<system-reminder>\nnote\n</system-reminder>"


@pytest.mark.parametrize(
    ("refused", "effort"),
    [((), "max"), (("max",), "xhigh"), (("max", "xhigh"), "high"), (("max", "high"), "xhigh")],
)
def test_of_an_effort_that_is_not_known_the_next_lower_is_asked_for(refused, effort):
    assert sent(Adaptations(efforts=frozenset(refused)), **HARD)["reasoning"]["effort"] == effort


def test_summary_is_asked_for_only_where_it_is_shown():
    hidden = {"thinking": {"type": "adaptive", "display": "omitted"}}
    assert "reasoning" not in sent(**hidden)
    assert sent(**hidden)["include"] == ["reasoning.encrypted_content"]
    assert sent(info={"expose_reasoning": "always"}, **hidden)["reasoning"] == {"summary": "auto"}
    assert "summary" not in sent(info={"expose_reasoning": "never"}, **HARD)["reasoning"]
    assert sent(Adaptations(dropped=frozenset({"reasoning.summary"})), **HARD)["reasoning"] == {
        "effort": "max"
    }


def test_reasoning_is_switched_off_where_the_model_may_be_told():
    off = {"thinking": {"type": "disabled"}}
    assert sent(**off)["reasoning"] == {"effort": "none"}
    assert sent(Adaptations(efforts=frozenset({"none"})), **off)["reasoning"] == {"effort": "minimal"}
    assert "reasoning" not in sent(Adaptations(dropped=frozenset({"reasoning"})), **off)
    unsure = evolve(PRESETS["responses"], effort_none=False)
    assert "reasoning" not in sent(info={"quirks": unsure}, **off)
    assert not {"reasoning", "include"} & sent(info={"reasoning": False}, **HARD).keys()


def test_what_was_refused_is_left_out():
    dropped = Adaptations(dropped=frozenset({"temperature", "include", "parallel_tool_calls", "input"}))
    single = {"type": "auto", "disable_parallel_tool_use": True}
    built = build(dropped, temperature=0.5, tools=[TOOL], tool_choice=single, **HARD)
    body = json.loads(built.body)
    assert not {"temperature", "include", "parallel_tool_calls"} & body.keys()
    assert body["input"]
    assert built.answer.single_tool
    assert [notice.name for notice in built.notices] == [
        "emulated.disable_parallel_tool_use",
        "dropped.thinking",
        "dropped.sampling",
    ]


def test_limit_below_the_smallest_is_raised_to_it():
    built = build(max_tokens=1)
    assert json.loads(built.body)["max_output_tokens"] == built.options.max_tokens == 16
    assert [notice.name for notice in built.notices] == ["clamped.max_tokens"]


def test_last_assistant_message_is_refused():
    with pytest.raises(RequestRefused, match="prefill"):
        build(messages=[{"role": "user", "content": "x"}, {"role": "assistant", "content": "{"}])


def test_prompt_holds_what_costs_tokens():
    source = {"type": "base64", "media_type": "application/pdf", "data": "A" * (2 * FILE_BYTES)}
    pdf = {"type": "document", "source": source}
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    messages = [
        {"role": "user", "content": [text("one"), image, pdf]},
        {"role": "assistant", "content": [thought(1, "summed"), use("c1")]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "two"}]},
    ]
    prompt = prompt_of(build(messages=messages, system="S", tools=[TOOL]))
    assert prompt.media_tokens == 3 * IMAGE_TOKENS
    assert {"S", "one", "summed", "two", "T", "Does it.", "{}"} <= set(prompt.texts)


def notices(built: UpstreamRequest) -> list[str]:
    return [notice.name for notice in built.notices]


ANY, NONE, NAMED = {"type": "any"}, {"type": "none"}, {"type": "tool", "name": "T"}


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        ({"type": "auto"}, None),
        (ANY, "required"),
        (NONE, "none"),
        (NAMED, {"type": "function", "name": "T"}),
    ],
)
def test_tool_choice_is_sent_in_the_apis_form(choice: dict, field: object):
    assert sent(tools=[TOOL], tool_choice=choice).get("tool_choice") == field
    assert "tools" not in sent()


def test_parallel_calls_are_forbidden_by_a_field_or_cut():
    single = {"type": "auto", "disable_parallel_tool_use": True}
    built = build(tools=[TOOL], tool_choice=single)
    assert json.loads(built.body)["parallel_tool_calls"] is False
    assert (built.answer.single_tool, notices(built)) == (True, [])
    quirks = evolve(PRESETS["responses"], parallel_tool_calls=False)
    built = build(info={"quirks": quirks}, tools=[TOOL], tool_choice=single)
    assert "parallel_tool_calls" not in json.loads(built.body)
    assert (built.answer.single_tool, notices(built)) == (True, ["emulated.disable_parallel_tool_use"])


SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}


def test_search_comes_before_the_functions_and_alone_if_it_is_forced():
    body = sent(tools=[TOOL, SEARCH])
    assert [tool["type"] for tool in body["tools"]] == ["web_search", "function"]
    assert body["max_tool_calls"] == 3
    assert body["include"] == ["web_search_call.action.sources"]
    forced = sent(tools=[TOOL, SEARCH], tool_choice={"type": "tool", "name": "web_search"})
    assert [tool["type"] for tool in forced["tools"]] == ["web_search"]
    assert forced["tool_choice"] == "required"


def test_search_that_the_server_refused_cannot_be_all_that_is_offered():
    refused = Adaptations(dropped=frozenset({"web_search"}))
    with pytest.raises(RequestRefused, match="does not search the web"):
        build(refused, tools=[SEARCH])
    assert [tool["name"] for tool in sent(refused, tools=[TOOL, SEARCH])["tools"]] == ["T"]


@pytest.mark.parametrize(
    ("fields", "kept", "said"),
    [
        ({"temperature": 0.5}, {"temperature": 0.5}, []),
        ({"top_p": 0.5, "top_k": 5}, {"top_p": 0.5}, ["dropped.top_k"]),
        ({"top_k": 5}, {}, ["dropped.top_k"]),
    ],
)
def test_sampling_is_sent_as_far_as_the_server_takes_it(fields: dict, kept: dict, said: list[str]):
    built = build(info={"quirks": evolve(PRESETS["responses"], sampling=True)}, **fields)
    body = json.loads(built.body)
    assert {key: body[key] for key in ("temperature", "top_p", "top_k") if key in body} == kept
    assert notices(built) == said
    built = build(info={"quirks": evolve(PRESETS["responses"], sampling=False)}, **fields)
    assert not {"temperature", "top_p", "top_k"} & json.loads(built.body).keys()
    assert notices(built) == said + (["dropped.sampling"] if kept else [])


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}


@pytest.mark.parametrize(
    ("level", "form"), [("strict", "json_schema"), ("object", "json_object"), ("none", None)]
)
def test_the_format_of_the_answer_is_sent_as_far_as_the_server_takes_it(level: str, form: str | None):
    quirks = evolve(PRESETS["responses"], json_schema=level)
    body = sent(info={"quirks": quirks}, output_config={"format": {"type": "json_schema", "schema": SCHEMA}})
    assert body.get("text", {}).get("format", {}).get("type") == form


def test_refused_reasoning_is_not_requested():
    refused = Adaptations(dropped=frozenset({"reasoning"}))
    built = build(refused, **HARD)
    assert "reasoning" not in json.loads(built.body)
    assert "dropped.thinking" in notices(built)
    assert notices(build(refused)) == []


def test_reasoning_that_the_server_could_not_read_is_not_sent_back():
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": [thought(1), use("c1")]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "two"}]},
    ]
    built = build(Adaptations(dropped=frozenset({"encrypted_content"})), messages=messages, tools=[TOOL])
    assert "reasoning" not in [item.get("type") for item in json.loads(built.body)["input"]]
    assert notices(built) == ["dropped.thinking"]


def test_marks_are_sent_to_a_server_that_takes_them():
    marked = [{**text("S"), "cache_control": {"type": "ephemeral"}}]
    takes, others = (evolve(PRESETS["responses"], cache_markers=form) for form in ("breakpoint", "none"))
    body = sent(info={"quirks": takes}, system=marked)
    assert "instructions" not in body
    (part,) = body["input"][0]["content"]
    assert part["prompt_cache_breakpoint"]
    assert sent(info={"quirks": others}, system=marked)["instructions"] == "S"


def test_user_is_sent_under_the_servers_name_and_hashed_if_it_is_long():
    quirks = evolve(PRESETS["responses"], user_field="safety_identifier")
    body = sent(info={"quirks": quirks}, metadata={"user_id": "u" * 100})
    assert len(body["safety_identifier"]) == 64
    assert "user" not in body
