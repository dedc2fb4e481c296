"""Where clients find the gateway."""

from __future__ import annotations

from gateway.settings.models import Settings

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104


def address(settings: Settings) -> str:
    """For a client on this machine. The port is 0 where any free one is taken."""
    host = settings.server.host
    shown = _EVERYWHERE.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{settings.server.port}"
