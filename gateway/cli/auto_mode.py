"""The judge of Claude Code's auto mode, and the client's environment for it.

Measured with Claude Code 2.1.332, which by default expects verdicts in the answers of the API:

- With `CLAUDE_CODE_AUTO_MODE_SERVER=0` it asks a model instead, even if
  `CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC` is set. With the latter alone it asks the user about each action,
  and ends `claude -p --permission-mode auto` with exit code 1.
- It asks `claude-sonnet-5`, or the model of `CLAUDE_CODE_AUTO_MODE_MODEL`. For a name that it does not
  recognise it allows room for some reasoning.
- The question is an auxiliary request of 144 kB. If no model holds it, each action costs up to ten failing
  requests: so auto mode is set up only if one does.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from gateway.routing.conditions import FITS, TOKENS, TYPICAL_REQUEST
from gateway.routing.table import RouteTable
from gateway.routing.targets import target_name, window_of
from gateway.settings.models import ModelTarget, Settings
from gateway.settings.windows import JUDGE as LEAST
from gateway.settings.windows import JUDGE_PROMPT, fitting_prompt

JUDGE = "claude-sonnet-5"
_QUESTION = {
    **TYPICAL_REQUEST,
    "class": "auxiliary",
    "tools": False,
    TOKENS: JUDGE_PROMPT,
    FITS: JUDGE_PROMPT,
}
_INSTEAD = "`claude --permission-mode acceptEdits`"


@frozen
class AutoModeJudge:
    """`judge`: the name of a model that can hold the question; empty if there is none."""

    judge: str
    note: str


def auto_mode_judge(settings: Settings, table: RouteTable, names: Iterable[str]) -> AutoModeJudge:
    """`names`: the models that may be asked, the configured one first."""
    reasons: list[str] = []
    for name in names:
        target = _question_target(table, name)
        reason = _unable(settings, name, target)
        if target is not None and not reason:
            return AutoModeJudge(name, _working(name, target, reasons))
        reasons.append(reason)
    return AutoModeJudge("", _not_working(reasons))


def _question_target(table: RouteTable, name: str) -> ModelTarget | None:
    """The target of the question."""
    route = table.candidates(name).first(_QUESTION)
    return route.targets[0] if route else None


def _unable(settings: Settings, name: str, target: ModelTarget | None) -> str:
    if target is None:
        return f"the gateway has no such model as {name}"
    window = window_of(target, settings)
    if window is not None and fitting_prompt(window) < JUDGE_PROMPT:
        return f"{name} goes to {target_name(target)}, whose window of {window} is too small"
    return ""


def _working(name: str, target: ModelTarget, reasons: list[str]) -> str:
    why = f" ({'; '.join(reasons)})" if reasons else ""
    goal = target_name(target)
    where = "" if name == goal else f": that goes to {goal}"
    return (
        f"Auto mode asks {name} what may run{why}{where}. A weak model judges badly: if in doubt, {_INSTEAD}."
    )


def _not_working(reasons: list[str]) -> str:
    return (
        f"Auto mode will not work: {'; '.join(dict.fromkeys(reasons))}. Its questions take up to 40,000 "
        f"tokens, so a window of {LEAST}. Claude Code will ask you about each action, and `claude -p "
        f"--permission-mode auto` ends with an error. Use {_INSTEAD}, or map {JUDGE} to a larger model in "
        "`models`."
    )
