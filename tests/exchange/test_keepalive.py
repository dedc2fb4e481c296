"""The clock arithmetic that decides what a silent upstream is covered with."""

from itertools import pairwise

from gateway.exchange.keepalive import KeepaliveAction, KeepaliveSchedule
from gateway.settings.models import Server

RULES = Server(commit_after=5, ping_every=10, drip_after=240, drip_every=30)


def acts_until(silence: KeepaliveSchedule, end: float) -> list[tuple[float, KeepaliveAction]]:
    done: list[tuple[float, KeepaliveAction]] = []
    while (due := silence.next())[0] <= end:
        when, act = due
        silence.keepalive_sent(act, when)
        done.append((when, act))
    return done


def test_headers_and_a_ping_go_out_after_the_first_silence():
    assert KeepaliveSchedule(RULES, 100.0).next() == (105.0, KeepaliveAction.COMMIT)


def test_pings_follow_every_ten_seconds_of_silence():
    done = acts_until(KeepaliveSchedule(RULES, 0.0), 36.0)
    assert done == [
        (5.0, KeepaliveAction.COMMIT),
        (15.0, KeepaliveAction.PING),
        (25.0, KeepaliveAction.PING),
        (35.0, KeepaliveAction.PING),
    ]


def test_drips_start_after_four_minutes_and_pings_go_on_between_them():
    done = acts_until(KeepaliveSchedule(RULES, 0.0), 331.0)
    drips = [when for when, act in done if act is KeepaliveAction.EMPTY_DELTA]
    assert drips == [240.0, 270.0, 300.0, 330.0]
    assert [act for when, act in done if 240 < when < 270] == [KeepaliveAction.PING, KeepaliveAction.PING]


def test_an_event_ends_the_silence():
    silence = KeepaliveSchedule(RULES, 0.0)
    acts_until(silence, 245.0)
    silence.events_sent(250.0)
    assert silence.next() == (260.0, KeepaliveAction.PING)
    assert (
        next(when for when, act in acts_until(silence, 600.0) if act is KeepaliveAction.EMPTY_DELTA) == 490.0
    )


def test_no_more_than_the_shortest_wait_passes_without_a_sign_of_life():
    rules = Server(commit_after=1, ping_every=1, drip_after=2, drip_every=1)
    times = [0.0, *(when for when, _ in acts_until(KeepaliveSchedule(rules, 0.0), 60.0))]
    assert max(later - earlier for earlier, later in pairwise(times)) <= 1.0


def test_a_ping_is_no_event():
    silence = KeepaliveSchedule(RULES, 0.0)
    silence.events_sent(1.0)
    assert (
        next(when for when, act in acts_until(silence, 300.0) if act is KeepaliveAction.EMPTY_DELTA) == 241.0
    )
