"""`validation: strict`: refuses what the real API refuses, for testing code offline.

Rules:
- Only errors in the request itself; unknown *fields*, betas and header versions are tolerated.
- Nothing that the current Claude Code or the official SDKs send is refused: system messages inside the
  conversation (also an empty list that carries only `output_config`), deferred tools, tool references,
  thinking of any signature, an assistant message at the end.
- The first error is reported, with its path, as the API does.

Sampling and thinking rules are general knowledge of the API; tool pairing and roles come from its
documentation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from gateway.anthropic import wire as a
from gateway.anthropic.request.block_placement import check_placement
from gateway.anthropic.request.output_format import requested_format
from gateway.errors import RequestRefused

ROLES = frozenset({"user", "assistant", "system"})
THINKING = frozenset({"enabled", "disabled", "adaptive", "between_tools"})
TOOL_CHOICES = frozenset({"auto", "any", "tool", "none"})
FORCED = frozenset({"any", "tool"})
SERVICE_TIERS = frozenset({"auto", "standard_only"})
EFFORTS = ("low", "medium", "high", "xhigh", "max")
NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
EMPTY = (a.Text(""),)
INTERLEAVED = "interleaved-thinking-"
MIN_BUDGET = 1024


def validate(request: a.MessagesRequest, *, counting: bool = False, betas: str = "") -> None:
    """Raises RequestRefused (400) for the first rule that is violated.

    `counting`: `max_tokens` is not required. `betas`: the header `anthropic-beta`.
    """
    problem = next(_problems(request, counting=counting, betas=betas), None)
    if problem is not None:
        raise RequestRefused(problem)


def _problems(request: a.MessagesRequest, *, counting: bool, betas: str) -> Iterator[str]:
    if request.max_tokens is None and not counting:
        yield "max_tokens: field required"
    if request.service_tier is not None and request.service_tier not in SERVICE_TIERS:
        yield f"service_tier: expected one of {_listed(SERVICE_TIERS)}"
    if request.inference_geo:
        yield "inference_geo: this gateway cannot vouch for where a model runs"
    yield from _sampling(request)
    yield from _thinking(request, interleaved=INTERLEAVED in betas)
    yield from _output(request)
    for stray in request.strays:
        yield f"system.{stray.step}.type: unexpected block type {stray.type!r}; expected text"
    yield from _turns(request)
    yield from _pairs(request)
    yield from _tools(request)


def _sampling(request: a.MessagesRequest) -> Iterator[str]:
    for name, value in (("temperature", request.temperature), ("top_p", request.top_p)):
        if value is not None and not 0 <= value <= 1:
            yield f"{name}: range: 0..1"
    if request.top_k is not None and request.top_k < 0:
        yield "top_k: must be 0 or greater"
    if any(not text.strip() for text in request.stop_sequences):
        yield "stop_sequences: each stop sequence must contain non-whitespace"


def _thinking(request: a.MessagesRequest, *, interleaved: bool) -> Iterator[str]:
    thinking = request.thinking
    if thinking is None:
        return
    if thinking.type not in THINKING:
        yield f"thinking.type: expected one of {_listed(THINKING)}"
    if thinking.type == "enabled":
        yield from _budget(request, thinking.budget_tokens, interleaved=interleaved)
        yield from _beside_thinking(request)


def _budget(request: a.MessagesRequest, budget: int | None, *, interleaved: bool) -> Iterator[str]:
    """`interleaved`: the budget is that of a whole turn, and may exceed one answer's `max_tokens`."""
    if budget is None:
        yield "thinking.enabled.budget_tokens: field required"
    elif budget < MIN_BUDGET:
        yield f"thinking.enabled.budget_tokens: must be at least {MIN_BUDGET}"
    elif request.max_tokens is not None and budget >= request.max_tokens and not interleaved:
        yield "`max_tokens` must be greater than `thinking.budget_tokens`"


def _beside_thinking(request: a.MessagesRequest) -> Iterator[str]:
    if request.temperature not in (None, 1):
        yield "`temperature` may only be set to 1 when thinking is enabled"
    if request.tool_choice is not None and request.tool_choice.type in FORCED:
        yield "Thinking may not be enabled when tool_choice forces tool use."


def _output(request: a.MessagesRequest) -> Iterator[str]:
    """Checks the requested format and effort."""
    form = requested_format(request)
    if form is not None and form.type != "json_schema":
        yield f"{form.path}.type: expected json_schema"
    configs = [("output_config", request.output_config)]
    configs += [(f"messages.{i}.output_config", m.output_config) for i, m in enumerate(request.messages)]
    for path, config in configs:
        if config is not None and config.effort is not None and config.effort not in EFFORTS:
            yield f"{path}.effort: expected one of {', '.join(EFFORTS)}"


def _tools(request: a.MessagesRequest) -> Iterator[str]:
    for i, tool in enumerate(request.tools):
        if tool.name and not NAME.fullmatch(tool.name):
            yield f"tools.{i}.name: must match {NAME.pattern}"
        if tool.type in (None, "custom") and bytes(tool.input_schema) in (b"", b"null"):
            yield f"tools.{i}.input_schema: field required"
    names = [tool.name for tool in request.tools if tool.name]
    if len(names) != len(set(names)):
        yield "tools: Tool names must be unique."
    if request.tool_choice is not None and request.tool_choice.type not in TOOL_CHOICES:
        yield f"tool_choice.type: expected one of {_listed(TOOL_CHOICES)}"


def _turns(request: a.MessagesRequest) -> Iterator[str]:
    for i, message in enumerate(request.messages):
        if message.role not in ROLES:
            yield f"messages.{i}.role: unexpected role {message.role!r}; expected user, assistant or system"
        last = i == len(request.messages) - 1
        if message.role == "user" and not message.content:
            yield f"messages.{i}: user messages must have non-empty content"
        silent = not message.content or (message.plain and message.content == EMPTY)
        if message.role == "assistant" and silent and not last:
            yield f"messages.{i}: all messages must have non-empty content except for the final assistant one"
        yield from check_placement(message.content, message.role, f"messages.{i}.content")


def _pairs(request: a.MessagesRequest) -> Iterator[str]:
    """Each call is answered in the next user turn, which has no other results."""
    calls: list[str] = []
    for i, role, blocks in _merged_turns(request):
        if role == "assistant":
            calls = [block.id for block in blocks if isinstance(block, a.ToolUse)]
            if twice := _repeated(calls):
                yield f"messages.{i}: `tool_use` ids must be unique: {', '.join(twice)}"
            continue
        answers = [block.tool_use_id for block in blocks if isinstance(block, a.ToolResult)]
        called, answered = frozenset(calls), frozenset(answers)
        if missing := [call for call in calls if call not in answered]:
            yield _missing(i, missing)
        if extra := [answer for answer in answers if answer not in called]:
            yield _unexpected(i, extra)
        if twice := _repeated(answers):
            yield f"messages.{i}: each `tool_use` must have a single `tool_result`: {', '.join(twice)}"
        calls = []
    if calls:
        yield _missing(len(request.messages) - 1, calls)


def _repeated(ids: list[str]) -> list[str]:
    return [one for one, times in Counter(ids).items() if times > 1]


def _merged_turns(request: a.MessagesRequest) -> Iterator[tuple[int, str, list[a.Block]]]:
    """The turns of user and assistant, adjacent messages of one role merged: (first message, role,
    blocks)."""
    messages = [(i, message) for i, message in enumerate(request.messages) if message.role != "system"]
    for role, group in groupby(messages, key=lambda one: one[1].role):
        members = list(group)
        yield members[0][0], role, [block for _, message in members for block in message.content]


def _missing(i: int, ids: list[str]) -> str:
    return (
        f"messages.{i}: `tool_use` ids were found without `tool_result` blocks immediately after: "
        f"{', '.join(ids)}. Each `tool_use` block must have a corresponding `tool_result` block in the next "
        "message."
    )


def _unexpected(i: int, ids: list[str]) -> str:
    return (
        f"messages.{i}: unexpected `tool_use_id` found in `tool_result` blocks: {', '.join(ids)}. Each "
        "`tool_result` block must have a corresponding `tool_use` block in the previous message."
    )


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
