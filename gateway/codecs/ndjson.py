"""Newline-delimited JSON, split anywhere -> one payload for each line that is not blank."""

from __future__ import annotations

from attrs import Factory, define

from gateway.codecs.lines import LIMIT, LineSplitter


@define
class NdjsonReader:
    limit: int = LIMIT
    _lines: LineSplitter = Factory(lambda self: LineSplitter(self.limit), takes_self=True)

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that `data` completes. Raises LineTooLong."""
        return [payload for line in self._lines.feed(data) if (payload := line.strip())]

    @property
    def pending(self) -> bool:
        """Whether a payload has begun to arrive."""
        return bool(self._lines.begun.strip())

    def close(self) -> list[bytes]:
        """What arrived after the last line end."""
        rest = self._lines.close().strip()
        return [rest] if rest else []
