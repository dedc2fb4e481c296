"""A provider's timeouts: its own where it says so, else the defaults."""

from __future__ import annotations

from gateway.settings.models import Settings, Timeouts


def timeouts_for(settings: Settings, provider_name: str) -> Timeouts:
    """Kind `ollama` sends a long tool call in one piece: there `idle` is `first_byte`, unless it says so."""
    provider, defaults = settings.providers[provider_name], settings.defaults.timeouts
    own = provider.timeouts
    first_byte = defaults.first_byte if own.first_byte is None else own.first_byte
    idle = first_byte if provider.kind == "ollama" else defaults.idle
    return Timeouts(
        connect=defaults.connect if own.connect is None else own.connect,
        first_byte=first_byte,
        idle=idle if own.idle is None else own.idle,
        total=defaults.total if own.total is None else own.total,
    )
