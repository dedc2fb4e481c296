"""`context_management.edits`: a request -> the same request with a shorter history, and what was cleared.

Rules:
- `clear_thinking_20251015` keeps the reasoning of the last N assistant messages that have any, `all` or, by
  default, of the last one.
- `clear_tool_uses_20250919` clears old tool results, oldest first, once its trigger is reached: the text is
  replaced by `CLEARED`, the call stays (its input too, unless `clear_tool_inputs` names it).
- `compact_20260112` and later edit types are dropped with a notice; a context overflow then makes the client
  compact.
- Only cleared content is reported. Token counts are estimates: bytes / 4.

Both edits change earlier turns, and so invalidate the upstream's prompt cache; the client asked for that.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping

import msgspec
from attrs import frozen
from msgspec import Raw
from msgspec.structs import replace

from gateway.anthropic import wire as a
from gateway.anthropic.notices import NoticeCollector

CLEARED = "[cleared to save context]"
TRIGGER = 100_000
"""Default trigger in input tokens for clearing tool results."""
KEPT = 3
"""Default number of tool uses that are kept."""
BYTES_PER_TOKEN = 4


class _Amount(msgspec.Struct, frozen=True):
    type: str = ""
    value: int = 0


_AMOUNT = msgspec.json.Decoder(_Amount | str | None)
Messages = tuple[a.Message, ...]


@frozen
class EditedRequest:
    request: a.MessagesRequest
    applied: tuple[Mapping[str, object], ...] = ()


def apply_edits(request: a.MessagesRequest, estimated_tokens: int, notices: NoticeCollector) -> EditedRequest:
    """`estimated_tokens`: of the original request, which triggers are compared with."""
    messages = request.messages
    applied: list[Mapping[str, object]] = []
    for edit in (request.context_management and request.context_management.edits) or ():
        match edit.type:
            case "clear_thinking_20251015":
                messages, report = _clear_thinking(messages, edit)
            case "clear_tool_uses_20250919":
                messages, report = _clear_tool_uses(messages, edit, estimated_tokens)
            case _:
                notices.add("dropped.context_management", edit.type)
                continue
        if report:
            applied.append({"type": edit.type, **report})
    if messages is not request.messages:
        request = replace(request, messages=messages)
    return EditedRequest(request, tuple(applied))


def _clear_thinking(messages: Messages, edit: a.Edit) -> tuple[Messages, Mapping[str, object]]:
    kept = _amount(edit.keep)
    if kept == "all" or (isinstance(kept, _Amount) and kept.type == "all"):
        return messages, {}
    thinking = [i for i, message in enumerate(messages) if any(map(_is_thought, message.content))]
    last = kept.value if isinstance(kept, _Amount) else 1
    cleared = frozenset(thinking[: max(0, len(thinking) - last)])
    if not cleared:
        return messages, {}
    blocks = [block for i in sorted(cleared) for block in messages[i].content]
    size = sum(len(block.thinking) for block in blocks if isinstance(block, a.ThinkingBlock))
    thinned = tuple(
        replace(message, content=tuple(b for b in message.content if not _is_thought(b)))
        if i in cleared
        else message
        for i, message in enumerate(messages)
    )
    return thinned, {
        "cleared_thinking_turns": len(cleared),
        "cleared_input_tokens": size // BYTES_PER_TOKEN,
    }


def _clear_tool_uses(
    messages: Messages, edit: a.Edit, estimated_tokens: int
) -> tuple[Messages, Mapping[str, object]]:
    calls = list(_calls(messages))
    if not _is_triggered(_amount(edit.trigger), len(calls), estimated_tokens):
        return messages, {}
    kept = _amount(edit.keep)
    last = kept.value if isinstance(kept, _Amount) else KEPT
    excluded = frozenset(edit.exclude_tools or ())
    old = [call for call in calls[: max(0, len(calls) - last)] if call.name not in excluded]
    ids, inputs = frozenset(call.id for call in old), _cleared_inputs(edit, old)
    thinned = tuple(_thinned(message, ids, inputs) for message in messages)
    saved = (_weight(messages) - _weight(thinned)) // BYTES_PER_TOKEN
    least = _amount(edit.clear_at_least)
    if saved <= 0 or (isinstance(least, _Amount) and saved < least.value):
        return messages, {}
    return thinned, {"cleared_tool_uses": len(old), "cleared_input_tokens": saved}


def _is_triggered(trigger: _Amount | str | None, uses: int, tokens: int) -> bool:
    if not isinstance(trigger, _Amount):
        return tokens > TRIGGER
    return (uses if trigger.type == "tool_uses" else tokens) > trigger.value


def _cleared_inputs(edit: a.Edit, old: list[a.ToolUse]) -> frozenset[str]:
    """Ids of the calls whose input is cleared as well."""
    named = edit.clear_tool_inputs
    if isinstance(named, bool) or not named:
        return frozenset(call.id for call in old if named)
    wanted = frozenset(named)
    return frozenset(call.id for call in old if call.name in wanted)


def _thinned(message: a.Message, ids: frozenset[str], inputs: frozenset[str]) -> a.Message:
    content = tuple(_without(block, ids, inputs) for block in message.content)
    same = all(map(operator.is_, content, message.content))
    return message if same else replace(message, content=content)


def _without(block: a.Block, ids: frozenset[str], inputs: frozenset[str]) -> a.Block:
    if isinstance(block, a.ToolResult) and block.tool_use_id in ids:
        return replace(block, content=(a.Text(CLEARED),))
    if isinstance(block, a.ToolUse) and block.id in inputs:
        return replace(block, input=Raw(b"{}"))
    return block


def _calls(messages: Messages) -> Iterator[a.ToolUse]:
    for message in messages:
        for block in message.content:
            if isinstance(block, a.ToolUse):
                yield block


def _weight(messages: Messages) -> int:
    return sum(len(msgspec.json.encode(message.content)) for message in messages)


def _amount(raw: Raw) -> _Amount | str | None:
    try:
        return _AMOUNT.decode(raw) if bytes(raw) else None
    except msgspec.ValidationError:
        return None


def _is_thought(block: a.Block) -> bool:
    return isinstance(block, a.ThinkingBlock | a.RedactedThinking)
