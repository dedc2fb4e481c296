"""A Chat Completions answer, streamed or whole -> neutral parts.

Rules:
- Only choice 0 is read. Reasoning, content and tool calls keep the order in which the server sent them.
- The answer ends with `[DONE]`, or at the end of the body once a `finish_reason` has arrived: usage and late
  pieces may follow it. A body without either is truncated, unless the server is known to send neither.
- An `error` object at any place ends the answer, and so does anything that cannot be read.
"""

from __future__ import annotations

import msgspec
from attrs import define, field

from gateway.codecs.body import BodyReader
from gateway.parts import Finish, FinishReason, Notice, Part, StreamError, TextDelta, Usage
from gateway.upstreams.errors.classify import NO_ERROR, is_error, names_error
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.openai import response_wire as o
from gateway.upstreams.openai.content import meaningful_details, passages_of, reasoning_of, signature_of
from gateway.upstreams.openai.tool_calls import LegacyCallAssembler, ToolCallAssembler
from gateway.upstreams.openai.usage import chat_usage
from gateway.upstreams.response.finish import (
    ANNOTATED,
    is_json,
    limit_reached,
    malformed_answer,
    payload_excerpt,
    truncated_stream,
    usage_parts,
)
from gateway.upstreams.response.lenient import UNREADABLE, LenientDecoder, is_nothing
from gateway.upstreams.response.text import TextReader
from gateway.upstreams.response.truncated_call import failed, is_end
from gateway.upstreams.upstream_request import ResponseOptions

_COMPLETION = msgspec.json.Decoder(o.Completion)
_FINISHES = {
    "length": FinishReason.LENGTH,
    "max_tokens": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOLS,
    "function_call": FinishReason.TOOLS,
    "content_filter": FinishReason.REFUSAL,
    "sensitive": FinishReason.REFUSAL,  # Zhipu; general knowledge, not checked
}
"""All other values are an ordinary stop."""
_BROKEN = frozenset({"error", "abort", "network_error", "insufficient_system_resource"})
"""The server gave up: OpenRouter; vLLM and SGLang; Zhipu (general knowledge, not checked); DeepSeek."""


@define
class ChatReader:
    """`prefill`: the beginning of the last assistant message. An answer may repeat it: it is removed."""

    info: ModelInfo
    options: ResponseOptions
    prefill: str = ""
    ended: bool = field(default=False, init=False)
    intake: BodyReader = field(factory=BodyReader, init=False)
    _prose: TextReader = field(init=False)
    _calls: ToolCallAssembler = field(factory=ToolCallAssembler, init=False)
    _older: LegacyCallAssembler = field(factory=LegacyCallAssembler, init=False)
    _finish: str | None = field(default=None, init=False)
    _stop_sequence: str | None = field(default=None, init=False)
    _refused: bool = field(default=False, init=False)
    _annotated: bool = field(default=False, init=False)
    _second: LenientDecoder[o.Completion] = field(factory=lambda: LenientDecoder(_COMPLETION), init=False)
    _usage: bytes = field(default=b"", init=False)
    _tier: str | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._prose = TextReader(self.info, self.options, self.prefill)

    @property
    def has_data(self) -> bool:
        return self.intake.has_data

    @property
    def _has_output(self) -> bool:
        """Any text, reasoning or call has arrived."""
        return self._prose.has_output or self._calls.has_output or bool(self._older)

    def plain(self, body: bytes) -> list[Part]:
        if not body.strip():
            return self.fail(truncated_stream(self.info, has_output=False))
        parts = self.payload(body)
        if self.ended:
            return parts
        if not (self._has_output or self._finish):
            return self.fail(malformed_answer(self.info, "an answer without choices"))
        return parts + self._end()

    def is_complete(self, payload: bytes) -> bool:
        return payload == b"[DONE]" or is_json(payload)

    def payload(self, payload: bytes) -> list[Part]:
        if payload == b"[DONE]":
            return self._end()
        try:
            chunk = _COMPLETION.decode(payload)
        except UNREADABLE:
            return self._second_look(payload)
        return self._chunk(chunk, payload)

    def _second_look(self, payload: bytes) -> list[Part]:
        chunk = self._second.at(payload)
        if chunk is not None:
            return self._second.remarked(self._chunk(chunk, payload))
        if not self.intake.plain and is_nothing(payload):
            return []
        if is_json(payload) and is_error(payload):
            return self._failed(payload)
        return self.fail(
            malformed_answer(self.info, f"something that is not an answer: {payload_excerpt(payload)}")
        )

    def _is_refusal(self, payload: bytes) -> bool:
        """In a stream, a message alone is not an error: some servers send messages while a request waits."""
        return is_error(payload) if self.intake.plain else names_error(payload)

    def _chunk(self, chunk: o.Completion, payload: bytes) -> list[Part]:
        choices = chunk.choices
        if chunk.service_tier:
            self._tier = chunk.service_tier
        if len(chunk.usage) > len(b"null"):
            self._usage = bytes(chunk.usage)
        elif chunk.x_groq is not None and len(chunk.x_groq.usage) > len(b"null"):
            self._usage = bytes(chunk.x_groq.usage)
        if (chunk.error and bytes(chunk.error) not in NO_ERROR) or (
            choices is None and self._is_refusal(payload)
        ):
            return self._failed(payload)
        parts: list[Part] = []
        for choice in choices or ():
            if not choice.index:
                parts += self._choice(choice)
        return parts

    def _choice(self, choice: o.Choice) -> list[Part]:
        parts: list[Part] = []
        if choice.delta is not None:
            parts = self._delta(choice.delta)
        elif choice.message is not None and not self._has_output:
            parts = self._delta(choice.message, whole=True)
        if choice.finish_reason is not None:
            parts += self._take_finish(choice, choice.finish_reason)
        return parts

    def _delta(self, delta: o.Delta, *, whole: bool = False) -> list[Part]:
        parts: list[Part] = []
        if delta.reasoning_details:
            parts += self._detailed(delta, delta.reasoning_details)
        elif reasoning := delta.reasoning_content or delta.reasoning:
            parts += self._prose.add_reasoning(reasoning)
        if delta.content:
            parts += self._content(delta.content)
        if delta.refusal:
            self._refused = self._prose.has_output = True
            parts += [*self._prose.rest(), TextDelta(delta.refusal)]
        if delta.annotations and not self._annotated:
            self._annotated = True
            parts.append(ANNOTATED)
        if delta.tool_calls:
            parts += self._tools(delta.tool_calls, whole=whole)
        if delta.function_call:
            self._older.add(delta.function_call, whole=whole)
        return parts

    def _detailed(self, delta: o.Delta, details: list[msgspec.Raw]) -> list[Part]:
        """The text is in `reasoning` and in the details; it is used once."""
        text = delta.reasoning_content or delta.reasoning or reasoning_of(details)
        kept = meaningful_details(details) if self.info.quirks.reasoning_details else ()
        return self._prose.add_reasoning(text, details=kept) if text or kept else []

    def _content(self, content: str | list[msgspec.Raw]) -> list[Part]:
        if isinstance(content, str):
            return self._prose.add_text(content)
        parts: list[Part] = []
        for text, thinking in passages_of(content):
            parts += self._prose.add_reasoning(text) if thinking else self._prose.add_text(text)
        return parts

    def _tools(self, pieces: list[o.ToolCallPiece], *, whole: bool) -> list[Part]:
        parts: list[Part] = []
        for piece in pieces:
            count = self._calls.count
            calls = self._calls.parts(piece, whole=whole)
            if piece.extra_content and self._calls.count > count:
                parts += [*self._prose.rest(), *self._signed(piece)]
            if calls:
                parts += [*self._prose.rest(), *calls]
        return parts

    def _signed(self, piece: o.ToolCallPiece) -> list[Part]:
        """A call's signature travels in a thinking block before it, if the client asked for thinking."""
        signature = signature_of(piece.extra_content) if self.info.quirks.call_signatures else ""
        return self._prose.add_reasoning("", {"c": signature}) if signature else []

    # ------------------------------------------------------------ the end

    def _take_finish(self, choice: o.Choice, finish: str) -> list[Part]:
        self._finish = finish
        for matched in (choice.stop_reason, choice.matched_stop):
            if isinstance(matched, str) and matched in self.options.stop_sequences:
                self._stop_sequence = matched
        if finish not in _BROKEN:
            return []
        if not self._has_output:
            return self.fail(malformed_answer(self.info, f"no answer: it finished with {finish!r}"))
        return [Notice("repaired.stop_reason", f"the upstream finished with {finish!r}")]

    def _end(self) -> list[Part]:
        self.ended = True
        usage = self._figures()
        older = self._older.parts(self._calls)
        finish = _FINISHES.get(self._finish or "", FinishReason.STOP)
        if finish is FinishReason.LENGTH:
            finish = limit_reached(self.info, self.options, usage)
        elif self._refused and not self._calls.has_output:
            finish = FinishReason.REFUSAL
        return [*self._prose.rest(), *older, *usage_parts(usage), Finish(finish, self._stop_sequence)]

    def end_of_body(self, *, framed: bool) -> list[Part]:
        has_output = self._has_output
        if self._finish is not None or (has_output and self.info.quirks.end_mark == "none"):
            return self._end()
        return self.fail(truncated_stream(self.info, has_output=has_output))

    def _failed(self, error: bytes) -> list[Part]:
        self.ended = True
        parts = failed(error, self.info, self.options)
        rest = self._prose.rest() if is_end(parts) else []
        return [*rest, *usage_parts(self._figures()), *parts]

    def fail(self, error: StreamError) -> list[Part]:
        self.ended = True
        return [*usage_parts(self._figures()), error]

    def _figures(self) -> Usage:
        apart = self.info.quirks.reasoning_tokens_apart
        return chat_usage(self._usage, reasoning_apart=apart, tier=self._tier)
