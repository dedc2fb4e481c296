"""A target's timeouts: its own if set, else its provider's, else the defaults."""

from __future__ import annotations

import attrs

from gateway.settings.kinds import KINDS
from gateway.settings.models import Settings, TimeoutOverrides, Timeouts

_NONE = TimeoutOverrides()


def timeouts_for(settings: Settings, provider_name: str, own: TimeoutOverrides = _NONE) -> Timeouts:
    """Where a long tool call arrives in one piece, `idle` defaults to `first_byte`."""
    provider, defaults = settings.providers[provider_name], settings.defaults.timeouts
    timeouts = {**_explicit_timeouts(provider.timeouts), **_explicit_timeouts(own)}
    if KINDS[provider.kind].whole_tool_calls:
        timeouts.setdefault("idle", timeouts.get("first_byte", defaults.first_byte))
    return attrs.evolve(defaults, **timeouts)


def _explicit_timeouts(timeouts: TimeoutOverrides) -> dict[str, float]:
    return {key: value for key, value in attrs.asdict(timeouts).items() if value is not None}
