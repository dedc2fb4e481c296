"""`usage` of Chat Completions -> token counts.

Rules:
- `prompt_tokens` counts the whole prompt; the gateway's count excludes tokens read from or written to a
  cache.
- A prompt count of zero is ignored: some servers send zeros until they have the number. An unreadable count
  is ignored, too, but not the others. No count is negative.
"""

from __future__ import annotations

import msgspec

from gateway.parts import Usage
from gateway.upstreams.openai import response_wire as o
from gateway.upstreams.response.lenient import decode_lenient

_USAGE = msgspec.json.Decoder(o.Usage, strict=False)


def chat_usage(raw: bytes, *, reasoning_apart: bool = False, tier: str | None = None) -> Usage:
    """Parse a usage object; empty or unreadable bytes give no counts.

    `reasoning_apart`: the server's completion tokens exclude reasoning. `tier` is passed through.
    """
    sent = decode_lenient(_USAGE, raw)
    if sent is None:
        return Usage(tier=tier)
    prompt = sent.prompt_tokens_details or o.PromptDetails()
    completion = sent.completion_tokens_details or o.CompletionDetails()
    cached = max(0, prompt.cached_tokens or sent.prompt_cache_hit_tokens or 0)
    written = max(0, prompt.cache_write_tokens or 0)
    whole, reasoned = max(0, sent.prompt_tokens or 0), _count(completion.reasoning_tokens)
    return Usage(
        input=max(0, whole - cached - written) if whole else None,
        output=_output(_count(sent.completion_tokens), reasoned if reasoning_apart else None),
        cache_read=cached,
        cache_write=written,
        thinking=reasoned,
        tier=tier,
    )


def _count(tokens: int | None) -> int | None:
    return None if tokens is None else max(0, tokens)


def _output(tokens: int | None, apart: int | None) -> int | None:
    return tokens if tokens is None or apart is None else tokens + apart
