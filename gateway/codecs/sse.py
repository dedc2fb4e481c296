"""Server-sent events, split anywhere -> the payload of each event's `data`.

Rules:
- A line ends with LF, CRLF or CR, as the standard says; a CRLF split between two reads is one line end.
- Only `data` lines count; comments, `event:`, `id:`, `retry:` and unknown lines are dropped at once.
- Several `data` lines of one event are joined with LF, as the standard says. A line that is a JSON value by
  itself, or `[DONE]`, is a payload of its own, even if the server omits the blank line.
- An event that is cut off by the end of the stream before its blank line still counts (`close`).
- Memory is bounded: see `gateway.codecs.lines`; joined lines count together.
"""

from __future__ import annotations

from attrs import Factory, define

from gateway.codecs.lines import LIMIT, LineSplitter, LineTooLong


@define
class SseReader:
    limit: int = LIMIT
    _lines: LineSplitter = Factory(lambda self: LineSplitter(self.limit), takes_self=True)
    _joined: list[bytes] = Factory(list[bytes])
    _size: int = 0
    _after_cr: bool = False
    """The last line ended with CR: an LF that comes next belongs to that line end."""

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that `data` completes. Raises LineTooLong."""
        payloads: list[bytes] = []
        if b"\r" in data or self._after_cr:
            data = self._with_lf(data)
        for line in self._lines.feed(data):
            if line.startswith(b"data:"):
                payload = line[5:].strip()
                if not self._joined and payload.startswith((b"{", b"[")) and payload.endswith((b"}", b"]")):
                    payloads.append(payload)
                else:
                    self._join(payload)
            elif self._joined and not line:
                payloads.append(self._flush())
        return payloads

    @property
    def pending(self) -> bool:
        """Whether a payload has begun to arrive."""
        line = self._lines.first_bytes
        return bool(self._joined) or (line != b"" and b"data:".startswith(line[:5]))

    def close(self) -> list[bytes]:
        """The incomplete event at the end of the stream."""
        payloads = self.feed(self._lines.close() + b"\n")
        if self._joined:
            payloads.append(self._flush())
        return payloads

    def _with_lf(self, data: bytes) -> bytes:
        if self._after_cr and data:
            data = data.removeprefix(b"\n")
        self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _join(self, payload: bytes) -> None:
        if not payload:
            return
        self._size += len(payload)
        if self._size > self.limit:
            raise LineTooLong(self.limit)
        self._joined.append(payload)

    def _flush(self) -> bytes:
        payload = b"\n".join(self._joined)
        self._joined.clear()
        self._size = 0
        return payload
