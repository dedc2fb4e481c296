"""The 31 worked examples, A1 to A31: what is asked, what goes upstream, what comes back, what a client gets.

Those that need a gateway and an upstream are played here. The others are held, byte for byte, by goldens or
by tests beside what they are about: `HELD` says by which.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import anthropic
import pytest

from gateway.anthropic.signatures import sign
from gateway.testing.upstream import Raw, Reply, Usage, refusal

ROOT = Path(__file__).parents[2]
GOLDENS = ROOT / "tests" / "goldens"
HELD = {
    "A1": ("requests/opener.openai.vllm.json", "requests/opener.openai.openai.json"),
    "A2": ("requests/tool_loop.openai.vllm.json",),
    "A3": ("requests/tool_loop.ollama.ollama.json",),
    "A5": (
        "requests/forced_tool.openai.openai.json",
        "answers/openai/one_call_and_cached_prompt.events",
        "integration/test_tools.py::test_strict_tool_with_a_long_name_comes_back_as_the_client_knows_it",
    ),
    "A6": ("answers/openai/reasoning_text_two_calls.events",),
    "A7": ("answers/openai/interleaved_calls.events",),
    "A8": ("answers/openai/index_zero_for_all_calls.events",),
    "A9": (
        "answers/openai/call_without_id_and_name_repeated.events",
        "answers/openai/id_arrives_late.events",
    ),
    "A10": ("answers/openai/white_space_around_calls.events",),
    "A11": ("answers/openai/think_tags_split_over_chunks.events",),
    "A13": ("answers/openai/call_cut_by_length.events", "answers/openai/whole_call_cut_by_length.events"),
    "A18": ("integration/test_tools.py::test_forced_search_is_answered_without_asking_the_upstream",),
    "A20": ("requests/server_tools.openai.plain.json",),
    "A21": (
        "requests/structured.openai.openai.json",
        "requests/structured.responses.responses.json",
        "requests/structured.ollama.ollama.json",
        "integration/test_tools.py::test_answer_in_a_form_is_nothing_but_json",
    ),
    "A22": ("requests/typed_tools.openai.plain.json",),
    "A23": (
        "integration/test_tools.py::test_member_of_a_toolset_makes_its_round_trip",
        "answers/openai/toolset_member.events",
    ),
    "A24": ("requests/tool_changes.openai.openai.json", "requests/tool_changes.openai.vllm.json"),
    "A25": ("requests/compaction.openai.plain.json",),
    "A27": ("answers/ollama/thinking_text_and_call.events",),
    "A28": ("answers/responses/encrypted_reasoning_omitted.events",),
    "A29": ("requests/broken_history.openai.plain.json",),
    "A30": ("requests/schemas.ollama.ollama.json",),
    "A31": ("answers/openai/whole_refusal.events", "answers/openai/refusal.events"),
}
EVENT_STREAM = {"content-type": "text/event-stream"}
SPENT = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
ASKED = [{"role": "user", "content": "x"}]


def test_every_example_is_played_or_held():
    played = {
        name.upper() for name in re.findall(r"^def test_(a\d+)_", Path(__file__).read_text(), re.MULTILINE)
    }
    assert not played & HELD.keys()
    assert played | HELD.keys() == {f"A{number}" for number in range(1, 32)}


@pytest.mark.parametrize("example", HELD)
def test_what_holds_an_example_is_there(example: str):
    for place in HELD[example]:
        path, _, test = place.partition("::")
        if test:
            assert re.search(rf"^def {test}\(", (ROOT / "tests" / path).read_text(), re.MULTILINE)
        else:
            assert (GOLDENS / path).exists()


def told(*chunks: dict[str, Any], done: bool = True) -> Raw:
    """A stream of these chunks."""
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return Raw(
        headers=EVENT_STREAM, chunks=(*lines, *(["data: [DONE]\n\n"] if done else [])), framing="chunked"
    )


def whole(body: dict[str, Any], status: int = 200) -> Raw:
    return Raw(status=status, chunks=(json.dumps(body),))


@pytest.fixture
def vllm(start_gateway, settings):
    return start_gateway(settings(provider={"preset": "vllm"}))


# ---------------------------------------------------------------------------------------------- histories


def test_a4_reasoning_goes_back_to_responses_as_the_item_it_was(start_gateway, settings, upstream, ask):
    upstream.script(Reply(text="on it"))
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    history = [
        {"role": "user", "content": "go"},
        {
            "role": "assistant",
            "content": [
                {
                    "type": "thinking",
                    "thinking": "plan",
                    "signature": sign({"p": "responses", "id": "rs_1", "enc": "ENC"}),
                },
                {"type": "text", "text": "Looking."},
                {"type": "tool_use", "id": "call_1", "name": "Bash", "input": {"command": "false"}},
                {"type": "tool_use", "id": "call_2", "name": "Shot", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "call_2",
                    "content": [{"type": "text", "text": "ok"}, image],
                },
                {"type": "tool_result", "tool_use_id": "call_1", "is_error": True, "content": "Exit code 1"},
                {"type": "text", "text": "continue"},
            ],
        },
    ]
    answered = ask(start_gateway(settings("responses")), messages=history, thinking={"type": "adaptive"})
    assert answered.text == "on it"
    (chat,) = upstream.chats()
    assert (chat.body["store"], chat.body["include"]) == (False, ["reasoning.encrypted_content"])
    assert chat.body["input"] == [
        {"role": "user", "content": [{"type": "input_text", "text": "go"}]},
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "plan"}],
            "encrypted_content": "ENC",
        },
        {"role": "assistant", "content": [{"type": "output_text", "text": "Looking."}]},
        {"type": "function_call", "call_id": "call_1", "name": "Bash", "arguments": '{"command":"false"}'},
        {"type": "function_call", "call_id": "call_2", "name": "Shot", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "Error: Exit code 1"},
        {
            "type": "function_call_output",
            "call_id": "call_2",
            "output": [
                {"type": "input_text", "text": "ok"},
                {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto"},
            ],
        },
        {"role": "user", "content": [{"type": "input_text", "text": "continue"}]},
    ]


# ------------------------------------------------------------------------------------------ stop sequences


@BOTH
@pytest.mark.parametrize(
    ("reported", "ended"),
    [("END", ("stop_sequence", "END")), (151645, ("end_turn", None)), (None, ("end_turn", None))],
    ids=["sequence", "token id", "nothing"],
)
def test_a12_stop_sequence_that_the_server_reports(vllm, upstream, ask, stream: bool, reported, ended):
    last = {"index": 0, "finish_reason": "stop", "stop_reason": reported}
    if stream:
        text = {"choices": [{"index": 0, "delta": {"content": "abc"}}]}
        upstream.script(told(text, {"choices": [{**last, "delta": {}}]}, {"choices": [], "usage": SPENT}))
    else:
        upstream.script(whole({"choices": [{**last, "message": {"content": "abc"}}], "usage": SPENT}))
    answered = ask(vllm, stream=stream, stop_sequences=["END", "\n\nHuman:"], messages=ASKED)
    (chat,) = upstream.chats()
    usage = {"stream_options": {"include_usage": True}} if stream else {}
    assert chat.body == {
        "model": "scripted",
        "messages": ASKED,
        "stream": stream,
        "max_tokens": 1000,
        "stop": ["END", "\n\nHuman:"],
        **usage,
    }
    said = answered.content[-2]["delta"] if stream else answered.body
    assert (said["stop_reason"], said["stop_sequence"]) == ended
    assert (answered.text if stream else answered.body["content"][0]["text"]) == "abc"


# ------------------------------------------------------------------------------------------------ failures


def test_a14_server_that_dies_after_some_text(vllm, upstream, ask):
    dying = told({"choices": [{"index": 0, "delta": {"content": "Hel"}}]}, done=False)
    upstream.script(dying, dying)
    answered = ask(vllm)
    assert answered.types == ["message_start", "content_block_start", "content_block_delta", "error"]
    assert answered.text == "Hel"
    assert answered.content[-1] == {
        "type": "error",
        "error": {"type": "api_error", "message": "upstream closed the stream before finishing"},
        "request_id": answered.headers["request-id"],
    }
    with (
        anthropic.Anthropic(api_key="k", base_url=vllm.url, max_retries=0) as client,
        pytest.raises(anthropic.APIStatusError, match="upstream closed the stream before finishing"),
        client.messages.stream(
            model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}]
        ) as stream,
    ):
        stream.get_final_message()


@BOTH
def test_a15_error_inside_a_stream_before_any_token_has_a_real_status(vllm, upstream, ask, stream: bool):
    upstream.script(told({"error": {"message": "Rate limit exceeded", "code": 429}}, done=False))
    answered = ask(vllm, stream=stream)
    assert (answered.status, answered.headers["retry-after"]) == (429, "5")
    assert answered.body == {
        "type": "error",
        "error": {"type": "rate_limit_error", "message": "[up] Rate limit exceeded"},
        "request_id": answered.headers["request-id"],
    }


@BOTH
def test_a16_prompt_longer_than_the_window_of_llamacpp(start_gateway, settings, upstream, ask, stream: bool):
    words = "request (13392 tokens) exceeds the available context size (8192 tokens), try increasing it"
    error = {"code": 400, "type": "exceed_context_size_error", "message": words}
    upstream.script(whole({"error": {**error, "n_prompt_tokens": 13392, "n_ctx": 8192}}, status=400))
    answered = ask(start_gateway(settings(provider={"preset": "llamacpp"})), stream=stream)
    assert (answered.status, answered.headers["x-should-retry"]) == (400, "false")
    assert answered.body == {
        "type": "error",
        "error": {
            "type": "invalid_request_error",
            "message": "prompt is too long: 13392 tokens > 8192 maximum",
        },
        "request_id": answered.headers["request-id"],
    }
    assert len(upstream.chats()) == 1


TOO_MUCH = (
    "This model's maximum context length is 16384 tokens. However, you requested 24000 tokens "
    "(8000 in the messages, 16000 in the completion)."
)


@BOTH
def test_a17_answer_that_does_not_fit_is_asked_for_once_more_and_shorter(vllm, upstream, ask, stream: bool):
    upstream.script(refusal(400, TOO_MUCH), Reply(text="shorter"))
    answered = ask(vllm, stream=stream, max_tokens=16_000)
    assert answered.status == 200
    assert answered.headers["x-gateway-warnings"] == "clamped.max_tokens"
    assert [chat.body["max_tokens"] for chat in upstream.chats()] == [16_000, 8_320]


@BOTH
def test_a17_refused_twice_it_is_refused(vllm, upstream, ask, stream: bool):
    upstream.script(refusal(400, TOO_MUCH), refusal(400, TOO_MUCH))
    answered = ask(vllm, stream=stream, max_tokens=16_000)
    assert (answered.status, answered.headers["x-should-retry"]) == (400, "false")
    assert answered.body["error"] == {
        "type": "invalid_request_error",
        "message": "input length and `max_tokens` exceed context limit: 8000 + 16000 > 16384, "
        "decrease input length or `max_tokens` and try again",
    }
    assert [chat.body["max_tokens"] for chat in upstream.chats()] == [16_000, 8_320]


# ------------------------------------------------------------------------------- what the gateway does itself


@BOTH
def test_a19_nobody_here_searches_the_web(vllm, upstream, ask, stream: bool):
    """A search that is the only tool is answered as a forced one is, and no upstream is asked."""
    search = {"type": "web_search_20250305", "name": "web_search"}
    answered = ask(vllm, stream=stream, tools=[search], messages=[{"role": "user", "content": "news?"}])
    blocks = answered.body.get("content") or [
        event["content_block"] for event in answered.content if event["type"] == "content_block_start"
    ]
    assert [block["type"] for block in blocks] == ["server_tool_use", "web_search_tool_result", "text"]
    assert blocks[1]["content"] == {"type": "web_search_tool_result_error", "error_code": "unavailable"}
    assert not upstream.chats()


SUMMARISE = "Summarise the conversation so far for handing over; keep decisions, file names, open tasks."
SIGNATURES = {
    "openai": "gw1:eyJwIjoicGxhaW4ifQ",
    "ollama": "gw1:eyJwIjoib2xsYW1hIn0",
    "responses": "gw1:eyJwIjoicmVzcG9uc2VzIn0",
}
FIGURES = {"input_tokens": 30, "output_tokens": 12}


@BOTH
@pytest.mark.parametrize("kind", SIGNATURES)
def test_a26_summary_of_a_conversation(start_gateway, settings, upstream, ask, kind: str, stream: bool):
    upstream.script(Reply(text="They said b.", usage=Usage(prompt=30, completion=12)))
    history = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    answered = ask(
        start_gateway(settings(kind)),
        stream=stream,
        compaction={"type": "summarize"},
        max_tokens=8000,
        messages=history,
    )
    (chat,) = upstream.chats()
    assert chat.texts("user") == ["a", SUMMARISE]
    assert chat.texts("assistant") == ["b"]
    body = chat.body
    assert 8000 in (
        body.get("max_tokens"),
        body.get("max_output_tokens"),
        body.get("options", {}).get("num_predict"),
    )
    assert answered.headers["x-gateway-warnings"] == "emulated.compaction"
    block, stop, usage = _summary(answered, stream=stream)
    assert block == {
        "type": "compaction",
        "content": "They said b.",
        "encrypted_content": None,
        "signature": SIGNATURES[kind],
        "tool_changes": [],
    }
    assert stop == "compaction"
    assert usage == {**usage, **FIGURES}
    assert usage["iterations"] == [
        {
            "type": "compaction",
            **FIGURES,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "cache_creation": None,
        }
    ]


def _summary(answered, *, stream: bool) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """The one block, the stop reason and the figures."""
    if not stream:
        (block,) = answered.body["content"]
        return block, answered.body["stop_reason"], answered.body["usage"]
    assert answered.types == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    _, start, delta, _, last, _ = answered.content
    assert delta["delta"].pop("type") == "compaction_delta"
    return {**start["content_block"], **delta["delta"]}, last["delta"]["stop_reason"], last["usage"]
