"""A model's abilities in the shape of `/v1/models`: the whole object, or null.

They follow from the configured `vision` and `reasoning`. If either is not set, the object is null: a client
that trusted a guess would send what the model cannot take. Features that the gateway provides for every model
(PDFs as text, context edits, structured output) are listed for all.
"""

from __future__ import annotations

from gateway.settings.models import ModelTarget

_LEVELS = ("low", "medium", "high", "xhigh", "max")
_THINKING = ("adaptive", "enabled", "disabled", "between_tools")
_EDITS = ("clear_thinking_20251015", "clear_tool_uses_20250919", "compact_20260112")
_EDITS_NOT_DONE = ("compact_20260112",)
_SERVER_TOOLS = ("web_search", "code_execution")

Support = dict[str, object]


def capabilities(target: ModelTarget) -> Support | None:
    vision, reasoning = target.vision, target.reasoning
    if vision is None or reasoning is None:
        return None
    return {
        "batch": _support(yes=False),
        "citations": _support(yes=False),
        "code_execution": _support(yes=False),
        "compaction": {"supported": True, "summarize": _support(yes=True)},
        "context_management": {
            "supported": True,
            **{name: _support(yes=name not in _EDITS_NOT_DONE) for name in _EDITS},
        },
        "effort": _all(_LEVELS, yes=reasoning),
        "image_input": _support(yes=vision),
        "pdf_input": _support(yes=True),
        "server_tools": _all(_SERVER_TOOLS, yes=False),
        "structured_outputs": _support(yes=True),
        "thinking": {"supported": reasoning, "types": {one: _support(yes=reasoning) for one in _THINKING}},
    }


def _support(*, yes: bool) -> Support:
    return {"supported": yes}


def _all(names: tuple[str, ...], *, yes: bool) -> Support:
    return {"supported": yes, **{name: _support(yes=yes) for name in names}}
