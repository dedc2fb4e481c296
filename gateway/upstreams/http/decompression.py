"""A compressed body, cut anywhere -> its bytes, a piece at a time.

Rules:
- A piece is at most `PIECE` bytes, however much a few compressed ones stand for: what inflates to gigabytes
  costs neither memory nor anyone else's time.
- `deflate` is zlib's format, or the bare one that some servers send under that name.
- A body of gzip may have several members. What is none, after the first, is padding and dropped.
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
"""What each member of gzip begins with."""


@define
class Decompressor:
    encoding: str
    _engine: _Decompress | None = field(default=None, init=False)
    _waiting: bytes = field(default=b"", init=False)
    _full: bool = field(default=False, init=False)
    """The last piece was as long as it may be: there may be more of it."""
    _begun: bool = field(default=False, init=False)

    def feed(self, data: bytes) -> None:
        """More of the compressed body; to be given when `more` is false."""
        between = self._begun and self._engine is None and not self._waiting
        self._waiting += self._member(data) if between else data

    @property
    def more(self) -> bool:
        """Whether `take` may yield something without being fed."""
        return self._full or (bool(self._waiting) and self._recognised())

    def take(self) -> bytes:
        """The next piece; possibly empty. zlib.error where the body is damaged."""
        engine = self._engine = self._engine or self._next()
        data = engine.decompress(self._waiting, PIECE)
        self._full = len(data) == PIECE and not engine.eof
        self._waiting = engine.unconsumed_tail
        if engine.eof:
            self._engine = None
            self._waiting = self._member(engine.unused_data)
        return data

    def _member(self, rest: bytes) -> bytes:
        """What follows a member, if it is another."""
        return rest if rest.startswith(_MEMBER) and self.encoding != "deflate" else b""

    def _recognised(self) -> bool:
        """Two bytes tell which format a body of `deflate` has."""
        return self._begun or self.encoding != "deflate" or len(self._waiting) > 1

    def _next(self) -> _Decompress:
        self._begun = True
        return zlib.decompressobj(_GZIP if self.encoding != "deflate" or self._has_header() else _BARE)

    def _has_header(self) -> bool:
        first, second = self._waiting[:2]
        is_zlib = first & 0x0F == zlib.DEFLATED and (first << 8 | second) % 31 == 0
        return is_zlib or self._waiting.startswith(b"\x1f\x8b")
