"""The end of an answer, for every upstream that reports a finish reason and usage."""

from __future__ import annotations

import msgspec

from gateway.errors import Kind
from gateway.parts import FinishReason, Notice, Part, StreamError, Usage
from gateway.upstreams.errors.error_body import LONGEST, parse_error_body, sanitized
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.upstream_request import ResponseOptions

ANNOTATED = Notice("dropped.annotations")
"""Added once to an answer that has citations."""


def limit_reached(info: ModelInfo, options: ResponseOptions, usage: Usage) -> FinishReason:
    """Which limit ended an answer that an upstream reports as too long.

    It is the window if the answer is shorter than `max_tokens` and prompt and answer fill the window.
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


def truncated_stream(info: ModelInfo, *, has_output: bool) -> StreamError:
    """The error for a body that ends before its answer does."""
    if has_output:
        return StreamError(Kind.UPSTREAM_CUT, "upstream closed the stream before finishing")
    return StreamError(Kind.UPSTREAM_CUT, f"[{info.provider}] upstream sent an empty answer")


def malformed_answer(info: ModelInfo, what: str) -> StreamError:
    return StreamError(Kind.UPSTREAM_GARBAGE, f"[{info.provider}] upstream sent {what}")


def usage_parts(usage: Usage) -> list[Part]:
    """`usage` as a part, if it has any number."""
    return [] if usage == Usage() else [usage]


def ends_in_error(parts: list[Part]) -> bool:
    """Whether an answer has just ended with an error."""
    return bool(parts) and isinstance(parts[-1], StreamError)


def is_json(payload: bytes) -> bool:
    try:
        msgspec.json.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def payload_excerpt(payload: bytes) -> str:
    """An excerpt of an unreadable payload, safe to show."""
    return (
        parse_error_body(payload).message[:200]
        or sanitized(payload[:LONGEST].decode("utf-8", "replace"))[:200]
    )
