"""`max_tokens: 0` only warms the prompt cache, without an answer: handled without an upstream.

Upstreams cache without this request, and 0 means "without limit" to llama.cpp and Ollama.
"""

from __future__ import annotations

from gateway.inbound import Inbound
from gateway.parts import Finish, FinishReason, Notice, Part, Usage
from gateway.upstreams.base import Target


def prewarmed(inbound: Inbound, target: Target) -> list[Part] | None:
    if inbound.request.max_tokens != 0:
        return None
    notice = Notice("emulated.prewarm", f"{target.name} was not asked")
    return [notice, Usage(input=inbound.estimated_tokens, output=0), Finish(FinishReason.LENGTH, silent=True)]
