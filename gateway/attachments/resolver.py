"""The attachments of a request: what its target cannot take as it is, fetched and read.

Rules:
- A request of text alone costs one look at its blocks; everything else is made once and kept on a shelf.
- What could not be had is kept as well, so that a conversation's later requests say the same. Only where the
  failure refuses the request, in the newest user turn, is it tried again.
- It never raises: what is missing from the table is said or refused by the translators.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from functools import partial

from attrs import Factory, define

from gateway.anthropic import wire as a
from gateway.anthropic.attached import NOTHING, Attachments, Fetched, Reading
from gateway.anthropic.pieces import Sight
from gateway.anthropic.wanted import wanted
from gateway.attachments import pdf, web
from gateway.attachments.shelf import Shelf
from gateway.settings.server import FetchUrls

ROOM = 64 * 1024 * 1024
"""Bytes that each of the two shelves keeps at most."""
URLS = 100
"""The most that is fetched for one request."""
FETCHES, READINGS = 8, 2
"""At the same time, over all requests."""
OFF = Fetched(failure="this gateway fetches no URLs (server.fetch_urls)")
TOO_MANY = Fetched(failure=f"a request may name {URLS} URLs at most")


BIG = 1024 * 1024
"""Characters: a text longer than this is hashed in a thread."""


@define
class Resolver:
    """One per process."""

    _files: Shelf[Fetched] = Factory(lambda: Shelf[Fetched](ROOM))
    _texts: Shelf[Reading] = Factory(lambda: Shelf[Reading](ROOM))
    _fetches: asyncio.Semaphore = Factory(lambda: asyncio.Semaphore(FETCHES))
    _readings: asyncio.Semaphore = Factory(lambda: asyncio.Semaphore(READINGS))

    async def resolve(self, messages: tuple[a.Message, ...], sight: Sight, urls: FetchUrls) -> Attachments:
        """`sight`: what the target takes. `urls`: which addresses may be fetched from."""
        todo = wanted(messages, sight)
        if todo.nothing:
            return NOTHING
        files = await self._fetch("image", todo.images, urls)
        documents = await self._fetch("document", todo.documents, urls)
        pdfs = dict(todo.pdfs)
        if not sight.pdf:
            pdfs |= {found.data: todo.documents[url] for url, found in documents.items() if found.data}
        readings = await asyncio.gather(*(self._read(data, again) for data, again in pdfs.items()))
        return Attachments({**files, **documents}, dict(zip(pdfs, readings, strict=True)))

    async def _fetch(self, want: web.Want, todo: Mapping[str, bool], urls: FetchUrls) -> dict[str, Fetched]:
        if urls == "never":
            return dict.fromkeys(todo, OFF)
        first = list(todo.items())[:URLS]
        found = await asyncio.gather(*(self._file(want, url, again, urls) for url, again in first))
        return dict.fromkeys(todo, TOO_MANY) | {url: one for (url, _), one in zip(first, found, strict=True)}

    async def _file(self, want: web.Want, url: str, again: bool, urls: FetchUrls) -> Fetched:
        return await self._files.get(f"{want} {urls} {url}", partial(self._get, want, url, urls), again=again)

    async def _get(self, want: web.Want, url: str, urls: FetchUrls) -> Fetched:
        async with self._fetches:
            return await web.fetch(url, want, private=urls == "all")

    async def _read(self, data: str, again: bool) -> Reading:
        key = await asyncio.to_thread(_digest, data) if len(data) > BIG else _digest(data)
        return await self._texts.get(key, partial(pdf.read, data, self._readings), again=again)


def _digest(data: str) -> str:
    return hashlib.sha256(data.encode()).hexdigest()
