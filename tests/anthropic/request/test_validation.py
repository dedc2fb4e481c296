"""What `validation: strict` refuses, in the API's words, and what it lets pass."""

import json

import pytest

from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.request.validation import validate
from gateway.errors import RequestRefused

HI = {"role": "user", "content": "hi"}
CALL = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "A", "input": {}}]}


def answer(*ids: str) -> dict:
    return {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": one, "content": "ok"} for one in ids],
    }


def checked(messages: list[dict] | None = None, betas: str = "", **fields: object) -> None:
    body = {"model": "m", "max_tokens": 4096, "messages": messages or [HI], **fields}
    request = decode_request(json.dumps({k: v for k, v in body.items() if v is not None}).encode())
    validate(request, betas=betas)


def image(media_type: str = "image/png") -> dict:
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": "AAAA"}}


def document(*content: dict) -> dict:
    return {"type": "document", "source": {"type": "content", "content": list(content)}}


TEXT = {"type": "text", "text": "x"}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "s"}
FOUND = {"type": "search_result", "source": "s", "title": "t", "content": [TEXT]}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"max_tokens": None}, "max_tokens: field required"),
        ({"temperature": 1.5}, "temperature: range"),
        ({"top_p": -0.1}, "top_p: range"),
        ({"stop_sequences": ["a", " \n"]}, "stop_sequences"),
        ({"thinking": {"type": "loud"}}, "thinking.type"),
        ({"thinking": {"type": "enabled"}}, "budget_tokens: field required"),
        ({"thinking": {"type": "enabled", "budget_tokens": 100}}, "at least 1024"),
        ({"thinking": {"type": "enabled", "budget_tokens": 4096}}, "must be greater"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}, "temperature": 0.2}, "set to 1"),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 2048}, "tool_choice": {"type": "any"}},
            "tool_choice forces",
        ),
        ({"service_tier": "gold"}, "service_tier: expected one of auto, standard_only"),
        ({"output_config": {"effort": "huge"}}, "output_config.effort: expected one of low"),
        ({"output_config": {"format": {"type": "yaml"}}}, "output_config.format.type: expected json_schema"),
        ({"output_format": {"type": "yaml"}}, "output_format.type: expected json_schema"),
        ({"system": [TEXT, image()]}, "system.1.type: unexpected block type 'image'"),
        ({"system": [{"type": "hologram", "text": "x"}]}, "system.0.type: unexpected block type 'hologram'"),
        ({"tools": [{"name": "A", "input_schema": {}}] * 2}, "must be unique"),
        ({"tools": [{"name": "A b", "input_schema": {}}]}, "tools.0.name: must match"),
        ({"tools": [{"name": "a" * 129, "input_schema": {}}]}, "tools.0.name: must match"),
        ({"tools": [{"name": "A"}]}, "tools.0.input_schema: field required"),
        ({"tools": [{"name": "A", "type": "custom"}]}, "tools.0.input_schema: field required"),
        ({"tool_choice": {"type": "maybe"}}, "tool_choice.type"),
        ({"inference_geo": "eu"}, "inference_geo"),
        ({"messages": [{"role": "robot", "content": "hi"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": []}]}, "non-empty content"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]}, "messages.0.content.0"),
        ({"messages": [{"role": "user", "content": [{"type": "hologram"}]}]}, "unexpected block type"),
        ({"messages": [{"role": "user", "content": CALL["content"]}]}, "only be in assistant"),
        ({"messages": [HI, {"role": "assistant", "content": answer("t1")["content"]}]}, "only be in user"),
        ({"messages": [HI, CALL, HI]}, "without `tool_result` blocks immediately after: t1"),
        ({"messages": [HI, CALL]}, "without `tool_result` blocks"),
        ({"messages": [HI, CALL, answer("t1", "t2")]}, "unexpected `tool_use_id`"),
        ({"messages": [answer("t1")]}, "unexpected `tool_use_id`"),
        ({"messages": [HI, CALL, CALL, answer("t1")]}, "messages.1: `tool_use` ids must be unique: t1"),
        ({"messages": [HI, CALL, answer("t1", "t1")]}, "messages.2: each `tool_use` must have a single"),
        ({"messages": [HI, {"role": "assistant", "content": ""}, HI]}, "messages.1: all messages must have"),
        (
            {"messages": [HI, {"role": "system", "content": [], "output_config": {"effort": "huge"}}]},
            "messages.1.output_config.effort",
        ),
    ],
)
def test_what_the_api_refuses_is_refused(fields, said):
    with pytest.raises(RequestRefused) as refused:
        checked(**fields)
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("role", "block", "said"),
    [
        ("user", THOUGHT, ": `thinking` blocks can only be in assistant messages"),
        (
            "user",
            {"type": "tool_reference", "tool_name": "A"},
            ": `tool_reference` blocks can only be in tool",
        ),
        (
            "user",
            {"type": "browser_state", "tabs": []},
            ": `browser_state` blocks can only be in tool results",
        ),
        ("user", image("image/bmp"), ".source.media_type: expected one of image/gif, image/jpeg"),
        ("user", {"type": "image", "source": {"type": "disk"}}, ".source.type: expected one of base64"),
        ("user", {"type": "document", "source": {"type": "disk"}}, ".source.type: expected one of base64"),
        ("user", document(TEXT, {"type": "hologram"}), ".source.content.1.type: unexpected block type"),
        ("user", document(image("image/bmp")), ".source.content.0.source.media_type: expected"),
        ("assistant", image(), ": `image` blocks can only be in user messages or tool results"),
        ("assistant", document(TEXT), ": `document` blocks can only be in user messages or tool results"),
        ("system", image(), ": `image` blocks can only be in"),
        ("system", FOUND, ": `search_result` blocks can only be in"),
    ],
)
def test_a_block_stands_where_it_may(role, block, said):
    with pytest.raises(RequestRefused) as refused:
        checked([HI, {"role": role, "content": [TEXT, block]}])
    assert refused.value.message.startswith(f"messages.1.content.1{said}")


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"type": "hologram"}, ".type: unexpected block type 'hologram'"),
        (CALL["content"][0], ": `tool_use` blocks can only be in assistant messages"),
        (answer("t2")["content"][0], ": `tool_result` blocks can only be in user messages"),
        (THOUGHT, ": `thinking` blocks can only be in assistant messages"),
        ({"type": "container_upload", "file_id": "f"}, ": `container_upload` blocks can only be in user"),
        (image("image/bmp"), ".source.media_type: expected"),
    ],
)
def test_a_tool_result_is_looked_into(block, said):
    content = [{"type": "tool_result", "tool_use_id": "t1", "content": [TEXT, block]}]
    with pytest.raises(RequestRefused) as refused:
        checked([HI, CALL, {"role": "user", "content": content}])
    assert refused.value.message.startswith(f"messages.2.content.0.content.1{said}")


def test_a_tool_result_may_show_what_it_can():
    shown = [TEXT, image(), document(TEXT, image()), FOUND, {"type": "tool_reference", "tool_name": "A"}]
    content = [{"type": "tool_result", "tool_use_id": "t1", "content": shown}]
    checked([HI, CALL, {"role": "user", "content": content}])


def test_a_budget_may_exceed_one_answer_where_thinking_is_interleaved():
    checked(thinking={"type": "enabled", "budget_tokens": 8192}, betas="a-1,interleaved-thinking-2025-05-14")
    with pytest.raises(RequestRefused, match="at least 1024"):
        checked(thinking={"type": "enabled", "budget_tokens": 9}, betas="interleaved-thinking-2025-05-14")


@pytest.mark.parametrize(
    "messages",
    [
        [HI, {"role": "system", "content": "note"}, CALL, answer("t1")],
        [HI, CALL, {"role": "system", "content": [], "output_config": {"effort": "low"}}, answer("t1")],
        [HI, CALL, answer("t1"), {"role": "user", "content": "and then?"}],
        [
            HI,
            {"role": "assistant", "content": [{"type": "text", "text": ""}, *CALL["content"]]},
            answer("t1"),
        ],
        [HI, {"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": ""}]}, HI],
        [HI, {"role": "assistant", "content": "The answer is"}],
        [HI, {"role": "user", "content": [FOUND]}],
        [HI, CALL, answer("t1"), CALL, answer("t1")],
    ],
)
def test_what_the_clients_form_passes(messages):
    checked(messages)


@pytest.mark.parametrize(
    "fields",
    [
        {"thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "high"}},
        {"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}},
        {"tools": [{"name": "A", "input_schema": {}, "defer_loading": True}], "unknown_field": 1},
        {"temperature": 1.0, "thinking": {"type": "enabled", "budget_tokens": 1024}},
    ],
)
def test_newer_fields_pass(fields):
    checked(**fields)


def test_counting_needs_no_max_tokens():
    validate(decode_request(json.dumps({"model": "m", "messages": [HI]}).encode()), counting=True)
