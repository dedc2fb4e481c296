"""`usage` of Responses -> token figures.

Rules:
- `input_tokens` counts the whole prompt; ours leaves out what came from or went to a cache.
- What is kept for twelve hours is told as what Anthropic keeps for one, the longer of its two spans.
"""

from __future__ import annotations

import msgspec

from gateway.parts import Usage
from gateway.upstreams.responses import wire as r

_USAGE = msgspec.json.Decoder(r.Usage, strict=False)


def responses_usage(raw: bytes, tier: str | None = None) -> Usage:
    """Of an object as it came; empty bytes and what cannot be read say nothing."""
    try:
        sent = _USAGE.decode(raw)
    except msgspec.MsgspecError:
        return Usage(tier=tier)
    prompt = sent.input_tokens_details or r.InputDetails()
    kept = prompt.cache_write_tokens_details or r.CacheWrites()
    completion = sent.output_tokens_details or r.OutputDetails()
    read, written = prompt.cached_tokens or 0, prompt.cache_write_tokens or 0
    return Usage(
        input=max(0, sent.input_tokens - read - written) if sent.input_tokens else None,
        output=sent.output_tokens,
        cache_read=read,
        cache_write=written,
        cache_write_1h=min(written, kept.ttl_12h_tokens or 0),
        thinking=completion.reasoning_tokens,
        tier=tier,
    )
