"""What an answer's end means, for every upstream that reports a finish, counts tokens and can be cut."""

from __future__ import annotations

import msgspec

from gateway.errors import Kind
from gateway.parts import Fault, Finish, Notice, Part, Usage
from gateway.upstreams.errors.error_body import LONGEST, clean, read_words
from gateway.upstreams.model_info import ModelFacts
from gateway.upstreams.upstream_request import ReplyWish

ANNOTATED = Notice("dropped.annotations")
"""Once for an answer that cites."""


def cut_at(facts: ModelFacts, wish: ReplyWish, usage: Usage) -> Finish:
    """Which limit ended an answer that an upstream says was too long.

    The window did, if the answer is shorter than what was asked for and prompt and answer fill it.
    """
    window = facts.context_window
    if window is None or usage.input is None or usage.output is None:
        return Finish.LENGTH
    if wish.max_tokens is not None and usage.output >= wish.max_tokens - 1:
        return Finish.LENGTH
    prompt = usage.input + (usage.cache_read or 0) + (usage.cache_write or 0)
    return Finish.WINDOW if prompt + usage.output >= window - max(8, window // 100) else Finish.LENGTH


def cut(facts: ModelFacts, *, spoken: bool) -> Fault:
    """The end of the bytes without an end of the answer."""
    if spoken:
        return Fault(Kind.UPSTREAM_CUT, "upstream closed the stream before finishing")
    return Fault(Kind.UPSTREAM_CUT, f"[{facts.provider}] upstream sent an empty answer")


def garbage(facts: ModelFacts, what: str) -> Fault:
    return Fault(Kind.UPSTREAM_GARBAGE, f"[{facts.provider}] upstream sent {what}")


def said(usage: Usage) -> list[Part]:
    """`usage` as a part, if it says anything."""
    return [] if usage == Usage() else [usage]


def is_fault(parts: list[Part]) -> bool:
    """Whether an answer has just ended badly."""
    return bool(parts) and isinstance(parts[-1], Fault)


def is_json(payload: bytes) -> bool:
    try:
        msgspec.json.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def excerpt(payload: bytes) -> str:
    """A few words of something that could not be read, safe to show."""
    return read_words(payload).message[:200] or clean(payload[:LONGEST].decode("utf-8", "replace"))[:200]
