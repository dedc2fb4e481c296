"""A client's marks for the prompt cache, on the parts of what each upstream receives."""

import json
from typing import Any

import pytest
from attrs import evolve

from gateway.anthropic.request.decoding import decode_request
from gateway.inbound import Inbound
from gateway.settings.quirks import Quirks
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama.request import to_native_request as to_ollama
from gateway.upstreams.openai.request import prompt_of
from gateway.upstreams.openai.request import to_chat_request as to_openai
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.responses.request import to_responses_request as to_responses
from gateway.upstreams.upstream_request import UpstreamRequest

MARK = {"cache_control": {"type": "ephemeral"}}
HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
ROUTER = PRESETS["openrouter"]
TOOL = {"name": "look", "input_schema": {"type": "object", "properties": {}}}


def text(said: str, **more: Any) -> dict:
    return {"type": "text", "text": said, **more}


def user(*blocks: dict) -> dict:
    return {"role": "user", "content": list(blocks)}


def built(
    messages: list[dict], quirks: Quirks = ROUTER, build: Any = to_openai, **more: Any
) -> UpstreamRequest:
    body = json.dumps({"model": "m", "max_tokens": 9, "messages": messages, **more}).encode()
    return build(Inbound("r", body, {}, decode_request(body)), ModelInfo("p", "m", quirks))


def sent(messages: list[dict], quirks: Quirks = ROUTER, build: Any = to_openai, **more: Any) -> list[dict]:
    body = json.loads(built(messages, quirks, build, **more).body)
    return body.get("messages") or body["input"]


def test_each_text_is_a_part_that_joins_to_what_others_get():
    messages = [user(text("doc", **MARK), text("line\n"), text("question"))]
    (message,) = sent(messages)
    assert message["content"] == [text("doc", **MARK), text("\n\nline\n"), text("\nquestion")]
    (plain,) = sent(messages, PRESETS["plain"])
    assert plain["content"] == "".join(part["text"] for part in message["content"])


def test_system_prompt_is_cut_where_its_blocks_end():
    system = [text("a", **HOUR), text(""), text("b"), text("c", **MARK)]
    head, _ = sent([user(text("hi"))], system=system)
    assert head["content"] == [text("a", **HOUR), text("\n\nb"), text("\n\nc", **MARK)]


def test_what_the_gateway_adds_to_the_prompt_stands_behind_its_marks():
    quirks = evolve(ROUTER, tool_choice="none")
    head, _ = sent(
        [user(text("hi"))], quirks, system=[text("a", **MARK)], tools=[TOOL], tool_choice={"type": "any"}
    )
    assert head["content"][0] == text("a", **MARK)
    assert head["content"][1]["text"].startswith("\n\nYou must call")


def test_mark_on_a_tool_stands_at_the_end_of_the_first_block_of_the_prompt():
    tools = [{**TOOL, **MARK}]
    head, _ = sent([user(text("hi"))], tools=tools, system=[text("a"), text("b")])
    assert head["content"] == [text("a", **MARK), text("\n\nb")]
    assert sent([user(text("hi"))], tools=tools) == [user(text("hi"))]


def test_leading_system_message_is_a_block_of_the_prompt():
    messages = [{"role": "system", "content": [text("b", **MARK)]}, user(text("hi"))]
    head, _ = sent(messages, system="a")
    assert head["content"] == [text("a"), text("\n\nb", **MARK)]


def test_mark_on_a_call_stands_behind_its_result():
    call = {"type": "tool_use", "id": "c1", "name": "look", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": "seen"}
    said = {"role": "assistant", "content": [text("I look."), {**call, **MARK}]}
    _, spoken, told = sent([user(text("go")), said, user(result)])
    assert spoken["content"] == [text("I look.")]
    assert told["content"] == [text("seen", **MARK)]


def test_marks_of_results_and_of_reminders_stand_at_the_last_result():
    calls = [{"type": "tool_use", "id": f"c{n}", "name": "look", "input": {}} for n in (1, 2)]
    results = [{"type": "tool_result", "tool_use_id": call["id"], "content": call["id"]} for call in calls]
    said = {"role": "assistant", "content": calls}
    marked = user(results[1], {**results[0], **MARK})
    assert [m["content"] for m in sent([user(text("go")), said, marked])[2:]] == [
        [text("c1")],
        [text("c2", **MARK)],
    ]
    reminder = {"role": "system", "content": [text("note", **HOUR)]}
    *_, last = sent([user(text("go")), said, user(*results), reminder])
    assert last["content"] == [text("c2\n\n<system-reminder>\nnote\n</system-reminder>", **HOUR)]


def test_pictures_and_the_assistants_text_are_marked_too():
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    said = {"role": "assistant", "content": [text("yes", **MARK)]}
    asked, spoken, _ = sent([user(text("see"), {**image, **HOUR}), said, user(text("more"))])
    assert asked["content"][1] == {
        "type": "image_url",
        "image_url": {"url": "data:image/png;base64,AAAA"},
        **HOUR,
    }
    assert spoken["content"] == [text("yes", **MARK)]


@pytest.mark.parametrize("build", [to_openai, to_responses])
def test_of_more_than_four_marks_the_last_count(build: Any):
    quirks = evolve(PRESETS["openai"], cache_markers="breakpoint")
    messages = [user(text("1", **MARK), text("2", **MARK), text("3", **MARK), text("4", **MARK))]
    head, message = sent(messages, quirks, build, system=[text("a", **MARK)])
    assert ["prompt_cache_breakpoint" in part for part in head["content"]] == [False]
    assert ["prompt_cache_breakpoint" in part for part in message["content"]] == [True] * 4


def test_breakpoints_of_chat_completions_last_as_long_as_was_asked():
    quirks = evolve(PRESETS["openai"], cache_markers="breakpoint")
    (message,) = sent([user(text("a", **MARK), text("b", **HOUR))], quirks)
    short, long = ({"prompt_cache_breakpoint": {"ttl": ttl, "mode": "explicit"}} for ttl in ("30m", "12h"))
    assert message["content"] == [text("a", **short), text("\n\nb", **long)]


def test_breakpoints_of_responses_stand_in_the_prompt_the_outputs_and_the_users_texts():
    quirks = evolve(PRESETS["responses"], cache_markers="breakpoint")
    said = {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "look", "input": {}}]}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": "seen", **MARK}
    talk = [user(text("go")), said, user(result, text("more", **HOUR))]
    body = json.loads(built(talk, quirks, to_responses, system=[text("a", **MARK)]).body)
    assert "instructions" not in body
    head, asked, _, told, more = body["input"]
    short, long = ({"prompt_cache_breakpoint": {"ttl": ttl, "mode": "explicit"}} for ttl in ("30m", "12h"))
    assert (head["role"], head["content"]) == ("developer", [{"type": "input_text", "text": "a", **short}])
    assert asked["content"] == [{"type": "input_text", "text": "go"}]
    assert told["output"] == [{"type": "input_text", "text": "seen", **short}]
    assert more["content"] == [{"type": "input_text", "text": "more", **long}]


@pytest.mark.parametrize("name", ["plain", "openai", "vllm", "ollama", "responses", "gemini"])
def test_other_servers_get_the_same_with_marks_and_without(name: str):
    build = {"ollama": to_ollama, "responses": to_responses}.get(name, to_openai)

    def one(**mark: Any) -> UpstreamRequest:
        messages = [user(text("a", **mark), text("b")), {"role": "assistant", "content": [text("c", **mark)]}]
        messages.append(user(text("d", **mark)))
        return built(messages, PRESETS[name], build, system=[text("s", **mark)], tools=[{**TOOL, **mark}])

    assert (one(**MARK).body, one(**MARK).notices) == (one().body, one().notices)


def test_request_without_marks_is_what_any_server_gets():
    assert sent([user(text("a"), text("b"))], system="s") == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "a\n\nb"},
    ]


def test_marked_prompts_are_counted():
    messages = [user(text("one", **MARK)), {"role": "assistant", "content": "two"}, user(text("three"))]
    assert prompt_of(built(messages, system="s")).texts == ("s", "one", "two", "three")
