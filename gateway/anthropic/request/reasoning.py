"""The requested reasoning: `thinking`, `output_config.effort` and system messages -> one setting.

Rules (specification 5.1):
- The latest system message that names an effort overrides the request's, and that overrides the thinking
  budget.
- If nothing is set, the upstream's own default applies.
"""

from __future__ import annotations

from attrs import frozen

from gateway.anthropic import wire as a

_BUDGETS = ((4_096, "low"), (16_384, "medium"), (32_768, "high"))


@frozen
class Reasoning:
    """`on` is None if the client set nothing; `effort` one of low, medium, high, xhigh, max, or None.

    `budget`: the tokens that the effort was derived from, if the client gave a budget.
    """

    on: bool | None = None
    effort: str | None = None
    budget: int | None = None


def reasoning(request: a.MessagesRequest) -> Reasoning:
    effort = _named(request)
    match request.thinking:
        case None:
            return Reasoning(True if effort else None, effort)
        case a.ThinkingConfig(type="disabled" | "between_tools"):
            return Reasoning(on=False)
        case a.ThinkingConfig(type="enabled", budget_tokens=int(budget)):
            return Reasoning(True, effort) if effort else Reasoning(True, _for_budget(budget), budget)
        case a.ThinkingConfig():
            return Reasoning(on=True, effort=effort)


def _named(request: a.MessagesRequest) -> str | None:
    for message in reversed(request.messages):
        if message.role == "system" and message.output_config and message.output_config.effort:
            return message.output_config.effort
    return request.output_config.effort if request.output_config else None


def _for_budget(budget: int) -> str:
    return next((effort for limit, effort in _BUDGETS if budget < limit), "xhigh")
