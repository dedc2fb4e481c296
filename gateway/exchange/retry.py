"""What a failed attempt means for the next one: tried again, left to the next target, or told to the client.

- Tried again, as often as `retries` says: no connection, a reset, 502, 503, 504, an answer with neither part
  nor end mark.
- Left to the next target: all of these, and 429, an overloaded server, one that is silent too long, and one
  that was waited for while it loaded its model, in vain.
- Nothing else: what one target refuses because of the request or its key, the next may not hide.
"""

from __future__ import annotations

from gateway.errors import Kind, UpstreamFailed

BACKOFF = 0.25
"""Seconds before the first repeated attempt; doubled for each further one, at most `BACKOFF_LIMIT`."""
BACKOFF_LIMIT = 2.0

_AGAIN = frozenset(
    {
        Kind.UPSTREAM_UNREACHABLE,
        Kind.UPSTREAM_CONNECT_TIMEOUT,
        Kind.UPSTREAM_CUT,
        Kind.UPSTREAM_UNAVAILABLE,
    }
)
_AGAIN_STATUSES = frozenset({502, 503, 504})
_ELSEWHERE = frozenset(
    {Kind.RATE_LIMITED, Kind.UPSTREAM_OVERLOADED, Kind.UPSTREAM_TIMEOUT, Kind.UPSTREAM_LOADING}
)


def should_retry(error: UpstreamFailed) -> bool:
    if error.kind is Kind.UPSTREAM_LOADING:  # it has been waited for
        return False
    return error.kind in _AGAIN or error.upstream_status in _AGAIN_STATUSES


def should_fail_over(error: UpstreamFailed) -> bool:
    return error.kind in _ELSEWHERE or should_retry(error)


def backoff(again: int) -> float:
    """Seconds before the attempt of this number at one target, 0 for the first."""
    return min(BACKOFF_LIMIT, BACKOFF * 2 ** (again - 1)) if again else 0.0
