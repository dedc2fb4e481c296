"""What an answer's end means, for every upstream that reports a finish, counts tokens and can be cut."""

from __future__ import annotations

import msgspec

from gateway.errors import Kind
from gateway.parts import FinishReason, Notice, Part, StreamError, Usage
from gateway.upstreams.errors.error_body import LONGEST, parse_error_body, sanitized
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.upstream_request import ResponseOptions

ANNOTATED = Notice("dropped.annotations")
"""Once for an answer that cites."""


def limit_reached(info: ModelInfo, options: ResponseOptions, usage: Usage) -> FinishReason:
    """Which limit ended an answer that an upstream says was too long.

    The window did, if the answer is shorter than what was asked for and prompt and answer fill it.
    """
    window = info.context_window
    if window is None or usage.input is None or usage.output is None:
        return FinishReason.LENGTH
    if options.max_tokens is not None and usage.output >= options.max_tokens - 1:
        return FinishReason.LENGTH
    prompt = usage.input + (usage.cache_read or 0) + (usage.cache_write or 0)
    return (
        FinishReason.WINDOW
        if prompt + usage.output >= window - max(8, window // 100)
        else FinishReason.LENGTH
    )


def truncated_stream(info: ModelInfo, *, spoken: bool) -> StreamError:
    """The end of the bytes without an end of the answer."""
    if spoken:
        return StreamError(Kind.UPSTREAM_CUT, "upstream closed the stream before finishing")
    return StreamError(Kind.UPSTREAM_CUT, f"[{info.provider}] upstream sent an empty answer")


def malformed_answer(info: ModelInfo, what: str) -> StreamError:
    return StreamError(Kind.UPSTREAM_GARBAGE, f"[{info.provider}] upstream sent {what}")


def usage_parts(usage: Usage) -> list[Part]:
    """`usage` as a part, if it says anything."""
    return [] if usage == Usage() else [usage]


def ends_in_error(parts: list[Part]) -> bool:
    """Whether an answer has just ended badly."""
    return bool(parts) and isinstance(parts[-1], StreamError)


def is_json(payload: bytes) -> bool:
    try:
        msgspec.json.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def payload_excerpt(payload: bytes) -> str:
    """A few words of something that could not be read, safe to show."""
    return (
        parse_error_body(payload).message[:200]
        or sanitized(payload[:LONGEST].decode("utf-8", "replace"))[:200]
    )
