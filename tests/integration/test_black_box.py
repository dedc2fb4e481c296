"""The gateway as strangers would test it: strict, with a client key and little patience, over both kinds.

One file of configuration, two servers of which each speaks one protocol, and one that is not there. What is
tested here is that both kinds do alike; how they differ inside is tested beside their translators.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.testing.process import free_port
from gateway.testing.samples import png
from gateway.testing.upstream import Call, Raw, Reply, Usage, refusal

KEY = {"x-api-key": "client-key"}
WEATHER = {
    "name": "weather",
    "description": "the weather in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
FORM = {
    "type": "object",
    "properties": {"answer": {"type": "integer"}},
    "required": ["answer"],
    "additionalProperties": False,
}
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
THINKING = {"type": "enabled", "budget_tokens": 1024}


@pytest.fixture(params=["openai", "ollama"])
def kind(request) -> str:
    return request.param


@pytest.fixture
def box(start_gateway, upstream):
    """A gateway over two scripted servers and one that refuses connections."""
    nowhere = f"http://127.0.0.1:{_NOWHERE}"
    providers: dict[str, dict[str, Any]] = {
        "openai": {"kind": "openai", "base_url": upstream.url, "api_key": "upstream-key"},
        "ollama": {"kind": "ollama", "base_url": upstream.url},
        "gone-openai": {"kind": "openai", "base_url": nowhere},
        "gone-ollama": {"kind": "ollama", "base_url": nowhere},
    }
    patience = {"connect": "4s", "first_byte": "4s", "idle": "4s"}
    return start_gateway(
        {
            "server": {"keys": ["client-key"], "validation": "strict"},
            "defaults": {"timeouts": patience},
            "providers": {name: {**provider, "retries": 0} for name, provider in providers.items()},
            "models": {name: f"{name}/scripted" for name in providers} | {"team/qwen3": "openai/qwen3"},
        }
    )


_NOWHERE = free_port()


@pytest.fixture
def ask(box, ask, kind):
    """One question to the server of this kind, with the client key."""

    def one(**more: Any):
        return ask(box, **{"headers": KEY, "model": kind, "stream": False, **more})

    return one


def content(answered) -> list[dict[str, Any]]:
    """The blocks of an answer, put together from its events if it was streamed."""
    if answered.body:
        return answered.body["content"]
    blocks: list[dict[str, Any]] = []
    written: dict[int, str] = {}
    for event in answered.content:
        match event["type"]:
            case "content_block_start":
                blocks.append(dict(event["content_block"]))
            case "content_block_delta":
                _add(blocks[event["index"]], event["delta"], written, event["index"])
            case _:
                pass
    for index, arguments in written.items():
        blocks[index]["input"] = json.loads(arguments)
    return blocks


def _add(block: dict[str, Any], delta: dict[str, Any], written: dict[int, str], index: int) -> None:
    if delta["type"] == "input_json_delta":
        written[index] = written.get(index, "") + delta["partial_json"]
        return
    for name in ("text", "thinking", "signature"):
        block[name] = block.get(name, "") + delta.get(name, "") if name in delta else block.get(name, "")


def ended(answered) -> tuple[str, str | None]:
    """stop_reason and stop_sequence."""
    said = answered.body or next(e["delta"] for e in answered.content if e["type"] == "message_delta")
    return said["stop_reason"], said["stop_sequence"]


def usage(answered) -> tuple[int, int]:
    said = answered.body or next(e for e in answered.content if e["type"] == "message_delta")
    return said["usage"]["input_tokens"], said["usage"]["output_tokens"]


def refused(answered) -> tuple[int, str]:
    assert answered.body["type"] == "error"
    assert answered.body["error"]["message"]
    assert answered.headers["request-id"] == answered.body["request_id"]
    return answered.status, answered.body["error"]["type"]


@BOTH
def test_text_and_usage(ask, upstream, stream: bool):
    upstream.script(Reply(text="Grüße, 世界 🌍", usage=Usage(prompt=30, completion=5)))
    answered = ask(stream=stream, system="be brief", temperature=0.5, top_p=0.9)
    assert answered.status == 200
    assert answered.headers["request-id"].startswith("req_")
    assert [block["text"] for block in content(answered)] == ["Grüße, 世界 🌍"]
    assert (ended(answered), usage(answered)) == (("end_turn", None), (30, 5))
    (chat,) = upstream.chats()
    assert [message["content"] for message in chat.messages] == ["be brief", "hello"]
    settings = chat.body.get("options", chat.body)
    assert (settings["temperature"], settings["top_p"]) == (0.5, 0.9)
    assert "client-key" not in str(chat)


def test_events_come_in_order(ask, upstream):
    upstream.script(Reply(text="one two three", pieces=3, delay=0.02))
    answered = ask(stream=True)
    assert [event["type"] for event in answered.content] == [
        "message_start",
        "content_block_start",
        *["content_block_delta"] * 3,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_a_piece_is_passed_on_before_the_next_one_comes(box, kind, upstream):
    """The upstream stalls after the first: it arrives all the same, and the client leaves."""
    upstream.script(Reply(text="one two three", pieces=3, after=1, ending="stall"))
    asked = {"model": kind, "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "x"}]}
    with (
        httpx.Client(base_url=box.url, trust_env=False, headers=KEY, timeout=60) as http,
        http.stream("POST", "/v1/messages", json=asked) as response,
    ):
        deltas = (
            line for line in response.iter_lines() if '"content_block_delta"' in line and "data" in line
        )
        assert "one" in next(deltas)
    (chat,) = upstream.chats()
    assert chat.done_at is None


@BOTH
def test_parallel_calls_and_their_results(ask, upstream, stream: bool):
    cities = ("Paris", "Rome")
    calls = tuple(Call("weather", {"city": city}, id=f"call_{city}") for city in cities)
    upstream.script(Reply(text="I look.", calls=calls), Reply(text="sunny"))
    answered = ask(stream=stream, tools=[WEATHER])
    said = content(answered)
    assert ended(answered)[0] == "tool_use"
    assert [block.get("input") for block in said] == [None, *({"city": city} for city in cities)]
    ids = [block["id"] for block in said[1:]]
    assert len(set(ids)) == 2
    results = [{"type": "tool_result", "tool_use_id": i, "content": f"sun {i}"} for i in ids]
    turns = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": said},
        {"role": "user", "content": results},
    ]
    assert content(ask(stream=stream, tools=[WEATHER], messages=turns))[0]["text"] == "sunny"
    first, second = upstream.chats()
    assert first.tools == ["weather"]
    assert [(name, given["city"]) for _, name, given in second.calls] == [("weather", c) for c in cities]
    assert second.texts("tool") == [f"sun {i}" for i in ids]


@pytest.mark.parametrize("choice", ["any", "tool"])
def test_a_forced_call_is_asked_for(ask, kind, upstream, choice: str):
    upstream.script(Reply(calls=(Call("weather", {"city": "Paris"}),)))
    named = {"name": "weather"} if choice == "tool" else {}
    answered = ask(tools=[WEATHER], tool_choice={"type": choice, **named})
    assert [block["type"] for block in content(answered)] == ["tool_use"]
    (chat,) = upstream.chats()
    if kind == "openai":
        function = {"type": "function", "function": {"name": "weather"}}
        assert chat.body["tool_choice"] == (function if choice == "tool" else "required")
    else:
        assert f"emulated.tool_choice_{choice}" in answered.headers["x-gateway-warnings"]
        line = "the tool weather" if choice == "tool" else "one of the tools"
        assert chat.texts("system") == [f"You must call {line}."]
        assert chat.tools == ["weather"]


@BOTH
def test_only_one_call_where_parallel_ones_are_not_wanted(ask, upstream, stream: bool):
    calls = tuple(Call("weather", {"city": city}, id=city) for city in ("Paris", "Rome"))
    upstream.script(Reply(calls=calls))
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    answered = ask(stream=stream, tools=[WEATHER], tool_choice=choice)
    assert [block["input"] for block in content(answered)] == [{"city": "Paris"}]
    assert len(upstream.chats()) == 1


@BOTH
def test_thinking_is_shown_signed_and_given_back(ask, kind, upstream, stream: bool):
    upstream.script(
        Reply(reasoning="Let me see.", text="I look.", calls=(Call("weather", {"city": "Paris"}),)),
        Reply(text="sunny"),
    )
    wish = {"stream": stream, "tools": [WEATHER], "thinking": THINKING, "max_tokens": 4000}
    said = content(ask(**wish))
    assert [block["type"] for block in said] == ["thinking", "text", "tool_use"]
    assert said[0]["thinking"] == "Let me see."
    assert said[0]["signature"]
    result = {"type": "tool_result", "tool_use_id": said[2]["id"], "content": "sun"}
    turns = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": said},
        {"role": "user", "content": [result]},
    ]
    assert content(ask(**wish, messages=turns))[0]["text"] == "sunny"
    (back,) = [m for m in upstream.chats()[1].messages if m["role"] == "assistant"]
    assert back["thinking" if kind == "ollama" else "reasoning_content"] == "Let me see."


def test_a_picture_is_passed_on(ask, kind, upstream):
    upstream.script(Reply(text="red"))
    data = base64.b64encode(png(8, 8)).decode()
    source = {"type": "base64", "media_type": "image/png", "data": data}
    shown = [{"type": "text", "text": "what?"}, {"type": "image", "source": source}]
    assert ask(messages=[{"role": "user", "content": shown}]).status == 200
    (chat,) = upstream.chats()
    if kind == "ollama":
        assert chat.messages[0]["images"] == [data]
    else:
        assert chat.messages[0]["content"][1]["image_url"]["url"] == f"data:image/png;base64,{data}"


@BOTH
def test_an_answer_has_the_form_that_was_asked_for(ask, kind, upstream, stream: bool):
    upstream.script(Reply(text='{"answer": 42}'))
    form = {"format": {"type": "json_schema", "schema": FORM}}
    said = content(ask(stream=stream, output_config=form))
    assert [json.loads(block["text"]) for block in said] == [{"answer": 42}]
    (chat,) = upstream.chats()
    if kind == "ollama":
        assert chat.body["format"] == FORM
    else:
        wanted = {"name": "response", "strict": True, "schema": FORM}
        assert chat.body["response_format"] == {"type": "json_schema", "json_schema": wanted}


@BOTH
def test_a_stop_sequence_ends_the_answer(ask, kind, upstream, stream: bool):
    """Chat Completions hides the match, so it is made here; Ollama cuts by itself and does not say so."""
    upstream.script(Reply(text="one two END three" if kind == "openai" else "one two ", pieces=6))
    answered = ask(stream=stream, stop_sequences=["END"])
    assert content(answered)[0]["text"] == "one two "
    body = upstream.chats()[0].body
    if kind == "openai":
        assert ended(answered) == ("stop_sequence", "END")
        assert "stop" not in body
    else:
        assert ended(answered) == ("end_turn", None)
        assert body["options"]["stop"] == ["END"]


@BOTH
def test_an_answer_cut_by_length_says_so(ask, upstream, stream: bool):
    upstream.script(Reply(text="half", finish="length"))
    answered = ask(stream=stream, max_tokens=3)
    assert ended(answered) == ("max_tokens", None)
    body = upstream.chats()[0].body
    assert 3 in (body.get("max_tokens"), body.get("options", {}).get("num_predict"))


def test_tokens_are_counted(box, kind, upstream):
    counted: list[int] = []
    with httpx.Client(base_url=box.url, trust_env=False, headers=KEY) as http:
        for text in ("hello", "hello world, how are you? " * 100):
            asked = {"model": kind, "messages": [{"role": "user", "content": text}]}
            response = http.post("/v1/messages/count_tokens", json=asked)
            assert response.status_code == 200
            counted.append(response.json()["input_tokens"])
    assert 1 <= counted[0] <= 20
    assert 600 <= counted[1] <= 1000
    assert not upstream.chats()


@BOTH
def test_diagnostics_are_null_where_they_are_asked_for(ask, upstream, stream):
    upstream.script(default=Reply(text="ok"))
    for wish, there in (({"previous_message_id": None}, True), (None, False)):
        answered = ask(stream=stream, diagnostics=wish)
        message = answered.content[0]["message"] if stream else answered.body
        assert ("diagnostics" in message) is there
        assert message.get("diagnostics") is None


@BOTH
def test_a_prompt_that_is_only_to_be_cached_is_answered_here(ask, upstream, stream):
    answered = ask(stream=stream, max_tokens=0)
    assert answered.status == 200
    assert answered.headers["x-gateway-warnings"] == "emulated.prewarm"
    assert not upstream.chats()


def counted(box, kind: str, content: object, **more: Any) -> dict[str, Any]:
    """`content`: of the messages, users and assistants in turns."""
    roles = ("user", "assistant")
    said = content if isinstance(content, list) else [content]
    messages = [{"role": roles[i % 2], "content": one} for i, one in enumerate(said)]
    with httpx.Client(base_url=box.url, headers=KEY, trust_env=False) as http:
        answer = http.post(
            "/v1/messages/count_tokens", json={"model": kind, "messages": messages, **more}, timeout=20
        )
    assert answer.status_code == 200
    return answer.json()


def test_a_picture_weighs_by_its_pixels(box, kind):
    def weight(width: int, height: int) -> int:
        data = base64.b64encode(png(width, height)).decode()
        source = {"type": "base64", "media_type": "image/png", "data": data}
        return counted(box, kind, [[{"type": "image", "source": source}]])["input_tokens"]

    small, middle, large = weight(30, 25), weight(750, 500), weight(2000, 2000)
    assert (middle - small, large - small) == (499, 1599)


def test_what_edits_clear_is_not_counted(box, kind):
    call = {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "rain " * 1000}
    talk = ["hello", [call], [result], "It rains.", "and now?"]
    edit = {"type": "clear_tool_uses_20250919", "trigger": {"type": "tool_uses", "value": 0}}
    edits = {"edits": [{**edit, "keep": {"type": "tool_uses", "value": 0}}]}
    whole, thinned = counted(box, kind, talk), counted(box, kind, talk, context_management=edits)
    assert "context_management" not in whole
    assert thinned["context_management"] == {"original_input_tokens": whole["input_tokens"]}
    assert 900 < whole["input_tokens"] - thinned["input_tokens"] < 1100


def test_edits_that_clear_nothing_change_no_count(box, kind):
    edits = {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}
    both = counted(box, kind, "hello", context_management=edits)
    assert both["context_management"] == {"original_input_tokens": both["input_tokens"]}


BROKEN = {
    "choice-less": Raw(chunks=("{}",)),
    "array": Raw(chunks=('[{"error": {"code": 400, "message": "odd"}}]',)),
    "cut short": Raw(chunks=('{"choices": [{"message": {"content": "ha',)),
    "invalid letters": Raw(chunks=("\xff\xfe\xfa",), encoding="latin-1"),
    "html": Raw(headers={"content-type": "text/html"}, chunks=("<html>login</html>",)),
    "empty": Raw(),
}


@BOTH
@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_answer_is_an_error_and_no_nonsense(ask, upstream, broken: str, stream: bool):
    upstream.script(BROKEN[broken])
    answered = ask(stream=stream)
    said = (400, "invalid_request_error") if broken == "array" else (502, "api_error")
    assert refused(answered) == said
    assert len(upstream.chats()) == 1


@BOTH
@pytest.mark.parametrize("status", [400, 401, 404, 413, 429, 500, 503])
def test_a_refusal_has_its_status(ask, upstream, status: int, stream: bool):
    upstream.script(refusal(status, "the tensor is odd"))
    answered = ask(stream=stream)
    assert refused(answered)[0] == {401: 500}.get(status, status)
    assert len(upstream.chats()) == 1, "retries are off"


@BOTH
def test_a_server_that_is_gone_is_502_at_once(box, ask, kind, stream: bool):
    answered = ask(model=f"gone-{kind}", stream=stream)
    assert refused(answered) == (502, "api_error"), "after `timeouts.connect` it would be 504"


@BOTH
def test_a_server_that_says_nothing_is_504_in_time(ask, upstream, stream: bool):
    upstream.script(Raw(ending="stall", framing="none"))
    answered = ask(stream=stream)
    assert refused(answered) == (504, "timeout_error")
    assert "timeouts.first_byte" in answered.body["error"]["message"]


def test_a_server_that_falls_silent_ends_the_stream_with_an_error(ask, upstream):
    upstream.script(Reply(text="half of it", pieces=4, after=2, ending="stall"))
    answered = ask(stream=True)
    assert answered.types[-1] == "error"
    assert "timeouts.idle" in answered.content[-1]["error"]["message"]
    assert "message_stop" not in answered.types


WRONG: dict[str, dict[str, Any]] = {
    "no max_tokens": {"max_tokens": None},
    "max_tokens of a string": {"max_tokens": "many"},
    "temperature": {"temperature": 3},
    "top_p": {"top_p": -1},
    "no messages": {"messages": []},
    "role": {"messages": [{"role": "wizard", "content": "x"}]},
    "empty text": {"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]},
    "small budget": {"thinking": {"type": "enabled", "budget_tokens": 10}},
    "budget over max_tokens": {"thinking": {"type": "enabled", "budget_tokens": 2000}},
    "twice the same tool": {"tools": [WEATHER, WEATHER]},
    "result without a call": {
        "messages": [
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_x", "content": "x"}]}
        ]
    },
    "call without a result": {
        "messages": [
            {"role": "user", "content": "hello"},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "toolu_x", "name": "weather", "input": {}}],
            },
            {"role": "user", "content": "and?"},
        ]
    },
    "unknown block": {"messages": [{"role": "user", "content": [{"type": "smell"}]}]},
    "unknown tool_choice": {"tools": [WEATHER], "tool_choice": {"type": "maybe"}},
    "blank stop sequence": {"stop_sequences": [" "]},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_strict_validation_refuses_what_the_api_refuses(ask, upstream, wrong: str):
    answered = ask(**WRONG[wrong])
    assert refused(answered) == (400, "invalid_request_error")
    assert not upstream.chats()


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "wrong"}, {"authorization": "Bearer wrong"}], ids=str)
def test_a_client_without_its_key_gets_nothing(ask, upstream, headers):
    assert refused(ask(headers=headers)) == (401, "authentication_error")
    assert not upstream.chats()


def test_a_model_that_is_not_there_is_404(ask, upstream):
    answered = ask(model="no-such-model")
    assert refused(answered) == (404, "not_found_error")
    assert not upstream.chats()


def test_models_are_listed_and_found_also_with_a_slash(box):
    with httpx.Client(base_url=box.url, trust_env=False, headers=KEY) as http:
        listed = http.get("/v1/models?limit=1000").json()
        names = [model["id"] for model in listed["data"]]
        assert {"openai", "ollama", "team/qwen3"} <= set(names)
        assert (listed["has_more"], listed["first_id"], listed["last_id"]) == (False, names[0], names[-1])
        for path in ("/v1/models/team/qwen3", "/v1/models/team%2Fqwen3"):
            assert http.get(path).json()["id"] == "team/qwen3"
        assert http.get("/v1/models/no-such").status_code == 404
        assert http.get("/health").status_code == 200


SSE = {"content-type": "text/event-stream"}


@BOTH
def test_a_line_without_end_is_an_error_in_bounded_memory(box, ask, upstream, stream: bool):
    """40 MB that are no line, where a line may have 16."""
    piece = '{"' + "x" * (4 << 20)
    upstream.script(Raw(headers=SSE, chunks=(piece,) * 10, framing="chunked"))
    assert refused(ask(stream=stream)) == (502, "api_error")
    resident = next(
        line for line in Path(f"/proc/{box.pid}/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    assert int(resident.split()[1]) < 400_000
