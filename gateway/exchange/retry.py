"""Decides whether a failed attempt is retried, falls back to the next target, or is reported to the client.

- Retried, up to `retries` times: no connection, a reset, 409, 502, 503, 504, an answer without content or end
  mark.
- Fall back to the next target: all of these, 429, an overloaded server, a timeout, and a server that was
  still loading its model when the wait for it ended.
- Reported to the client: everything else. A refusal caused by the request or the key must not be hidden by
  another target.
"""

from __future__ import annotations

from gateway.errors import Kind, UpstreamFailed

BACKOFF = 0.25
"""Seconds before the first retry; doubled for each further one, at most `BACKOFF_LIMIT`."""
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
    if error.kind is Kind.UPSTREAM_LOADING:  # the adapter has already waited for it
        return False
    return error.kind in _AGAIN or error.upstream_status in _AGAIN_STATUSES


def should_fail_over(error: UpstreamFailed) -> bool:
    return error.kind in _ELSEWHERE or should_retry(error)


def backoff(again: int) -> float:
    """Seconds before attempt number `again` at one target; 0 for the first."""
    return min(BACKOFF_LIMIT, BACKOFF * 2 ** (again - 1)) if again else 0.0
