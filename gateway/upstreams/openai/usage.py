"""`usage` of Chat Completions -> token figures.

Rules:
- `prompt_tokens` counts the whole prompt; ours leaves out what came from or went to a cache.
- Zeros for the prompt are no figures: some servers send them until they know. Nor is anything unreadable.
"""

from __future__ import annotations

import msgspec

from gateway.parts import Usage
from gateway.upstreams.openai import wire as o

_USAGE = msgspec.json.Decoder(o.Usage, strict=False)


def usage_of(raw: bytes, *, reasoning_apart: bool = False, tier: str | None = None) -> Usage:
    """Of an object as it came; empty bytes and what cannot be read say nothing.

    `reasoning_apart`: the server's completion tokens leave the reasoning out. `tier` stands beside them.
    """
    try:
        sent = _USAGE.decode(raw)
    except msgspec.MsgspecError:
        return Usage(tier=tier)
    prompt = sent.prompt_tokens_details or o.PromptDetails()
    completion = sent.completion_tokens_details or o.CompletionDetails()
    read = prompt.cached_tokens or sent.prompt_cache_hit_tokens or 0
    written = prompt.cache_write_tokens or 0
    return Usage(
        input=max(0, sent.prompt_tokens - read - written) if sent.prompt_tokens else None,
        output=_output(sent.completion_tokens, completion.reasoning_tokens if reasoning_apart else None),
        cache_read=read,
        cache_write=written,
        thinking=completion.reasoning_tokens,
        tier=tier,
    )


def _output(tokens: int | None, apart: int | None) -> int | None:
    return tokens if tokens is None or apart is None else tokens + apart
