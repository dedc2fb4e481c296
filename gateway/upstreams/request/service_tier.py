"""`service_tier` and `speed` of a request -> the upstream's tier, and the speed that the answer reports.

Rules (specification 1.1, 7.2):
- `standard_only` is the tier `default` if a server has tiers; `auto` is the server's default behaviour.
- `speed: fast` is the tier that the provider's `fast_tier` names. If it names none, or the upstream refuses
  the field, the answer reports the standard speed.
"""

from __future__ import annotations

from attrs import frozen

from gateway.anthropic import wire as a
from gateway.anthropic.notices import NoticeCollector
from gateway.settings.quirks import Quirks
from gateway.upstreams.upstream_request import Adaptations

FAST = frozenset({"fast", "priority"})
"""Tiers of an answer that Anthropic calls `priority`."""


@frozen
class ServiceTier:
    """`sent`: the value of `service_tier`. `speed`: reported in the answer; None if none was requested."""

    sent: str | None = None
    speed: str | None = None


def service_tier(
    request: a.MessagesRequest, quirks: Quirks, adaptations: Adaptations, notices: NoticeCollector
) -> ServiceTier:
    if request.speed is None and request.service_tier is None:
        return ServiceTier()
    if request.speed == "fast":
        if quirks.fast_tier != "none" and "service_tier" not in adaptations.dropped:
            return ServiceTier(quirks.fast_tier, "fast")
        notices.add("dropped.speed", "fast")
    wants_default = request.service_tier == "standard_only" and quirks.service_tier
    return ServiceTier("default" if wants_default else None, request.speed and "standard")
