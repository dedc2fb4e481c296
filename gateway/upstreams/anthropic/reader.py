"""The answer of an upstream that speaks Messages itself -> passthrough events, inspected but not rebuilt.

Rules:
- Every event keeps its own bytes, unknown ones too, except those that are not UTF-8. Only pings are dropped:
  the exchange sends its own.
- A client gets the shape that it asked for: if the server sent the other one, `shape` converts it.
- The answer ends with `message_stop`. Once a `stop_reason` has arrived, a missing `message_stop` is supplied;
  a body that ends before that is truncated.
- An `error` event, or an error object in place of a message, is an error with the server's message, without
  URLs and secrets. A prompt that is too long is reported in the form on which clients compact.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from attrs import define, field

from gateway.codecs.body import BodyReader
from gateway.codecs.buffer_limit import BufferLimit
from gateway.errors import Kind
from gateway.parts import Part, PassthroughEvent, StreamError, Usage
from gateway.upstreams.anthropic import wire as w
from gateway.upstreams.anthropic.shape import (
    InvalidToolInput,
    MessageAccumulator,
    max_tokens_ending,
    to_events,
)
from gateway.upstreams.errors.context_overflow import context_overflow, has_token_counts
from gateway.upstreams.errors.error_body import parse_error_body, sanitized
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.response.finish import is_json, malformed_answer, payload_excerpt, truncated_stream
from gateway.upstreams.response.lenient import UNREADABLE, decode_lenient, lenient
from gateway.upstreams.response.truncated_call import LIMITED, is_truncated_call
from gateway.upstreams.upstream_request import ResponseOptions

T = TypeVar("T")
_EVENT = msgspec.json.Decoder(w.Event)
_MESSAGE = msgspec.json.Decoder(w.Message)
_BROKEN = (msgspec.MsgspecError, KeyError, IndexError)
_FAILURE = msgspec.json.Decoder(w.Failure)
KINDS = {
    "invalid_request_error": Kind.INVALID_REQUEST,
    "authentication_error": Kind.UPSTREAM_CREDENTIALS,
    "permission_error": Kind.UPSTREAM_CREDENTIALS,
    "billing_error": Kind.BILLING,
    "not_found_error": Kind.NOT_FOUND,
    "request_too_large": Kind.TOO_LARGE,
    "rate_limit_error": Kind.RATE_LIMITED,
    "timeout_error": Kind.UPSTREAM_TIMEOUT,
    "overloaded_error": Kind.UPSTREAM_OVERLOADED,
}
"""By the API's error type; every other type is a failure of the upstream."""


@define
class PassthroughReader:
    """`streams`: whether the client asked for a stream."""

    info: ModelInfo
    options: ResponseOptions
    streams: bool = True
    ended: bool = field(default=False, init=False)
    intake: BodyReader = field(factory=BodyReader, init=False)
    _folding: MessageAccumulator = field(factory=MessageAccumulator, init=False)
    _kept: BufferLimit = field(factory=BufferLimit, init=False)
    _has_events: bool = field(default=False, init=False)
    _stop: str = field(default="", init=False)
    _open: int | None = field(default=None, init=False)
    """The index of the open block."""

    @property
    def has_data(self) -> bool:
        """True for a plain message so far, or an event; pings do not count, like comments."""
        return self._has_events or (self.intake.plain and self.intake.has_data)

    def is_complete(self, payload: bytes) -> bool:
        return is_json(payload) or _seen(_EVENT, _as_utf8(payload)) is not None

    def end_of_body(self, *, framed: bool) -> list[Part]:
        if self._stop:
            return self._pass_on(PassthroughEvent("message_stop", b'{"type":"message_stop"}'))
        return self.fail(truncated_stream(self.info, has_output=self._has_events))

    def payload(self, payload: bytes) -> list[Part]:
        payload = _as_utf8(payload)
        event = _seen(_EVENT, payload)
        if event is None:
            return self.fail(malformed_answer(self.info, "an event that cannot be read"))
        if event.type == "ping":
            return []
        if event.type == "error":
            return self._limited() if is_truncated_call(payload) else self.fail(self._fault(payload))
        usage = event.usage or (event.message and event.message.usage)
        stop = (event.delta and event.delta.stop_reason) or ""
        self._has_events = True
        self._stop = stop or self._stop
        if event.type in ("content_block_start", "content_block_stop"):
            self._open = event.index if event.type == "content_block_start" else None
        return [*_figures(usage), *self._pass_on(PassthroughEvent(event.type, _on_one_line(payload), stop))]

    def _pass_on(self, event: PassthroughEvent) -> list[Part]:
        """The event itself, or at the end of all events the message that they make."""
        self.ended = event.name == "message_stop"
        if self.streams:
            return [event]
        self._kept.add(event.data)
        try:
            self._folding.add(event)
            return (
                [PassthroughEvent("message", self._folding.message(self._stop), self._stop)]
                if self.ended
                else []
            )
        except InvalidToolInput:
            return self.fail(StreamError(Kind.UPSTREAM_GARBAGE, "model produced invalid tool JSON"))
        except _BROKEN:
            return self.fail(malformed_answer(self.info, "events that make no message"))

    def plain(self, body: bytes) -> list[Part]:
        self.ended = True
        body = _as_utf8(body)
        message = _seen(_MESSAGE, body)
        if message is None:
            return [malformed_answer(self.info, f"no message of the Messages API: {payload_excerpt(body)}")]
        if message.type == "error":
            return [*LIMITED] if is_truncated_call(body) else [self._fault(body)]
        if message.type != "message":
            return [malformed_answer(self.info, f"no message of the Messages API: {payload_excerpt(body)}")]
        if not self.streams:
            return [*_figures(message.usage), PassthroughEvent("message", body, message.stop_reason or "")]
        try:
            return [*_figures(message.usage), *to_events(_on_one_line(body))]
        except _BROKEN:
            return [malformed_answer(self.info, f"a message that is not complete: {payload_excerpt(body)}")]

    def _limited(self) -> list[Part]:
        """The end of an answer whose last call was truncated by the limit."""
        if not self._has_events:
            self.ended = True
            return [*LIMITED]
        notice, _ = LIMITED
        parts: list[Part] = [notice]
        for event in max_tokens_ending(self._open):
            self._stop = event.stop_reason or self._stop
            parts += self._pass_on(event)
        return parts

    def _fault(self, body: bytes) -> StreamError:
        failure = decode_lenient(_FAILURE, body)
        if failure is None:
            return malformed_answer(self.info, "an error that cannot be read")
        problem, message = failure.error, failure.error.message
        if (over := context_overflow(parse_error_body(body))) is not None:
            text = message if has_token_counts(message) else over.message(self.info.context_window, None)
            return StreamError(Kind.CONTEXT_OVERFLOW, text)
        return StreamError(KINDS.get(problem.type, Kind.UPSTREAM_FAILED), sanitized(message))

    def fail(self, error: StreamError) -> list[Part]:
        self.ended = True
        return [error]


def _seen(decoder: msgspec.json.Decoder[T], payload: bytes) -> T | None:
    """Decode a payload; None if it has another form. Lone surrogates are allowed: a client may join them."""
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError:
        return None
    except UNREADABLE:
        return lenient(decoder, payload)


def _as_utf8(payload: bytes) -> bytes:
    """Replace bytes that are not UTF-8 by U+FFFD."""
    return payload if payload.isascii() else payload.decode(errors="replace").encode()


def _on_one_line(payload: bytes) -> bytes:
    """The payload on one line, as event data must be. A line break in JSON is white space: in a string it is
    escaped."""
    return b" ".join(payload.splitlines()) if b"\n" in payload or b"\r" in payload else payload


def _figures(usage: w.Usage | None) -> list[Part]:
    if usage is None:
        return []
    return [
        Usage(
            input=usage.input_tokens,
            output=usage.output_tokens,
            cache_read=usage.cache_read_input_tokens,
            cache_write=usage.cache_creation_input_tokens,
        )
    ]
