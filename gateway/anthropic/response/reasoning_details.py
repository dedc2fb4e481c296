"""Joins the streamed pieces of `reasoning_details` to the details that their server takes back.

Rules:
- A text or summary grows: a later piece of its `type` and `index` is appended to it. Of its other fields the
  last non-empty value counts; a signature comes at the end.
- Without an `index` only the last detail grows. Details of one list are separate, and so are encrypted ones
  and those of unknown types.
- Details that do not grow stay unchanged, including their number formats and escapes.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Raw

_DETAIL = msgspec.json.Decoder(dict[str, Raw])
_TEXT = msgspec.json.Decoder(str | None)
_GROWING = {b'"reasoning.text"': "text", b'"reasoning.summary"': "summary"}
"""By the JSON of the type: the field that grows."""
_NOTHING = frozenset({b"", b"null", b'""'})

Detail = dict[str, Raw]


def merge_details(lists: Iterable[tuple[Raw, ...]]) -> bytes:
    """The JSON array of all details; empty for none."""
    kept: list[Detail] = []
    for details in lists:
        before = len(kept)
        for piece in map(_DETAIL.decode, details):
            detail = _find_continued(kept[:before], piece)
            if detail is None:
                kept.append(piece)
            else:
                _grow(detail, piece)
    return msgspec.json.encode(kept) if kept else b""


def _find_continued(kept: list[Detail], piece: Detail) -> Detail | None:
    """The detail that `piece` continues."""
    if _field(piece, "type") not in _GROWING:
        return None
    indexed = _field(piece, "index") not in _NOTHING
    for detail in reversed(kept if indexed else kept[-1:]):
        if _key(detail) == _key(piece):
            return detail
    return None


def _grow(detail: Detail, piece: Detail) -> None:
    grows = _GROWING[_field(piece, "type")]
    for name, value in piece.items():
        if name == grows and name in detail:
            text = (_TEXT.decode(detail[name]) or "") + (_TEXT.decode(value) or "")
            detail[name] = Raw(msgspec.json.encode(text))
        elif bytes(value) not in _NOTHING:
            detail[name] = value


def _key(detail: Detail) -> tuple[bytes, bytes]:
    return _field(detail, "type"), _field(detail, "index")


def _field(detail: Detail, name: str) -> bytes:
    return bytes(detail.get(name, b""))
