"""What an upstream's 400 forbade (`Amends.dropped`), taken out of a request that is about to be sent.

What the client asked for and does not get is a notice each; what only the gateway asked for is none. Where
something else can do its work (stop sequences, `tool_choice`, schemas), that was seen to before.
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


def leave_out(sent: Struct, names: Collection[str], notes: NoticeCollector) -> None:
    """`names`: those of the fields that the upstream refused. A field that is not set is no loss."""
    for name in sorted(names):
        if getattr(sent, name) is UNSET:
            continue
        setattr(sent, name, UNSET)
        if name not in _OURS:
            notes.add(_NOTICES.get(name, "dropped.parameter"), f"the upstream refuses {name}")
