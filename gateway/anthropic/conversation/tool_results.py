"""Tool results that are more than a text, and missing tool results.

- An error is stated in its text: no upstream has a field for it.
- A result without a known call becomes user text.
- A call without a result is answered as interrupted: every call is answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from gateway.anthropic.conversation.content_parts import ContentPart
from gateway.anthropic.conversation.turns import ToolResult
from gateway.anthropic.notices import NoticeCollector

INTERRUPTED = "(no result: the call was interrupted)"


def mark_as_error(content: list[ContentPart]) -> list[ContentPart]:
    first = content[0] if content else ""
    if not isinstance(first, str):
        return ["Error:", *content]
    if first[:16].lower().startswith(("error", "<tool_use_error>")):
        return content
    return [f"Error: {first or '(no output)'}", *content[1:]]


def orphan_result_text(id_: str, content: list[ContentPart]) -> list[ContentPart]:
    title = f"[result of unknown tool call {id_}]"
    if content and isinstance(first := content[0], str):
        return [f"{title}\n{first}", *content[1:]]
    return [f"{title}\n", *content]


def fill_missing_results(places: Mapping[str, Iterable[ToolResult]], notices: NoticeCollector) -> None:
    """Fill the slots that are still empty: no result can arrive after this point."""
    for result in chain.from_iterable(places.values()):
        notices.add("emulated.tool_result", "a call without result")
        result.given = [INTERRUPTED]
