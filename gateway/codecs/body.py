"""The bytes of an answer, split anywhere -> payloads, for event streams and plain bodies alike.

Rules:
- The first bytes decide: if they begin like server-sent events, the answer is a stream; anything else (JSON,
  HTML, text) is a plain body, buffered until its end and returned as one payload.
- A byte order mark and white space before either are dropped.
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
    """The body is not a stream."""
    has_data: bool = field(default=False, init=False)
    """Something other than comments and white space has arrived."""
    _events: SseReader = Factory(SseReader)
    _decided: bool = False
    _kept: list[bytes] = Factory(list[bytes])
    """A plain body so far, or the first bytes while the kind of body is undecided."""
    _size: int = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that `data` completes."""
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
        """Return the rest at the end of the bytes: an event without its blank line, or the plain body (may be
        empty)."""
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
