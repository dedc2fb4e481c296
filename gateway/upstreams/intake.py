"""The bytes of an answer, cut anywhere -> payloads, whether they turn out to be events or one plain body.

Rules:
- The first bytes decide: what begins like server-sent events is a stream; anything else (JSON, HTML, text) is
  a plain body, kept until its end and then one payload.
- Both are bounded: `LineTooLong`.
"""

from __future__ import annotations

from attrs import Factory, define, field

from gateway.lines import LIMIT, LineTooLong
from gateway.sse import SseReader

_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":")
_LONGEST_START = max(len(start) for start in _STARTS)


@define
class Intake:
    plain: bool = field(default=False, init=False)
    """The body is no stream."""
    _events: SseReader = Factory(SseReader)
    _decided: bool = False
    _kept: list[bytes] = Factory(list[bytes])
    """A plain body so far, or the bytes that do not yet tell which it is."""
    _size: int = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that `data` completes."""
        if self._decided and not self.plain:
            return self._events.feed(data)
        self._keep(data)
        return [] if self._decided else self._decide(b"".join(self._kept))

    def close(self) -> list[bytes]:
        """What the end of the bytes leaves: an event without its end, or the plain body, perhaps empty."""
        if self._decided and not self.plain:
            return self._events.close()
        self.plain = True
        return [b"".join(self._kept)]

    def _decide(self, head: bytes) -> list[bytes]:
        start = head.lstrip(b"\xef\xbb\xbf\r\n ")[:_LONGEST_START]
        if start.startswith(_STARTS):
            self._decided = True
            self._kept.clear()
            return self._events.feed(head.removeprefix(b"\xef\xbb\xbf"))
        self._decided = self.plain = not any(known.startswith(start) for known in _STARTS)
        return []

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > LIMIT:
            raise LineTooLong(LIMIT)
        self._kept.append(data)
