"""Newline-delimited JSON, split anywhere -> one payload for each line that is not blank."""

from __future__ import annotations

import json

import msgspec
from attrs import Factory, define, field

from gateway.codecs.lines import LIMIT, LineSplitter, LineTooLong


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
        return bool(self._lines.first_bytes.strip())

    def close(self) -> list[bytes]:
        """What arrived after the last line end."""
        rest = self._lines.close().strip()
        return [rest] if rest else []


@define
class NdjsonBody:
    """A stream of lines, or one JSON object that is spread over several.

    The first line decides: if an object begins on it and does not end there, the body is plain, buffered
    until its end and returned as one payload.
    """

    plain: bool = field(default=False, init=False)
    has_data: bool = field(default=False, init=False)
    """Something other than white space has arrived."""
    _reader: NdjsonReader = Factory(NdjsonReader)
    _decided: bool = False
    _kept: list[bytes] = Factory(list[bytes])
    _size: int = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that `data` completes. Raises LineTooLong."""
        payloads = self._reader.feed(data)
        self.has_data = self.has_data or bool(payloads) or self._reader.pending
        if payloads and not self._decided:
            self._decided = True
            self.plain = payloads[0].startswith(b"{") and not _is_json(payloads[0])
        if not self.plain:
            return payloads
        self._keep(payloads)
        return []

    def close(self) -> list[bytes]:
        """The rest at the end of the bytes: a line without its line end, or the plain body."""
        rest = self._reader.close()
        return [b"\n".join([*self._kept, *rest])] if self.plain else rest

    def _keep(self, payloads: list[bytes]) -> None:
        self._size += sum(map(len, payloads))
        if self._size > self._reader.limit:
            raise LineTooLong(self._reader.limit)
        self._kept += payloads


def _is_json(payload: bytes) -> bool:
    """Lone surrogates, which msgspec refuses, are no reason to doubt a line."""
    try:
        msgspec.json.decode(payload, type=msgspec.Raw)  # builds no values
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _is_python_json(payload)
    return True


def _is_python_json(payload: bytes) -> bool:
    try:
        json.loads(payload.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return False
    return True
