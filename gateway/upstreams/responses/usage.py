"""`usage` of Responses -> token counts.

Rules:
- `input_tokens` counts the whole prompt; the gateway's count excludes tokens read from or written to a cache.
- Tokens cached for twelve hours are reported as cached for Anthropic's one hour, the longer of its two
  lifetimes.
"""

from __future__ import annotations

import msgspec

from gateway.parts import Usage
from gateway.upstreams.responses import wire as r

_USAGE = msgspec.json.Decoder(r.Usage, strict=False)


def responses_usage(raw: bytes, tier: str | None = None) -> Usage:
    """Parse a usage object; empty or unreadable bytes give no counts."""
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
