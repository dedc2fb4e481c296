"""One question in the server's own protocol, and its streamed answer: Chat Completions or Ollama's chat.

It does not use the gateway's translation: it shows raw values, such as the name of the field with the
reasoning. Unknown content is left out; an answer never raises an exception.
"""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any, Literal

from attrs import define, evolve, field, frozen

from gateway.codecs.lines import LineTooLong
from gateway.codecs.ndjson import NdjsonReader
from gateway.codecs.sse import SseReader
from gateway.doctor import json_access as js
from gateway.doctor.client import ProbeClient, ProbeError, ProbeStream
from gateway.settings.kinds import ProviderKind
from gateway.upstreams.errors.adapt import read_refusal
from gateway.upstreams.errors.error_body import parse_error_body

_REASONING = ("reasoning_content", "reasoning", "thinking")


@frozen
class ChatVariant:
    """The request fields that this server takes; learned from its refusals."""

    kind: ProviderKind
    model: str
    tokens_field: str = "max_tokens"
    stream_usage: bool = True
    launch: Mapping[str, Any] = field(factory=dict[str, Any])
    """For Ollama: the options that the gateway's own requests load the model with, so that it is not
    reloaded."""

    @property
    def window(self) -> int | None:
        """The window that Ollama is asked to load."""
        return js.number(self.launch, "options", "num_ctx")


@frozen
class ChatQuestion:
    text: str
    max_tokens: int = 64
    tools: tuple[dict[str, object], ...] = ()
    forced: bool = False
    """One call is required."""
    named: str = ""
    """The tool that must be called."""
    picture: bytes = b""
    think: Literal["", "template", "effort"] = ""
    """How reasoning is requested, if it is. Ollama has only one way."""
    enough: Callable[[ChatAnswer], bool] = lambda _: False
    """Whether the rest of the answer does not matter: then it is cancelled."""


@frozen
class AnsweredCall:
    name: str
    arguments: object
    """Parsed; None if they are not JSON."""


@define
class ChatAnswer:
    """Seconds are counted from sending the request. Counts are None if the server sent none."""

    status: int = 0
    refusal: bytes = b""
    text: str = ""
    reasoning: str = ""
    reasoning_field: str = ""
    calls: list[AnsweredCall] = field(factory=list[AnsweredCall])
    fault: str = ""
    """Why it broke off after the status."""
    finish: str = ""
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    prompt_seconds: float | None = None
    first: float | None = None
    seconds: float = 0.0
    chunk_count: int = 0

    @property
    def refused(self) -> bool:
        return not 200 <= self.status < 300

    @property
    def words(self) -> str:
        """Why there is no proper answer, in the server's wording."""
        message = parse_error_body(self.refusal).message if self.refusal else ""
        return self.fault or f"{self.status} {message}".strip()

    @property
    def has_output(self) -> bool:
        return bool(self.text.strip() or self.reasoning.strip() or self.calls)


async def ask_model(
    line: ProbeClient, manner: ChatVariant, question: ChatQuestion, seconds: float
) -> ChatAnswer:
    """Never raises except for cancellation."""
    answer, began = ChatAnswer(), time.monotonic()
    try:
        async with line.open(chat_url(line, manner), chat_body(manner, question), seconds) as stream:
            answer.status = stream.status
            if answer.refused:
                answer.refusal = await stream.body()
            else:
                await _read(stream, manner.kind, answer, question.enough, began)
    except ProbeError as error:
        answer.fault = str(error)
    answer.seconds = time.monotonic() - began
    return answer


def adapted_variant(manner: ChatVariant, answer: ChatAnswer) -> ChatVariant | None:
    """The variant that a refusal requires; None if it requires none."""
    found = read_refusal(answer.status, answer.refusal)
    match found.parameter if found else None:
        case "max_tokens" if manner.tokens_field == "max_tokens":
            return evolve(manner, tokens_field="max_completion_tokens")
        case "max_completion_tokens" if manner.tokens_field != "max_tokens":
            return evolve(manner, tokens_field="max_tokens")
        case "stream_options" | "include_usage" if manner.stream_usage:
            return evolve(manner, stream_usage=False)
        case _:
            return None


def chat_url(line: ProbeClient, manner: ChatVariant) -> str:
    return f"{line.root}/api/chat" if manner.kind == "ollama" else f"{line.api}/chat/completions"


def chat_body(manner: ChatVariant, question: ChatQuestion) -> dict[str, Any]:
    return _native(manner, question) if manner.kind == "ollama" else _chat(manner, question)


def _chat(manner: ChatVariant, question: ChatQuestion) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": manner.model,
        "messages": [{"role": "user", "content": _content(question)}],
        "stream": True,
        manner.tokens_field: question.max_tokens,
    }
    if manner.stream_usage:
        body["stream_options"] = {"include_usage": True}
    if question.tools:
        body["tools"] = [{"type": "function", "function": tool} for tool in question.tools]
    if question.forced:
        body |= {"tool_choice": "required", "parallel_tool_calls": False}
    if question.named:
        choice = {"type": "function", "function": {"name": question.named}}
        body |= {"tool_choice": choice, "parallel_tool_calls": False}
    match question.think:
        case "template":
            body["chat_template_kwargs"] = {"enable_thinking": True}
        case "effort":
            body["reasoning_effort"] = "low"
        case "":
            pass
    return body


def _content(question: ChatQuestion) -> str | list[dict[str, object]]:
    if not question.picture:
        return question.text
    image = {"url": "data:image/png;base64," + base64.b64encode(question.picture).decode()}
    return [{"type": "text", "text": question.text}, {"type": "image_url", "image_url": image}]


def _native(manner: ChatVariant, question: ChatQuestion) -> dict[str, Any]:
    message: dict[str, object] = {"role": "user", "content": question.text}
    if question.picture:
        message["images"] = [base64.b64encode(question.picture).decode()]
    body: dict[str, Any] = {"model": manner.model, "messages": [message], "stream": True, "truncate": False}
    body |= manner.launch
    body["options"] = {"num_predict": question.max_tokens, **body.get("options", {})}
    if question.tools:
        body["tools"] = [{"type": "function", "function": tool} for tool in question.tools]
    if question.think:
        body["think"] = True
    return body


async def _read(
    stream: ProbeStream,
    kind: ProviderKind,
    answer: ChatAnswer,
    enough: Callable[[ChatAnswer], bool],
    began: float,
) -> None:
    shards: dict[int, list[str]] = {}
    async with aclosing(stream_chunks(stream, kind)) as values:
        async for chunk in values:
            answer.chunk_count += 1
            _take(chunk, answer, shards)
            if answer.first is None and (answer.has_output or shards):
                answer.first = time.monotonic() - began
            if enough(answer):
                break
    answer.calls += [AnsweredCall(name, js.parsed(text.encode() or b"{}")) for name, text in shards.values()]


async def stream_chunks(stream: ProbeStream, kind: ProviderKind) -> AsyncGenerator[object]:
    """The JSON values of a stream; of a server that does not stream, its one answer. Raises ProbeError."""
    reader = NdjsonReader() if kind == "ollama" else SseReader()
    whole = bytearray()
    found = False
    try:
        async for piece in stream.chunks():
            if not found:
                whole += piece
            for payload in reader.feed(piece):
                if (value := js.parsed(payload)) is not None:
                    found = True
                    yield value
        rest = reader.close()
    except LineTooLong as error:
        raise ProbeError(str(error)) from error
    values = [value for payload in rest if (value := js.parsed(payload)) is not None]
    if not found and not values and (value := js.parsed(bytes(whole))) is not None:
        values = [value]
    for value in values:
        yield value


def _take(chunk: object, answer: ChatAnswer, shards: dict[int, list[str]]) -> None:
    if (error := js.at(chunk, "error")) is not None:
        answer.fault = js.text(chunk, "error", "message") or str(error)[:300]
    choice = js.at(chunk, "choices", 0)
    message = js.at(choice, "delta") or js.at(choice, "message") or js.at(chunk, "message")
    answer.text += _content_text(js.at(message, "content"))
    for name in _REASONING:
        if reasoning := js.text(message, name):
            answer.reasoning += reasoning
            answer.reasoning_field = name
            break
    for place, call in enumerate(js.items(message, "tool_calls")):
        _take_call(call, place, answer, shards)
    answer.finish = js.text(choice, "finish_reason") or js.text(chunk, "done_reason") or answer.finish
    _count(chunk, answer)


def _content_text(content: object) -> str:
    """Mistral's content is a list, also in deltas."""
    if isinstance(content, str):
        return content
    return "".join(js.text(part, "text") for part in js.items(content))


def _take_call(call: object, place: int, answer: ChatAnswer, shards: dict[int, list[str]]) -> None:
    name, arguments = (
        js.text(call, "function", "name"),
        js.at(call, "function", "arguments"),
    )
    if isinstance(arguments, dict):
        answer.calls.append(AnsweredCall(name, js.fields(call, "function", "arguments")))
        return
    index = js.at(call, "index")
    shard = shards.setdefault(index if isinstance(index, int) else place, ["", ""])
    shard[0] = shard[0] or name
    shard[1] += arguments if isinstance(arguments, str) else ""


def _count(chunk: object, answer: ChatAnswer) -> None:
    usage = js.at(chunk, "usage") or js.at(chunk, "x_groq", "usage")
    answer.prompt_tokens = js.first(
        js.number(usage, "prompt_tokens"),
        js.number(chunk, "prompt_eval_count"),
        answer.prompt_tokens,
    )
    answer.output_tokens = js.first(
        js.number(usage, "completion_tokens"),
        js.number(chunk, "eval_count"),
        answer.output_tokens,
    )
    answer.cached_tokens = js.first(
        js.number(usage, "prompt_tokens_details", "cached_tokens"),
        js.number(usage, "prompt_cache_hit_tokens"),
        js.number(chunk, "timings", "cache_n"),
        answer.cached_tokens,
    )
    nanoseconds = js.number(chunk, "prompt_eval_duration")
    milliseconds = js.number(chunk, "timings", "prompt_ms")
    if nanoseconds or milliseconds:
        answer.prompt_seconds = (nanoseconds or 0) / 1e9 or (milliseconds or 0) / 1e3
