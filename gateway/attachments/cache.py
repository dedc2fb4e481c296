"""An LRU cache with a limit in bytes.

A conversation repeats its content in every request. Its attachments are fetched and extracted once, so that a
repetition costs nothing and gives the same bytes, which upstreams' prompt caches need.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from attrs import define, field

from gateway.anthropic.request.attachments import FetchedFile, PdfText

V = TypeVar("V", FetchedFile, PdfText)
Make = Callable[[], Coroutine[Any, Any, V]]


@define
class BoundedCache(Generic[V]):
    capacity: int
    """Bytes."""
    _kept: OrderedDict[str, V] = field(init=False, factory=OrderedDict[str, V])
    _making: dict[str, asyncio.Task[V]] = field(init=False, factory=dict[str, "asyncio.Task[V]"])
    _weight: int = field(init=False, default=0)

    async def get(self, key: str, make: Make[V], *, again: bool) -> V:
        """The cached value, or the result of `make`, called once for all concurrent callers. `again`: ignore
        cached failures."""
        kept = self._kept.get(key)
        if kept is not None and not (again and kept.failure):
            self._kept.move_to_end(key)
            return kept
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.create_task(self._make(key, make))
        return await asyncio.shield(task)

    async def _make(self, key: str, make: Make[V]) -> V:
        try:
            made = await make()
        finally:
            del self._making[key]
        self._forget(key)
        self._kept[key] = made
        self._weight += _weight(key, made)
        while self._weight > self.capacity and len(self._kept) > 1:
            self._forget(next(iter(self._kept)))
        return made

    def _forget(self, key: str) -> None:
        old = self._kept.pop(key, None)
        if old is not None:
            self._weight -= _weight(key, old)


def _weight(key: str, value: FetchedFile | PdfText) -> int:
    """Bytes; an entry itself counts, too."""
    content = value.data if isinstance(value, FetchedFile) else value.text
    return 500 + len(key) + len(content)
