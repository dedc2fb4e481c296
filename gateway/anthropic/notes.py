"""What a translation dropped, emulated or clamped: notices, each said once however often it happened."""

from __future__ import annotations

from attrs import define, field

from gateway.parts import Notice


@define
class Notes:
    """Collects the notices of one translation, in the order they first came up."""

    _said: dict[tuple[str, str], Notice] = field(factory=dict[tuple[str, str], Notice], init=False)

    def add(self, name: str, detail: str = "") -> None:
        self._said.setdefault((name, detail), Notice(name, detail))

    @property
    def notices(self) -> tuple[Notice, ...]:
        return tuple(self._said.values())
