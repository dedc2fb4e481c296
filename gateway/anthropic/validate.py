"""`validation: strict`: what the real API refuses is refused, for people who test their code offline.

Rules:
- Only what is wrong with the request itself; unknown *fields*, betas and header versions are tolerated.
- Nothing that the current Claude Code or the official SDKs form is refused: system messages inside the
  conversation (also an empty list that carries only `output_config`), deferred tools, tool references,
  thinking of any signature, an assistant message at the end.
- The first mistake is reported, with its path, as the API does.

Sampling and thinking rules are general knowledge of the API, tool pairing and roles its documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from gateway.anthropic import wire as a
from gateway.errors import RequestRefused

ROLES = frozenset({"user", "assistant", "system"})
BLOCKS = frozenset(
    {
        "server_tool_use",
        "search_result",
        "web_search_tool_result",
        "web_fetch_tool_result",
        "code_execution_tool_result",
        "bash_code_execution_tool_result",
        "text_editor_code_execution_tool_result",
        "tool_search_tool_result",
        "advisor_tool_result",
        "mcp_tool_use",
        "mcp_tool_result",
        "mcp_tool_listing",
        "container_upload",
        "compaction",
        "fallback",
        "tool_addition",
        "tool_removal",
        "browser_state",
        "connector_text",
    }
)
"""Types of the newest SDK that `wire` does not take apart."""
THINKING = frozenset({"enabled", "disabled", "adaptive", "between_tools"})
TOOL_CHOICES = frozenset({"auto", "any", "tool", "none"})
LEAST_BUDGET = 1024


def validate(request: a.MessagesRequest, *, counting: bool = False) -> None:
    """RequestRefused (400) for the first rule that is broken. `counting`: `max_tokens` is not needed."""
    problem = next(_problems(request, counting=counting), None)
    if problem is not None:
        raise RequestRefused(problem)


def _problems(request: a.MessagesRequest, *, counting: bool) -> Iterator[str]:
    if request.max_tokens is None and not counting:
        yield "max_tokens: field required"
    yield from _sampling(request)
    yield from _thinking(request)
    yield from _turns(request)
    yield from _pairs(request)
    names = [tool.name for tool in request.tools if tool.name]
    if len(names) != len(set(names)):
        yield "tools: Tool names must be unique."
    if request.tool_choice is not None and request.tool_choice.type not in TOOL_CHOICES:
        yield f"tool_choice.type: expected one of {', '.join(sorted(TOOL_CHOICES))}"
    if request.inference_geo:
        yield "inference_geo: this gateway cannot vouch for where a model runs"


def _sampling(request: a.MessagesRequest) -> Iterator[str]:
    for name, value in (("temperature", request.temperature), ("top_p", request.top_p)):
        if value is not None and not 0 <= value <= 1:
            yield f"{name}: range: 0..1"
    if request.top_k is not None and request.top_k < 0:
        yield "top_k: must be 0 or greater"
    if any(not text.strip() for text in request.stop_sequences):
        yield "stop_sequences: each stop sequence must contain non-whitespace"


def _thinking(request: a.MessagesRequest) -> Iterator[str]:
    thinking = request.thinking
    if thinking is None:
        return
    if thinking.type not in THINKING:
        yield f"thinking.type: expected one of {', '.join(sorted(THINKING))}"
    if thinking.type != "enabled":
        return
    budget = thinking.budget_tokens
    if budget is None:
        yield "thinking.enabled.budget_tokens: field required"
    elif budget < LEAST_BUDGET:
        yield f"thinking.enabled.budget_tokens: must be at least {LEAST_BUDGET}"
    elif request.max_tokens is not None and budget >= request.max_tokens:
        yield "`max_tokens` must be greater than `thinking.budget_tokens`"
    if request.temperature not in (None, 1):
        yield "`temperature` may only be set to 1 when thinking is enabled"


def _turns(request: a.MessagesRequest) -> Iterator[str]:
    for i, message in enumerate(request.messages):
        if message.role not in ROLES:
            yield f"messages.{i}.role: unexpected role {message.role!r}; expected user, assistant or system"
        last = i == len(request.messages) - 1
        if message.role == "user" and not message.content:
            yield f"messages.{i}: user messages must have non-empty content"
        if message.role == "assistant" and not message.content and not last:
            yield f"messages.{i}: all messages must have non-empty content except for the final assistant one"
        for j, block in enumerate(message.content):
            yield from _block(block, message.role, f"messages.{i}.content.{j}")


def _block(block: a.Block, role: str, path: str) -> Iterator[str]:
    match block:
        case a.Unknown() if block.type not in BLOCKS:
            yield f"{path}.type: unexpected block type {block.type!r}"
        case a.ToolUse() if role != "assistant":
            yield f"{path}: `tool_use` blocks can only be in assistant messages"
        case a.ToolResult() if role != "user":
            yield f"{path}: `tool_result` blocks can only be in user messages"
        case a.Text() if not block.text and role == "user":
            yield f"{path}: text content blocks must be non-empty"
        case _:
            pass


def _pairs(request: a.MessagesRequest) -> Iterator[str]:
    """Each call is answered in the user turn that follows, and nothing else is answered there."""
    calls: list[str] = []
    for i, role, blocks in _spoken(request):
        if role == "assistant":
            calls = [block.id for block in blocks if isinstance(block, a.ToolUse)]
            continue
        answers = [block.tool_use_id for block in blocks if isinstance(block, a.ToolResult)]
        if missing := [call for call in calls if call not in answers]:
            yield _missing(i, missing)
        if extra := [answer for answer in answers if answer not in calls]:
            yield _unexpected(i, extra)
        calls = []
    if calls:
        yield _missing(len(request.messages) - 1, calls)


def _spoken(request: a.MessagesRequest) -> Iterator[tuple[int, str, list[a.Block]]]:
    """The turns of user and assistant, neighbours of one role as one: (first message, role, blocks)."""
    said = [(i, message) for i, message in enumerate(request.messages) if message.role != "system"]
    for role, group in groupby(said, key=lambda one: one[1].role):
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
