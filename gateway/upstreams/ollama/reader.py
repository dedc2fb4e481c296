"""An answer of Ollama's `/api/chat`, streamed or whole -> neutral parts.

Rules:
- Every tool call is complete and a call of its own: `function.index` may be 0 for all and is not read.
- The answer ends with `done: true`. A body that ends without it is truncated, unless it ends with a whole
  line and the model repeated one token until Ollama stopped it (`repetition`).
- An `error` line ends the answer, and so does anything that cannot be read.
- The server omits counts that are zero; a missing prompt count means unknown, not empty.
"""

from __future__ import annotations

import msgspec
from attrs import define, field

from gateway.codecs.ndjson import NdjsonBody
from gateway.parts import Finish, FinishReason, Notice, Part, StreamError, ToolCallDelta, Usage
from gateway.upstreams.errors.classify import NO_ERROR, is_error
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama import wire as w
from gateway.upstreams.ollama.repetition import Repetition
from gateway.upstreams.response.finish import (
    is_json,
    limit_reached,
    malformed_answer,
    payload_excerpt,
    truncated_stream,
    usage_parts,
)
from gateway.upstreams.response.lenient import UNREADABLE, LenientDecoder, lenient, text_value
from gateway.upstreams.response.text import TextReader
from gateway.upstreams.response.truncated_call import failed, is_end
from gateway.upstreams.upstream_request import ResponseOptions

_LINE = msgspec.json.Decoder(w.Line)


@define
class NativeReader:
    """`prefill`: the beginning of the last assistant message. An answer may repeat it: it is removed."""

    info: ModelInfo
    options: ResponseOptions
    prefill: str = ""
    ended: bool = field(default=False, init=False)
    intake: NdjsonBody = field(factory=NdjsonBody, init=False)
    _prose: TextReader = field(init=False)
    _calls: int = field(default=0, init=False)
    _second: LenientDecoder[w.Line] = field(factory=lambda: LenientDecoder(_LINE), init=False)
    _repetition: Repetition = field(factory=Repetition, init=False)

    def __attrs_post_init__(self) -> None:
        self._prose = TextReader(self.info, self.options, self.prefill)

    @property
    def has_data(self) -> bool:
        return self.intake.has_data

    def plain(self, body: bytes) -> list[Part]:
        parts = self.payload(body)
        return parts if self.ended else parts + self.end_of_body(framed=False)

    def is_complete(self, payload: bytes) -> bool:
        return not payload.startswith(b"{") or is_json(payload) or lenient(_LINE, payload) is not None

    def end_of_body(self, *, framed: bool) -> list[Part]:
        if framed and self._repetition.endless:
            return self._stopped()
        return self.fail(truncated_stream(self.info, has_output=self._prose.has_output or self._calls > 0))

    def payload(self, payload: bytes) -> list[Part]:
        try:
            line = _LINE.decode(payload)
        except UNREADABLE:
            return self._second_look(payload)
        return self._line(line, payload)

    def _line(self, line: w.Line, payload: bytes) -> list[Part]:
        if line.error and bytes(line.error) not in NO_ERROR:
            return self._failed(payload)
        if line.message is None and line.done is None:
            return self.fail(
                malformed_answer(self.info, f"something that is not an answer: {payload_excerpt(payload)}")
            )
        parts = self._message(line.message) if line.message is not None else []
        return parts + self._end(line) if line.done else parts

    def _second_look(self, payload: bytes) -> list[Part]:
        line = self._second.at(payload)
        if line is not None:
            return self._second.remarked(self._line(line, payload))
        if is_json(payload) and is_error(payload):
            return self._failed(payload)
        return self.fail(
            malformed_answer(self.info, f"something that is not an answer: {payload_excerpt(payload)}")
        )

    def _message(self, message: w.Reply) -> list[Part]:
        parts: list[Part] = []
        if piece := (message.content or message.thinking):
            self._repetition.add(piece)
        if message.tool_calls:
            self._repetition.broken()
        if message.thinking:
            parts += self._prose.add_reasoning(message.thinking)
        if message.content:
            parts += self._prose.add_text(message.content)
        if message.tool_calls:
            parts += self._prose.rest()
            parts += [self._call(call) for call in message.tool_calls]
        return parts

    def _call(self, call: w.CalledTool) -> ToolCallDelta:
        key, function = self._calls, call.function or w.CalledFunction()
        self._calls += 1
        return ToolCallDelta(
            key, call.id or "", function.name or "", text_value(function.arguments), whole=True
        )

    def _end(self, line: w.Line) -> list[Part]:
        self.ended = True
        usage = Usage(input=max(0, line.prompt_eval_count or 0) or None, output=_count(line.eval_count))
        finish = (
            limit_reached(self.info, self.options, usage)
            if line.done_reason == "length"
            else FinishReason.STOP
        )
        return [*self._prose.rest(), *usage_parts(usage), Finish(finish)]

    def _stopped(self) -> list[Part]:
        """The token count of a plain answer is not known here."""
        self.ended = True
        notice = Notice("repaired.stop_reason", "the upstream stopped a model that repeated one token")
        tokens = self._repetition.count
        usage = usage_parts(Usage(output=tokens)) if tokens > 1 else []
        return [*self._prose.rest(), *usage, notice, Finish()]

    def _failed(self, error: bytes) -> list[Part]:
        self.ended = True
        parts = failed(error, self.info, self.options)
        return [*self._prose.rest(), *parts] if is_end(parts) else [*parts]

    def fail(self, error: StreamError) -> list[Part]:
        self.ended = True
        return [error]


def _count(tokens: int | None) -> int | None:
    return None if tokens is None else max(0, tokens)
