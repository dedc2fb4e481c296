"""`service_tier` and `speed` of a request -> the tier that the upstream is asked for, and the speed it has.

Rules (specification 1.1, 7.2):
- `standard_only` is the tier `default` where a server has tiers; `auto` is what it does anyway.
- `speed: fast` is the tier that the provider's `fast_tier` names. Where it names none, or the upstream
  refuses the field, the answer says that its speed was the standard one.
"""

from __future__ import annotations

from attrs import frozen

from gateway.anthropic import wire as a
from gateway.anthropic.notices import NoticeCollector
from gateway.settings.quirks import Quirks
from gateway.upstreams.upstream_request import Adaptations

FAST = frozenset({"fast", "priority"})
"""The tiers of an answer that Anthropic calls `priority`."""


@frozen
class ServiceTier:
    """`sent`: as `service_tier`. `speed`: what the answer reports; None where nothing was said of it."""

    sent: str | None = None
    speed: str | None = None


def service_tier(
    request: a.MessagesRequest, quirks: Quirks, adaptations: Adaptations, notes: NoticeCollector
) -> ServiceTier:
    if request.speed is None and request.service_tier is None:
        return ServiceTier()
    if request.speed == "fast":
        if quirks.fast_tier != "none" and "service_tier" not in adaptations.dropped:
            return ServiceTier(quirks.fast_tier, "fast")
        notes.add("dropped.speed", "fast")
    wants_default = request.service_tier == "standard_only" and quirks.service_tier
    return ServiceTier("default" if wants_default else None, request.speed and "standard")
