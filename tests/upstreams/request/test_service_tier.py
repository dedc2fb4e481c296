"""`service_tier` and `speed` of a request."""

from typing import Any

import pytest
from attrs import evolve

from gateway.anthropic import wire as a
from gateway.anthropic.notices import NoticeCollector
from gateway.parts import Notice
from gateway.settings.quirks import PLAIN
from gateway.upstreams.request.service_tier import ServiceTier, service_tier
from gateway.upstreams.upstream_request import Adaptations

TIERS = {"service_tier": True}
FAST = {"service_tier": True, "fast_tier": "priority"}
DROPPED = (Notice("dropped.speed", "fast"),)


@pytest.mark.parametrize(
    ("asked", "quirks", "refused", "tier", "notices"),
    [
        ({}, FAST, [], ServiceTier(), ()),
        ({"service_tier": "auto"}, TIERS, [], ServiceTier(), ()),
        ({"service_tier": "standard_only"}, TIERS, [], ServiceTier("default"), ()),
        ({"service_tier": "standard_only"}, {}, [], ServiceTier(), ()),
        ({"speed": "fast"}, FAST, [], ServiceTier("priority", "fast"), ()),
        ({"speed": "fast"}, {"fast_tier": "fast"}, [], ServiceTier("fast", "fast"), ()),
        ({"speed": "fast"}, TIERS, [], ServiceTier(None, "standard"), DROPPED),
        ({"speed": "fast"}, FAST, ["service_tier"], ServiceTier(None, "standard"), DROPPED),
        ({"speed": "fast"}, FAST, ["top_k"], ServiceTier("priority", "fast"), ()),
        (
            {"speed": "fast", "service_tier": "standard_only"},
            TIERS,
            [],
            ServiceTier("default", "standard"),
            DROPPED,
        ),
        (
            {"speed": "fast", "service_tier": "standard_only"},
            FAST,
            [],
            ServiceTier("priority", "fast"),
            (),
        ),
        ({"speed": "standard"}, FAST, [], ServiceTier(None, "standard"), ()),
    ],
)
def test_tier_to_send_and_speed_to_report(
    asked: dict[str, Any],
    quirks: dict[str, Any],
    refused: list[str],
    tier: ServiceTier,
    notices: tuple[Notice, ...],
):
    notes = NoticeCollector()
    request = a.MessagesRequest(model="m", messages=(), **asked)
    adaptations = Adaptations(dropped=frozenset(refused))
    assert service_tier(request, evolve(PLAIN, **quirks), adaptations, notes) == tier
    assert notes.notices == notices
