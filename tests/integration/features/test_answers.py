"""What an upstream answers, and what it was asked, for each kind."""

import json

import pytest

from gateway.testing.upstream import Call, Raw, Reply, Usage

HELLO = {"role": "user", "content": "hello"}
FORM = {
    "type": "object",
    "properties": {"answer": {"type": "integer"}},
    "required": ["answer"],
    "additionalProperties": False,
}
TOOL = {"name": "look", "input_schema": {"type": "object", "properties": {}}}


def test_stream_of_events(talk, upstream):
    upstream.script(Reply(reasoning="hm", text="one two three", pieces=3, calls=(Call("look", {"a": 1}),)))
    said = talk(
        stream=True, tools=[TOOL], thinking={"type": "enabled", "budget_tokens": 2000}, max_tokens=4000
    )
    assert said.told.body["stream"] is True
    assert (said.types[0], said.types[-2:]) == ("message_start", ["message_delta", "message_stop"])
    assert [block["type"] for block in said.blocks] == ["thinking", "text", "tool_use"]
    assert said.types.count("content_block_delta") >= 5
    assert said.types.count("content_block_start") == said.types.count("content_block_stop") == 3
    assert said.headers["content-type"].startswith("text/event-stream")


def test_form_of_the_answer(talk, upstream, kind: str, stream: bool):
    upstream.script(Reply(text='{"answer": 42}'))
    said = talk(stream=stream, output_config={"format": {"type": "json_schema", "schema": FORM}})
    assert said.told.form == FORM
    assert [json.loads(block["text"]) for block in said.blocks] == [{"answer": 42}]


def test_answer_in_fences_is_taken_out_of_them(talk, upstream, kind: str, stream: bool):
    upstream.script(Reply(text='```json\n{"answer": 42}\n```', pieces=7))
    said = talk(stream=stream, output_config={"format": {"type": "json_schema", "schema": FORM}})
    assert said.told.form == FORM
    if kind != "anthropic":
        assert json.loads(said.text) == {"answer": 42}
    assert "42" in said.text


def test_usage_with_what_came_from_the_cache(talk, upstream, kind: str, stream: bool):
    upstream.script(Reply(text="ok", usage=Usage(prompt=100, completion=9, cached=64)))
    said = talk(stream=stream)
    usage = said.message["usage"]
    cached = 0 if kind == "ollama" else 64
    assert said.told.turns == [("user", "hello")]
    assert usage["input_tokens"] + usage["cache_read_input_tokens"] == 100
    assert (usage["cache_read_input_tokens"], usage["output_tokens"]) == (cached, 9)


def test_answer_cut_by_length(talk, upstream, stream: bool):
    upstream.script(Reply(text="half", finish="length"))
    said = talk(stream=stream, max_tokens=20)
    assert said.told.limit == 20
    assert (said.text, said.stopped) == ("half", ("max_tokens", None))


def test_empty_answer_passes_as_it_is(talk, upstream, kind: str, stream: bool):
    upstream.script(Reply(text=""))
    said = talk(stream=stream)
    assert said.told.turns == [("user", "hello")]
    assert (said.blocks, said.stopped[0]) == ([], "end_turn")


@pytest.mark.parametrize("kind", ["openai", "responses", "ollama"])
def test_old_tool_results_are_cleared(talk, upstream, kind: str, stream: bool):
    upstream.script(Reply(text="ok"))
    turns = [HELLO]
    for n in range(4):
        call = {"type": "tool_use", "id": f"call_{n}", "name": "look", "input": {}}
        result = {"type": "tool_result", "tool_use_id": f"call_{n}", "content": f"result {n} " * 500}
        turns += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    edit = {
        "type": "clear_tool_uses_20250919",
        "trigger": {"type": "tool_uses", "value": 2},
        "keep": {"type": "tool_uses", "value": 1},
    }
    said = talk(stream=stream, tools=[TOOL], messages=turns, context_management={"edits": [edit]})
    results = said.told.said("tool")
    assert [result.startswith("result") for result in results] == [False, False, False, True]
    (applied,) = said.message["context_management"]["applied_edits"]
    assert (applied["type"], applied["cleared_tool_uses"]) == ("clear_tool_uses_20250919", 3)


@pytest.mark.parametrize("kind", ["openai", "responses", "ollama"])
def test_edit_that_is_not_built_is_left_out(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    said = talk(context_management={"edits": [{"type": "compact_20260112"}]})
    assert said.told.turns == [("user", "hello")]
    assert "dropped.context_management" in said.warnings
    assert said.text == "ok"


SAFEGUARDS = [{"type": "dangerous_tool_use", "classifier_context": {"cwd": "/tmp"}}]


@pytest.mark.parametrize("kind", ["openai", "responses", "ollama"])
def test_safeguards_are_left_out_with_a_notice(talk, upstream, kind: str, stream: bool):
    upstream.script(default=Reply(text="ok"))
    said = talk(stream=stream, safeguards=SAFEGUARDS)
    assert "safeguards" not in said.told.body
    assert said.warnings == ["dropped.safeguards"]
    assert "safeguard_results" not in said.message
    for nothing in ({}, {"safeguards": []}, {"safeguards": None}):
        plain = talk(stream=stream, **nothing)
        assert "dropped.safeguards" not in plain.warnings
        assert plain.chats[-1].turns == [("user", "hello")]


VERDICTS = [
    {
        "type": "dangerous_tool_use",
        "status": {"type": "available", "tool_uses": {"t": {"type": "evaluated", "outcome": "not_flagged"}}},
    }
]
ANSWER = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "scripted", "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 2},
}  # fmt: skip


@pytest.mark.parametrize("kind", ["anthropic"])
def test_safeguards_and_their_results_pass(talk, upstream, kind: str, stream: bool):
    text = [{"type": "text", "text": "ok"}]
    whole = {**ANSWER, "content": text, "stop_reason": "end_turn", "safeguard_results": VERDICTS}
    events = (
        {"type": "message_start", "message": {**ANSWER, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "ok"}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None, "safeguard_results": VERDICTS},
            "usage": {"output_tokens": 2},
        },
        {"type": "message_stop"},
    )
    lines = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events)
    sse = Raw(headers={"content-type": "text/event-stream"}, chunks=(lines,))
    upstream.script(sse if stream else Raw(chunks=(json.dumps(whole),)))
    said = talk(stream=stream, safeguards=SAFEGUARDS)
    assert said.told.body["safeguards"] == SAFEGUARDS
    assert said.message["safeguard_results"] == VERDICTS
    assert said.warnings == []


@pytest.mark.parametrize("kind", ["openai", "responses", "ollama"])
def test_conversation_is_summarised(talk, upstream, kind: str, stream: bool):
    upstream.script(Reply(text="Summary S", usage=Usage(prompt=30, completion=12)))
    turns = [HELLO, {"role": "assistant", "content": "hm"}]
    said = talk(stream=stream, messages=turns, tools=[TOOL], compaction={"type": "summarize"})
    assert said.told.turns[:2] == [("user", "hello"), ("assistant", "hm")]
    assert said.told.turns[2][1].startswith("Summarise the conversation so far")
    assert said.told.tools == {}
    (block,) = said.blocks
    assert (block["type"], block["content"], block["encrypted_content"]) == ("compaction", "Summary S", None)
    assert block["signature"].startswith("gw1:")
    assert said.stopped == ("compaction", None)


@pytest.mark.parametrize("kind", ["anthropic"])
@pytest.mark.parametrize(
    "more",
    [
        {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}},
        {"compaction": {"type": "summarize"}},
    ],
    ids=["edits", "compaction"],
)
def test_what_is_done_to_the_context_passes(talk, upstream, kind: str, more: dict):
    upstream.script(Reply(text="ok"))
    said = talk(**more)
    assert more.items() <= said.told.body.items()
    assert said.text == "ok"


TOO_LONG = (
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
)
OVERFLOW = {
    "openai": {"error": {"message": TOO_LONG, "code": "context_length_exceeded"}},
    "ollama": {"error": "request (9000 tokens) exceeds the available context size (8192 tokens)"},
}


def test_prompt_that_is_too_long(talk, upstream, kind: str, stream: bool):
    """In the words and with the numbers that make Claude Code compact."""
    upstream.script(Raw(status=400, chunks=(json.dumps(OVERFLOW.get(kind, OVERFLOW["openai"])),)))
    said = talk(stream=stream)
    assert said.told.turns == [("user", "hello")]
    assert said.refusal == (400, "invalid_request_error")
    assert said.why == "prompt is too long: 9000 tokens > 8192 maximum"
    assert said.headers["x-should-retry"] == "false"


STATUSES = {
    400: (400, "invalid_request_error"),
    401: (500, "api_error"),
    402: (402, "billing_error"),
    403: (500, "api_error"),
    404: (404, "not_found_error"),
    413: (413, "request_too_large"),
    422: (400, "invalid_request_error"),
    429: (429, "rate_limit_error"),
    500: (500, "api_error"),
    503: (503, "api_error"),
    504: (504, "timeout_error"),
}


@pytest.mark.parametrize("status", STATUSES)
def test_upstreams_refusal(talk, upstream, kind: str, status: int, stream: bool):
    upstream.script(
        Raw(status=status, chunks=('{"error": {"message": "the tensor is odd", "type": "odd"}}',))
    )
    said = talk(stream=stream)
    assert said.told.turns == [("user", "hello")]
    assert said.refusal == STATUSES[status]
    if status not in (401, 403):
        assert "the tensor is odd" in said.why


BROKEN = {
    "html": Raw(headers={"content-type": "text/html"}, chunks=("<html>login</html>",)),
    "empty": Raw(),
    "nothing in it": Raw(chunks=("{}",)),
    "cut short": Raw(chunks=('{"choices": [{"message": {"content": "ha',)),
    "invalid letters": Raw(chunks=("\xff\xfe\xfa",), encoding="latin-1"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_answer(talk, upstream, broken: str, stream: bool):
    upstream.script(BROKEN[broken])
    said = talk(stream=stream)
    assert said.told.turns == [("user", "hello")]
    assert said.refusal == (502, "api_error")


@pytest.mark.parametrize("ending", ["cut", "reset", "error"])
def test_stream_that_breaks_off(talk, upstream, ending: str):
    upstream.script(Reply(text="half of it", pieces=8, after=6, ending=ending))
    said = talk(stream=True)
    assert said.told.turns == [("user", "hello")]
    assert said.types[-1] == "error"
    assert not {"message_delta", "message_stop"} & set(said.types)
