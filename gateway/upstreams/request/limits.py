"""Limits, stop sequences and sampling of an upstream request.

Rules:
- `max_tokens` is clamped to what is known of the model (its output limit, a limit its server stated, what is
  left of its window), with the notice `clamped.max_tokens`.
- Stop sequences that a server refuses are matched by the gateway.
- Configured sampling overrides the client's.
"""

from __future__ import annotations

from gateway.anthropic import wire as a
from gateway.anthropic.notices import NoticeCollector
from gateway.inbound import Inbound
from gateway.settings.models import Sampling
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.upstream_request import Adaptations

MARGIN = 64
"""Tokens left free in the window after the estimated prompt and the answer."""


def max_tokens(
    inbound: Inbound, info: ModelInfo, adaptations: Adaptations, notices: NoticeCollector
) -> int | None:
    """At least 1: for llama.cpp and Ollama 0 would mean "without limit"."""
    wanted = inbound.request.max_tokens
    if wanted is None:
        return min(filter(None, (adaptations.max_tokens, info.max_output_tokens)), default=None)
    limits = (adaptations.max_tokens, info.max_output_tokens, _room(inbound, info))
    allowed = max(1, min([wanted, *(limit for limit in limits if limit is not None)]))
    if allowed != wanted:
        notices.add("clamped.max_tokens", f"{wanted} to {allowed}")
    return allowed


def _room(inbound: Inbound, info: ModelInfo) -> int | None:
    """What the prompt leaves of the window; an eighth of it at least, since the prompt is only estimated."""
    window = info.context_window
    if window is None:
        return None
    return max(window - inbound.estimated_tokens - MARGIN, window // 8)


def requested_stops(request: a.MessagesRequest) -> list[str]:
    """Blank ones are left out: servers refuse them or fail on them."""
    return [text for text in request.stop_sequences if text.strip()]


def upstream_stops(stop: list[str], adaptations: Adaptations, notices: NoticeCollector) -> list[str]:
    if not stop or "stop" not in adaptations.dropped:
        return []
    notices.add("emulated.stop_sequences")
    return stop


def sampling(request: a.MessagesRequest, info: ModelInfo, notices: NoticeCollector) -> Sampling:
    own, most = info.sampling, info.quirks.max_temperature
    temperature = request.temperature if own.temperature is None else own.temperature
    if temperature is not None and most is not None and temperature > most:
        notices.add("clamped.temperature", f"{temperature:g} to {most:g}")
        temperature = most
    return Sampling(
        temperature=temperature,
        top_p=request.top_p if own.top_p is None else own.top_p,
        top_k=request.top_k if own.top_k is None else own.top_k,
    )
