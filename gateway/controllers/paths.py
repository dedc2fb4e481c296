"""The paths of the Messages API, for every base URL that a client may be configured with.

A base URL with `/v1` makes clients request `/v1/v1/messages`; some clients add no `/v1` of their own and
request `/messages`. Each of these paths works.
"""

from __future__ import annotations

API = "/v1"
PREFIXES = (API, "/v1/v1", "")


def under_each_prefix(path: str) -> list[str]:
    """`/messages` -> `/v1/messages`, `/v1/v1/messages`, `/messages`."""
    return [prefix + path for prefix in PREFIXES]


def canonical(path: str) -> str:
    """The path under `/v1`, for log and metrics; any other path unchanged."""
    bare = path.removeprefix(API).removeprefix(API)
    return API + bare if bare in _ENDPOINTS else path


_ENDPOINTS = ("/messages", "/messages/count_tokens", "/models")
