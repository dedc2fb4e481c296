"""A compressed body, split anywhere -> its bytes, a piece at a time.

Rules:
- A piece is at most `PIECE` bytes, whatever the compression ratio: a body that inflates to gigabytes neither
  fills the memory nor delays other requests.
- `deflate` is zlib's format, or the raw format that some servers send under that name.
- A gzip body may have several members. Data after the first member that is not another member is padding and
  dropped.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from zlib import _Decompress  # type: ignore[attr-defined]  # a name of the stubs

PIECE = 64 * 1024
"""Bytes."""
ENCODINGS = frozenset({"gzip", "x-gzip", "deflate"})
_GZIP = zlib.MAX_WBITS | 32
_BARE = -zlib.MAX_WBITS
_MEMBER = b"\x1f"
"""The first byte of each gzip member."""


@define
class Decompressor:
    encoding: str
    _engine: _Decompress | None = field(default=None, init=False)
    _waiting: bytes = field(default=b"", init=False)
    _full: bool = field(default=False, init=False)
    """The last piece had the maximum length: more data may be pending."""
    _has_started: bool = field(default=False, init=False)

    def feed(self, data: bytes) -> None:
        """Add compressed data. Call it only when `more` is false."""
        between = self._has_started and self._engine is None and not self._waiting
        self._waiting += self._member(data) if between else data

    @property
    def more(self) -> bool:
        """Whether `take` may return data without another `feed`."""
        return self._full or (bool(self._waiting) and self._recognised())

    def take(self) -> bytes:
        """The next piece, which may be empty. Raises zlib.error if the body is damaged."""
        engine = self._engine = self._engine or self._next()
        data = engine.decompress(self._waiting, PIECE)
        self._full = len(data) == PIECE and not engine.eof
        self._waiting = engine.unconsumed_tail
        if engine.eof:
            self._engine = None
            self._waiting = self._member(engine.unused_data)
        return data

    def _member(self, rest: bytes) -> bytes:
        """The data after a member, if it starts another one."""
        return rest if rest.startswith(_MEMBER) and self.encoding != "deflate" else b""

    def _recognised(self) -> bool:
        """Detect the format of a `deflate` body from its first two bytes."""
        return self._has_started or self.encoding != "deflate" or len(self._waiting) > 1

    def _next(self) -> _Decompress:
        self._has_started = True
        return zlib.decompressobj(_GZIP if self.encoding != "deflate" or self._has_header() else _BARE)

    def _has_header(self) -> bool:
        first, second = self._waiting[:2]
        is_zlib = first & 0x0F == zlib.DEFLATED and (first << 8 | second) % 31 == 0
        return is_zlib or self._waiting.startswith(b"\x1f\x8b")
