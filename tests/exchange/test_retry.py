"""Which failures are tried again, and which are left to the next target."""

import pytest

from gateway.errors import Kind, UpstreamFailed
from gateway.exchange.retry import backoff, should_fail_over, should_retry

AGAIN = {
    Kind.UPSTREAM_UNREACHABLE,
    Kind.UPSTREAM_CONNECT_TIMEOUT,
    Kind.UPSTREAM_CUT,
    Kind.UPSTREAM_UNAVAILABLE,
}
ELSEWHERE = {Kind.RATE_LIMITED, Kind.UPSTREAM_OVERLOADED, Kind.UPSTREAM_TIMEOUT, Kind.UPSTREAM_LOADING}


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.value)
def test_every_kind_is_one_of_three(kind: Kind) -> None:
    error = UpstreamFailed(kind, "[p] no")
    assert should_retry(error) is (kind in AGAIN)
    assert should_fail_over(error) is (kind in AGAIN | ELSEWHERE)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_status_of_a_server_that_is_away_counts_whatever_its_kind(status: int) -> None:
    error = UpstreamFailed(Kind.UPSTREAM_FAILED, "[p] no", upstream_status=status)
    assert should_retry(error)
    assert should_fail_over(error)


def test_pauses_grow_to_a_limit() -> None:
    assert [backoff(again) for again in range(6)] == [0.0, 0.25, 0.5, 1.0, 2.0, 2.0]
