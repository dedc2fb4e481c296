"""`usage` of Chat Completions -> token figures.

Rules:
- `prompt_tokens` counts the whole prompt; ours leaves out what came from or went to a cache.
- Zeros for the prompt are no figures: some servers send them until they know. Nor is anything unreadable;
  what stands beside it is. No figure is below zero.
"""

from __future__ import annotations

import msgspec

from gateway.parts import Usage
from gateway.upstreams.openai import response_wire as o
from gateway.upstreams.response.lenient import decode_lenient

_USAGE = msgspec.json.Decoder(o.Usage, strict=False)


def chat_usage(raw: bytes, *, reasoning_apart: bool = False, tier: str | None = None) -> Usage:
    """Of an object as it came; empty bytes and what cannot be read say nothing.

    `reasoning_apart`: the server's completion tokens leave the reasoning out. `tier` stands beside them.
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
