"""A request -> the reply that the script has for it.

Rules:
- The first matching reply that was not used yet is sent; one with `repeat` stays available.
- Use is counted for the provider, across all clients. A changed script starts again.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

from attrs import define, field

from gateway.inbound import Inbound
from gateway.settings.loading.converters import expression_of
from gateway.settings.scripted_replies import ScriptedReply, ScriptedWhen
from gateway.upstreams.scripted.request_text import last_user


@define
class ReplySelector:
    """Selects the replies of one provider."""

    _replies: list[ScriptedReply] = field(converter=list[ScriptedReply])

    def choose(self, inbound: Inbound) -> ScriptedReply | None:
        for number, reply in enumerate(self._replies):
            if is_match(reply.when, inbound):
                if not reply.repeat:
                    del self._replies[number]
                return reply
        return None


def is_match(when: ScriptedWhen, inbound: Inbound) -> bool:
    request = inbound.request
    tools = {tool.name for tool in request.tools}
    return all(
        (
            _stands_in(when.last_user, last_user(request)),
            when.anywhere.encode() in inbound.body,
            not when.system or any(when.system in text for text in request.system),
            not when.tool or when.tool in tools,
            not when.without_tool or when.without_tool not in tools,
            not when.last_role or request.messages[-1].role == when.last_role,
            when.stream is None or when.stream == request.stream,
            not when.model or _is_one_of(when.model, request.model),
        )
    )


def _stands_in(wanted: str, text: str) -> bool:
    expression = expression_of(wanted)
    return wanted in text if expression is None else re.search(expression, text) is not None


def _is_one_of(patterns: Sequence[str], model: str) -> bool:
    return any(_is(pattern, model) for pattern in patterns)


def _is(pattern: str, model: str) -> bool:
    expression = expression_of(pattern)
    if expression is not None:
        return re.search(expression, model) is not None
    return fnmatch.fnmatchcase(model, pattern)
