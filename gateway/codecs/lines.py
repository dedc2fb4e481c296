"""Bytes, split anywhere -> complete lines.

Rules:
- A line ends with LF, which is not part of it.
- An incomplete line is kept in pieces and joined once, so a long line takes time linear in its length.
- A line that exceeds `limit` raises `LineTooLong` instead of filling the memory.
"""

from __future__ import annotations

from attrs import Factory, define

LIMIT = 16 * 1024 * 1024
"""Bytes. The longest valid line is a tool call that writes a file, in one piece."""


class LineTooLong(ValueError):
    """An upstream sent more than `limit` bytes without a line end."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"a line of more than {limit} bytes")


@define
class LineSplitter:
    limit: int = LIMIT
    _kept: list[bytes] = Factory(list[bytes])
    _size: int = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes."""
        lines = data.split(b"\n")
        rest = lines.pop()
        if lines and self._kept:
            self._kept.append(lines[0])
            lines[0] = b"".join(self._kept)
            self._kept.clear()
            self._size = 0
        if rest:
            self._keep(rest)
        return lines

    @property
    def first_bytes(self) -> bytes:
        """The first bytes of the incomplete line."""
        return self._kept[0] if self._kept else b""

    def close(self) -> bytes:
        """What arrived after the last line end."""
        rest = b"".join(self._kept)
        self._kept.clear()
        return rest

    def _keep(self, rest: bytes) -> None:
        self._size += len(rest)
        if self._size > self.limit:
            raise LineTooLong(self.limit)
        self._kept.append(rest)
