"""Notices of one translation (dropped, emulated, clamped), each once however often it happened."""

from __future__ import annotations

from collections import Counter

from attrs import define, field

from gateway.parts import Notice

DETAILS = 64
"""Distinct details kept for one notice. Each is a line of the log."""
AND_MORE = "and more"


@define
class NoticeCollector:
    """Collects the notices of one translation, in order of first occurrence."""

    _said: dict[tuple[str, str], Notice] = field(factory=dict[tuple[str, str], Notice], init=False)
    _details: Counter[str] = field(factory=Counter[str], init=False)

    def add(self, name: str, detail: str = "") -> None:
        if (name, detail) in self._said:
            return
        if self._details[name] >= DETAILS:
            detail = AND_MORE
        self._details[name] += 1
        self._said.setdefault((name, detail), Notice(name, detail))

    @property
    def notices(self) -> tuple[Notice, ...]:
        return tuple(self._said.values())
