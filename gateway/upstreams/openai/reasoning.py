"""The requested reasoning and effort -> the fields of this server.

Rules:
- Nothing is sent if the client sets nothing: the server's default applies.
- If a server has no field for reasoning or its effort, a request for it causes a notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import UNSET

from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.openai import wire as o
from gateway.upstreams.request.plan import RequestPlan
from gateway.upstreams.request.reasoning_effort import effort, off
from gateway.upstreams.response.text import shows_reasoning
from gateway.upstreams.upstream_request import Adaptations

_BUDGETS = {"minimal": 512, "low": 1_024, "medium": 8_192}
"""Thinking tokens by which Gemini's own endpoint reads an effort. General knowledge, not checked."""
_LARGEST_BUDGET = 24_576


def ask_for_reasoning(
    chat: o.ChatRequest, plan: RequestPlan, info: ModelInfo, adaptations: Adaptations
) -> None:
    reasoning, quirks = plan.reasoning, info.quirks
    if quirks.reasoning_in == "none":
        if reasoning.on:
            plan.notices.add("dropped.thinking")
        return
    wanted = reasoning.effort if reasoning.on else None
    word = effort(wanted, quirks.highest_effort, adaptations.efforts, plan.notices)
    if _STYLES[quirks.reasoning_in](chat, plan, info, adaptations, word) or word is None:
        return
    if quirks.effort_beside:
        chat.reasoning_effort = word
    else:
        plan.notices.add("dropped.effort", word)


def do_not_reason(chat: o.ChatRequest, plan: RequestPlan) -> None:
    """For a server that takes no reasoning together with tools, and whose model reasons by default."""
    chat.reasoning_effort = "none"
    if plan.reasoning.on and plan.may_reason:
        plan.notices.add("dropped.thinking", "the upstream takes no reasoning together with tools")


Style = Callable[[o.ChatRequest, RequestPlan, ModelInfo, Adaptations, str | None], bool]
"""Sets the fields. Returns True if the effort needs no further handling."""


def _effort(
    chat: o.ChatRequest, plan: RequestPlan, info: ModelInfo, adaptations: Adaptations, word: str | None
) -> bool:
    """Off is only sent if it is known to be allowed, or soon unlearnt: other servers refuse the field."""
    quirks = info.quirks
    may_say_off = info.reasoning or quirks.effort_none or quirks.reasoning_in == "think"
    if plan.reasoning.on is False and may_say_off:
        word = off(adaptations.efforts)
    if word is not None:
        chat.reasoning_effort = word
    return True


def _template(
    chat: o.ChatRequest, plan: RequestPlan, info: ModelInfo, adaptations: Adaptations, word: str | None
) -> bool:
    """llama.cpp refuses to continue an assistant's turn with thinking on, and on is its default."""
    on = plan.reasoning.on
    if plan.prefill and on:
        plan.notices.add("dropped.thinking", "the assistant's turn is continued")
    if plan.prefill or on is not None:
        chat.chat_template_kwargs = {"enable_thinking": bool(on) and not plan.prefill}
    return bool(plan.prefill)


def _reasoning(
    chat: o.ChatRequest, plan: RequestPlan, info: ModelInfo, adaptations: Adaptations, word: str | None
) -> bool:
    """OpenRouter: an effort switches reasoning on; without one `enabled` is sent. Together's field has no
    effort."""
    on = plan.reasoning.on
    if word and not info.quirks.effort_beside:
        chat.reasoning = o.Reasoning(effort=word)
        return True
    if on is not None:
        chat.reasoning = o.Reasoning(UNSET, on)
    return False


def _thinking(
    chat: o.ChatRequest, plan: RequestPlan, info: ModelInfo, adaptations: Adaptations, word: str | None
) -> bool:
    on = plan.reasoning.on
    if on is not None:
        chat.thinking = o.Thinking("enabled" if on else "disabled")
    return False


def _enable(
    chat: o.ChatRequest, plan: RequestPlan, info: ModelInfo, adaptations: Adaptations, word: str | None
) -> bool:
    """DashScope also takes a token budget, if the client gave one."""
    reasoning = plan.reasoning
    if reasoning.on is not None:
        chat.enable_thinking = reasoning.on
    if reasoning.budget is None:
        return False
    chat.thinking_budget = reasoning.budget
    return True


def _google(
    chat: o.ChatRequest, plan: RequestPlan, info: ModelInfo, adaptations: Adaptations, word: str | None
) -> bool:
    """Gemini sends thoughts only on request, and then takes no `reasoning_effort`.

    That the two exclude each other is general knowledge, not checked.
    """
    reasoning = plan.reasoning
    refused = "extra_body" in adaptations.dropped or "thinking_config" in adaptations.dropped
    if not reasoning.on or refused or not shows_reasoning(info, plan.thinking_display):
        return _effort(chat, plan, info, adaptations, word)
    config = o.ThinkingConfig(include_thoughts=True)
    if budget := reasoning.budget or (word and _BUDGETS.get(word, _LARGEST_BUDGET)):
        config.thinking_budget = min(budget, _LARGEST_BUDGET)
    chat.extra_body = o.ExtraBody(o.Google(config))
    return True


_STYLES: Mapping[str, Style] = {
    "effort": _effort,
    "think": _effort,
    "template_kwargs": _template,
    "reasoning": _reasoning,
    "thinking": _thinking,
    "enable_thinking": _enable,
    "thinking_config": _google,
}
