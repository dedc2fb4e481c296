"""The URL by which clients reach the gateway."""

from __future__ import annotations

from gateway.settings.models import Settings

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104


def gateway_url(settings: Settings, port: int | None = None) -> str:
    """For a client on this machine. Without `port`, 0 means any free one."""
    host = settings.server.host
    shown = _EVERYWHERE.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{settings.server.port if port is None else port}"
