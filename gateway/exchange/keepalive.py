"""Which keepalive to send to the client while the upstream is silent, and when. Times are passed in.

Rules (measured on the client, which disconnects at about 361 s without headers and at 600 s with pings
alone):
- `commit_after` without anything: response headers and a first ping, no message yet.
- `ping_every` without an event: a ping.
- `drip_after` without an event other than pings: an empty delta, then one every `drip_every`.
Hidden reasoning and buffered arguments count as silence: only events *sent* to the client end it.
"""

from __future__ import annotations

from enum import Enum

from attrs import define, field

from gateway.settings.models import Server


class KeepaliveAction(Enum):
    COMMIT = "commit"
    PING = "ping"
    EMPTY_DELTA = "drip"


@define
class KeepaliveSchedule:
    """The keepalive times of one streamed answer; `request_time` and all times are seconds of one clock."""

    _rules: Server
    request_time: float
    committed: bool = False
    _sent: float = field(init=False)
    _real: float = field(init=False)
    _last_empty_delta: float = float("-inf")

    def __attrs_post_init__(self) -> None:
        self._sent = self._real = self.request_time

    def events_sent(self, now: float) -> None:
        """Record that events went to the client (with the headers, if these were not sent before)."""
        self.committed = True
        self._sent = self._real = now

    def keepalive_sent(self, act: KeepaliveAction, now: float) -> None:
        self.committed = True
        self._sent = now
        if act is KeepaliveAction.EMPTY_DELTA:
            self._last_empty_delta = now

    def next(self) -> tuple[float, KeepaliveAction]:
        """The next keepalive and its time, if nothing else is sent before."""
        if not self.committed:
            return self.request_time + self._rules.commit_after, KeepaliveAction.COMMIT
        ping = self._sent + self._rules.ping_every
        empty_delta = max(
            self._real + self._rules.drip_after, self._last_empty_delta + self._rules.drip_every
        )
        return (
            (empty_delta, KeepaliveAction.EMPTY_DELTA)
            if empty_delta <= ping
            else (ping, KeepaliveAction.PING)
        )
