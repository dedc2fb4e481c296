"""Removes the fields that an upstream's 400 refused (`Adaptations.dropped`) from a request.

A field that the client asked for causes a notice; one that only the gateway added does not. Substitutes (for
stop sequences, `tool_choice`, schemas) were added before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import UNSET, Struct

from gateway.anthropic.notices import NoticeCollector
from gateway.notices import NoticeName

_OURS = frozenset({"stream_options", "usage", "prompt_cache_key"})
_NOTICES: Mapping[str, NoticeName] = {
    "temperature": "dropped.sampling",
    "top_p": "dropped.sampling",
    "top_k": "dropped.top_k",
    "reasoning_effort": "dropped.effort",
    "reasoning": "dropped.thinking",
    "thinking": "dropped.thinking",
    "enable_thinking": "dropped.thinking",
    "chat_template_kwargs": "dropped.thinking",
    "extra_body": "dropped.thinking",
    "include": "dropped.thinking",
}


def leave_out(sent: Struct, names: Collection[str], notices: NoticeCollector) -> None:
    """`names`: the fields that the upstream refused. A field that is not set causes no notice."""
    for name in sorted(names):
        if getattr(sent, name) is UNSET:
            continue
        setattr(sent, name, UNSET)
        if name not in _OURS:
            notices.add(_NOTICES.get(name, "dropped.parameter"), f"the upstream refuses {name}")
