"""The end of an answer: the stop reason and the usage that go into `message_delta`.

Rules:
- `tool_use` only with a tool block, and always with one unless the answer was truncated or refused: agents
  loop on the first and stop on the second.
- Counts that the upstream left out are estimated; a total is always a number.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.anthropic.response import events as e
from gateway.parts import Finish, FinishReason, Notice, Usage

CUT_SHORT = frozenset({FinishReason.LENGTH, FinishReason.WINDOW, FinishReason.REFUSAL})
"""After these the last tool call may be incomplete, and clients do not run it."""
BYTES_PER_TOKEN = 4
NO_CALL = Notice("dropped.tool_choice", "the model called no tool")
_FAST = frozenset({"fast", "priority"})
"""OpenAI's tiers that Anthropic calls `priority`."""


def stop_of(end: Finish, *, calls: bool) -> e.Stop:
    """`calls`: whether the message has a tool block."""
    match end.reason:
        case FinishReason.STOP | FinishReason.TOOLS if calls:
            return e.Stop("tool_use")
        case FinishReason.LENGTH:
            return e.Stop("max_tokens")
        case FinishReason.WINDOW:
            return e.Stop("model_context_window_exceeded")
        case FinishReason.COMPACTION:
            return e.Stop("compaction")
        case FinishReason.REFUSAL:
            return e.Stop("refusal", stop_details=e.StopDetails(explanation=end.explanation))
        case FinishReason.STOP if end.stop_sequence is not None:
            return e.Stop("stop_sequence", end.stop_sequence)
        case FinishReason.STOP | FinishReason.TOOLS:
            return e.Stop("end_turn")


def end_notices(end: Finish, *, called: bool, spoke: bool, must_call: bool) -> Iterator[Notice]:
    """Notices about an unusual end of an answer."""
    if end.reason is FinishReason.TOOLS and not called:
        yield Notice("repaired.stop_reason", "the upstream announced tool calls and made none")
    if must_call and not called:
        yield NO_CALL
    if not spoke and not end.silent:
        yield Notice("empty_answer")


def needs_estimate(usage: Usage, written: int) -> bool:
    """Whether a count is missing: the prompt's tokens, or those of an answer that is not empty."""
    return usage.input is None or (bool(written) and not usage.output)


def latest_usage(known: Usage, later: Usage) -> Usage:
    """Merge usage: each count is a total, so a later one replaces an earlier one."""
    return Usage(
        input=known.input if later.input is None else later.input,
        output=known.output if later.output is None else later.output,
        cache_read=known.cache_read if later.cache_read is None else later.cache_read,
        cache_write=known.cache_write if later.cache_write is None else later.cache_write,
        cache_write_1h=known.cache_write_1h if later.cache_write_1h is None else later.cache_write_1h,
        thinking=known.thinking if later.thinking is None else later.thinking,
        server_tools=later.server_tools or known.server_tools,
        tier=later.tier or known.tier,
    )


def total_usage(one: Usage, two: Usage) -> Usage:
    """The sum of two answers' usage; unknown if both are."""
    return Usage(
        input=_sum(one.input, two.input),
        output=_sum(one.output, two.output),
        cache_read=_sum(one.cache_read, two.cache_read),
        cache_write=_sum(one.cache_write, two.cache_write),
        cache_write_1h=_sum(one.cache_write_1h, two.cache_write_1h),
        thinking=_sum(one.thinking, two.thinking),
        server_tools=two.server_tools or one.server_tools,
        tier=two.tier or one.tier,
    )


def _sum(one: int | None, two: int | None) -> int | None:
    return None if one is None and two is None else (one or 0) + (two or 0)


def estimated_usage(usage: Usage, input_tokens: int, written: int) -> Usage:
    """The usage with estimates for missing counts; `written` is in bytes."""
    guess = -(-written // BYTES_PER_TOKEN)
    return Usage(
        input=input_tokens if usage.input is None else usage.input,
        output=usage.output or guess,
        cache_read=usage.cache_read or 0,
        cache_write=usage.cache_write or 0,
        cache_write_1h=usage.cache_write_1h,
        thinking=usage.thinking,
        server_tools=usage.server_tools,
        tier=usage.tier,
    )


def usage_event(usage: Usage, *, compacted: bool = False, speed: str | None = None) -> e.Usage:
    """The usage for the client, zero where unknown. `compacted`: the answer is a summary.

    `speed`: the requested one; a tier that contradicts it overrides it.
    """
    slowed = speed and usage.tier is not None and usage.tier not in _FAST
    return e.Usage(
        input_tokens=usage.input or 0,
        output_tokens=usage.output or 0,
        cache_creation_input_tokens=usage.cache_write or 0,
        cache_read_input_tokens=usage.cache_read or 0,
        cache_creation=_creation(usage),
        output_tokens_details=None if usage.thinking is None else e.ThinkingTokens(usage.thinking),
        server_tool_use=usage.server_tools,
        service_tier="priority" if usage.tier in _FAST else "standard",
        speed="standard" if slowed else speed,
        iterations=(_iteration("compaction", usage),) if compacted else None,
    )


def _creation(usage: Usage) -> e.CacheCreation | None:
    if not usage.cache_write:
        return None
    longer = usage.cache_write_1h or 0
    return e.CacheCreation(usage.cache_write - longer, longer)


def _iteration(kind: str, usage: Usage) -> dict[str, object]:
    return {
        "type": kind,
        "input_tokens": usage.input or 0,
        "output_tokens": usage.output or 0,
        "cache_creation_input_tokens": usage.cache_write or 0,
        "cache_read_input_tokens": usage.cache_read or 0,
        "cache_creation": None,
    }
