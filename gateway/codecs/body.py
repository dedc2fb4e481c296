"""The bytes of an answer, cut anywhere -> payloads, whether they turn out to be events or one plain body.

Rules:
- The first bytes decide: what begins like server-sent events is a stream; anything else (JSON, HTML, text) is
  a plain body, kept until its end and then one payload.
- A byte order mark and white space before either are dropped as they come.
- Both are bounded: `LineTooLong`.
"""

from __future__ import annotations

from attrs import Factory, define, field

from gateway.codecs.lines import LIMIT, LineTooLong
from gateway.codecs.sse import SseReader

_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":")
_LONGEST_START = max(len(start) for start in _STARTS)
_BLANK = b"\xef\xbb\xbf\r\n\t "


@define
class BodyReader:
    plain: bool = field(default=False, init=False)
    """The body is no stream."""
    has_data: bool = field(default=False, init=False)
    """Anything but comments and white space has come."""
    _events: SseReader = Factory(SseReader)
    _decided: bool = False
    _kept: list[bytes] = Factory(list[bytes])
    """A plain body so far, or the few bytes that do not yet tell which it is."""
    _size: int = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that `data` completes."""
        if not self._decided:
            return self._decide(data)
        if self.plain:
            self._keep(data)
            return []
        payloads = self._events.feed(data)
        if not self.has_data:
            self.has_data = bool(payloads) or self._events.pending
        return payloads

    def close(self) -> list[bytes]:
        """What the end of the bytes leaves: an event without its end, or the plain body, perhaps empty."""
        if self._decided and not self.plain:
            return self._events.close()
        self.plain = True
        return [b"".join(self._kept)]

    def _decide(self, data: bytes) -> list[bytes]:
        head = b"".join([*self._kept, data]).lstrip(_BLANK)
        self._kept.clear()
        start = head[:_LONGEST_START]
        if start.startswith(_STARTS):
            self._decided = True
            return self.feed(head)
        if any(known.startswith(start) for known in _STARTS):
            self._kept.append(head)
            return []
        self._decided = self.plain = self.has_data = True
        self._keep(head)
        return []

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > LIMIT:
            raise LineTooLong(LIMIT)
        self._kept.append(data)
