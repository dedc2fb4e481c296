"""Answers of any length, of which each has one kind of thing many times."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Json = dict[str, Any]
TEXT = "word and "


def sse(chunks: Iterable[Json]) -> bytes:
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)


def ndjson(lines: Iterable[Json]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


# ---------------------------------------------------------------- Chat Completions


def piece(at: int | None, name: str | None, arguments: str | None, id_: str | None = None) -> Json:
    return {"index": at, "id": id_, "function": {"name": name, "arguments": arguments}}


def chat(deltas: Iterable[Json], finish: str = "stop") -> bytes:
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    return (
        sse([*chunks, {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}])
        + b"data: [DONE]\n\n"
    )


def message(**fields: object) -> bytes:
    return json.dumps({"choices": [{"index": 0, "message": fields, "finish_reason": "stop"}]}).encode()


def calls(count: int) -> list[Json]:
    return [piece(at, "look", '{"n": 1}', f"call_{at}") for at in range(count)]


def interleaved(count: int) -> Iterator[Json]:
    """All calls are begun, and then all go on."""
    yield from ({"tool_calls": [piece(at, "look", "", f"call_{at}")]} for at in range(count))
    yield from ({"tool_calls": [piece(at, None, '{"n": 1}')]} for at in range(count))


def one_call(count: int) -> Iterator[Json]:
    yield {"tool_calls": [piece(0, "look", '{"s": "', "call_0")]}
    yield from ({"tool_calls": [piece(0, None, TEXT)]} for _ in range(count))
    yield {"tool_calls": [piece(0, None, '"}')]}


def older(count: int, **beside: object) -> Iterator[Json]:
    yield {"function_call": {"name": "look", "arguments": '{"s": "'}, **beside}
    yield from ({"function_call": {"arguments": TEXT}, **beside} for _ in range(count))
    yield {"function_call": {"arguments": '"}'}, **beside}


OPENAI: dict[str, Callable[[int], bytes]] = {
    "text": lambda n: chat({"content": TEXT} for _ in range(n)),
    "reasoning": lambda n: chat({"reasoning_content": TEXT} for _ in range(n)),
    "reasoning and text in turn": lambda n: chat(
        {("content", "reasoning_content")[at % 2]: TEXT} for at in range(n)
    ),
    "tags": lambda n: chat({"content": "<think>" if at == 0 else "<th"} for at in range(n)),
    "white space": lambda n: chat({"content": "\n"} for _ in range(n)),
    "passages": lambda n: chat([{"content": [{"type": "text", "text": TEXT}] * n}]),
    "one call": lambda n: chat(one_call(n)),
    "calls": lambda n: chat({"tool_calls": [call]} for call in calls(n)),
    "calls of one delta": lambda n: chat([{"tool_calls": calls(n)}]),
    "calls that go on in turn": lambda n: chat(interleaved(n)),
    "calls with broken arguments": lambda n: chat(
        {"tool_calls": [piece(at, "look", "{'n': 1,}", f"call_{at}")]} for at in range(n)
    ),
    "calls without a name": lambda n: chat({"tool_calls": [piece(at, None, "{}")]} for at in range(n)),
    "pieces without a name": lambda n: chat({"tool_calls": [piece(0, None, TEXT)]} for _ in range(n)),
    "empty entries": lambda n: chat(
        {"content": TEXT, "tool_calls": [piece(0, None, None)]} for _ in range(n)
    ),
    "older call": lambda n: chat(older(n)),
    "older call beside empty entries": lambda n: chat(older(n, tool_calls=[piece(0, None, None)])),
    "other choices": lambda n: (
        sse({"choices": [{"index": 1, "delta": {"content": TEXT}}]} for _ in range(n))
        + chat([{"content": TEXT}])
    ),
    "choices of one chunk": lambda n: (
        sse([{"choices": [{"index": 0, "delta": {"content": TEXT}}] * n}]) + chat([])
    ),
    "refusal": lambda n: chat({"refusal": TEXT} for _ in range(n)),
    "usage": lambda n: (
        sse({"choices": [], "usage": {"prompt_tokens": 1}} for _ in range(n)) + chat([{"content": "x"}])
    ),
    "plain calls": lambda n: message(tool_calls=calls(n)),
    "plain passages": lambda n: message(content=[{"type": "text", "text": TEXT}] * n),
}


# ---------------------------------------------------------------- Responses


def call_item(at: int, **more: object) -> Json:
    return {"type": "function_call", "id": f"fc_{at}", "call_id": f"call_{at}", "name": "look", **more}


def added(at: int, item: Json, *, indexed: bool = True) -> Json:
    return {"type": "response.output_item.added", "item": item} | ({"output_index": at} if indexed else {})


def done(at: int, item: Json, *, indexed: bool = True) -> Json:
    return {"type": "response.output_item.done", "item": item} | ({"output_index": at} if indexed else {})


def event(name: str, at: int, delta: str, *, indexed: bool = True) -> Json:
    where = {"output_index": at} if indexed else {"item_id": f"fc_{at}"}
    return {"type": f"response.{name}.delta", "delta": delta, **where}


def responses(events: Iterable[Json]) -> bytes:
    return sse([*events, {"type": "response.completed", "response": {"status": "completed"}}])


def begun_together(count: int, *, indexed: bool = True, backwards: bool = False) -> Iterator[Json]:
    yield from (added(at, call_item(at), indexed=indexed) for at in range(count))
    order = range(count - 1, -1, -1) if backwards else range(count)
    arguments = "function_call_arguments"
    yield from (event(arguments, at, '{"n": 1}', indexed=indexed) for at in order)
    yield from (done(at, call_item(at, arguments='{"n": 1}'), indexed=True) for at in order)


def in_turn(count: int, item: Callable[[int], Json]) -> Iterator[Json]:
    for at in range(count // 2):
        yield added(at, item(at))
        yield done(at, item(at))


def said_item(at: int) -> Json:
    return {"type": "message", "id": f"msg_{at}", "content": [{"type": "output_text", "text": TEXT}]}


def thought_item(at: int) -> Json:
    return {"type": "reasoning", "id": f"rs_{at}", "summary": [{"type": "summary_text", "text": TEXT}]}


RESPONSES: dict[str, Callable[[int], bytes]] = {
    "text": lambda n: responses([added(0, said_item(0)), *(event("output_text", 0, TEXT) for _ in range(n))]),
    "reasoning": lambda n: responses(event("reasoning_summary_text", 0, TEXT) for _ in range(n)),
    "text without a place": lambda n: responses(
        {"type": "response.output_text.delta", "delta": TEXT} for _ in range(n)
    ),
    "texts": lambda n: responses(in_turn(n, said_item)),
    "thoughts": lambda n: responses(in_turn(n, thought_item)),
    "calls": lambda n: responses(in_turn(n, lambda at: call_item(at, arguments='{"n": 1}'))),
    "one call": lambda n: responses(
        [added(0, call_item(0)), *(event("function_call_arguments", 0, TEXT) for _ in range(n))]
    ),
    "calls begun together": lambda n: responses(begun_together(n)),
    "calls begun together that end backwards": lambda n: responses(begun_together(n, backwards=True)),
    "calls known by their ids": lambda n: responses(begun_together(n, indexed=False)),
    "calls that never end": lambda n: responses(added(at, call_item(at)) for at in range(n)),
    "items not known": lambda n: responses(in_turn(n, lambda _: {"type": "odd"})),
    "plain items": lambda n: json.dumps(
        {"status": "completed", "output": [call_item(at, arguments="{}") for at in range(n)]}
    ).encode(),
    "plain passages": lambda n: json.dumps(
        {"status": "completed", "output": [{**said_item(0), "content": said_item(0)["content"] * n}]}
    ).encode(),
}


# ---------------------------------------------------------------- Ollama


def native(messages: Iterable[Json]) -> bytes:
    return ndjson(
        [*({"message": one, "done": False} for one in messages), {"done": True, "done_reason": "stop"}]
    )


def native_call(at: int) -> Json:
    return {"function": {"index": at, "name": "look", "arguments": {"n": at}}}


OLLAMA: dict[str, Callable[[int], bytes]] = {
    "text": lambda n: native({"content": TEXT} for _ in range(n)),
    "reasoning": lambda n: native({"thinking": TEXT} for _ in range(n)),
    "reasoning and text in turn": lambda n: native(
        {("content", "thinking")[at % 2]: TEXT} for at in range(n)
    ),
    "calls": lambda n: native({"tool_calls": [native_call(at)]} for at in range(n)),
    "calls of one line": lambda n: native([{"tool_calls": [native_call(at) for at in range(n)]}]),
    "one text": lambda n: native([{"content": TEXT * n}]),
    "one token": lambda n: ndjson({"message": {"content": TEXT}, "done": False} for _ in range(n)),
    "spread over lines": lambda n: json.dumps(
        {"message": {"content": "", "tool_calls": [native_call(at) for at in range(n)]}, "done": True},
        indent=1,
    ).encode(),
}


# ---------------------------------------------------------------- Messages


def block(at: int, content: Json, delta: Json, times: int = 1) -> Iterator[Json]:
    yield {"type": "content_block_start", "index": at, "content_block": content}
    yield from ({"type": "content_block_delta", "index": at, "delta": delta} for _ in range(times))
    yield {"type": "content_block_stop", "index": at}


def messages(events: Iterable[Json]) -> bytes:
    start = {"type": "message", "id": "msg_1", "role": "assistant", "model": "m", "content": [], "usage": {}}
    ending = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}}
    return sse([{"type": "message_start", "message": start}, *events, ending, {"type": "message_stop"}])


SAYS = {"type": "text_delta", "text": TEXT}
ARGUES = {"type": "input_json_delta", "partial_json": "{}"}


def used(at: int) -> Json:
    return {"type": "tool_use", "id": f"toolu_{at}", "name": "look", "input": {}}


ANTHROPIC: dict[str, Callable[[int], bytes]] = {
    "text": lambda n: messages(block(0, {"type": "text", "text": ""}, SAYS, n)),
    "one call": lambda n: messages(block(0, used(0), {**ARGUES, "partial_json": " "}, n)),
    "calls": lambda n: messages(one for at in range(n // 2) for one in block(at, used(at), ARGUES)),
    "pings": lambda n: messages({"type": "ping"} for _ in range(n)),
}
KINDS = {"openai": OPENAI, "responses": RESPONSES, "ollama": OLLAMA, "anthropic": ANTHROPIC}
