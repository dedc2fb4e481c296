"""Notices of one translation (dropped, emulated, clamped), each once however often it happened."""

from __future__ import annotations

from collections import Counter

from attrs import define, field

from gateway.notices import NoticeName
from gateway.parts import Notice

DETAILS = 64
"""Distinct details kept for one notice. Each is a line of the log."""
AND_MORE = "and more"
_Key = tuple[NoticeName, str]


@define
class NoticeCollector:
    """Collects the notices of one translation, in order of first occurrence."""

    _added: dict[_Key, Notice] = field(factory=dict[_Key, Notice], init=False)
    _details: Counter[str] = field(factory=Counter[str], init=False)

    def add(self, name: NoticeName, detail: str = "") -> None:
        if (name, detail) in self._added:
            return
        if self._details[name] >= DETAILS:
            detail = AND_MORE
        self._details[name] += 1
        self._added.setdefault((name, detail), Notice(name, detail))

    @property
    def notices(self) -> tuple[Notice, ...]:
        return tuple(self._added.values())
