"""The attachments of a request: what its target cannot take unchanged, fetched and extracted.

Rules:
- A request of text alone costs nothing; everything else is done once and cached.
- Failures are cached as well, so that a conversation's later requests are the same. It is retried only if the
  failure refuses the request, in the newest user turn.
- It never raises: the translators report or refuse missing entries.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from functools import partial

from attrs import Factory, define

from gateway.anthropic.conversation.content_parts import InputModalities
from gateway.anthropic.request.attachments import NO_ATTACHMENTS, Attachments, FetchedFile, PdfText
from gateway.attachments import pdf, web
from gateway.attachments.cache import BoundedCache
from gateway.attachments.requirements import RequiredAttachments
from gateway.settings.server import FetchUrls

ROOM = 64 * 1024 * 1024
"""Maximum bytes of each of the two caches."""
PATIENCE = 60.0
"""Seconds for all attachments of one request."""
URLS = 100
"""The most URLs that are fetched for one request."""
FETCHES, READINGS = 8, 2
"""At the same time, over all requests."""
OFF = FetchedFile(failure="this gateway fetches no URLs (server.fetch_urls)")
TOO_MANY = FetchedFile(failure=f"a request may name {URLS} URLs at most")


BIG = 1024 * 1024
"""Characters: a longer text is hashed in a thread."""


@define
class ResolvedAttachments:
    """The attachments of one request, as far as they have arrived."""

    files: dict[str, FetchedFile] = Factory(dict[str, FetchedFile])
    texts: dict[str, PdfText] = Factory(dict[str, PdfText])
    urls: int = 0
    """How many were requested."""


@define
class Resolver:
    """One per process."""

    _files: BoundedCache[FetchedFile] = Factory(lambda: BoundedCache[FetchedFile](ROOM))
    _texts: BoundedCache[PdfText] = Factory(lambda: BoundedCache[PdfText](ROOM))
    _fetches: asyncio.Semaphore = Factory(lambda: asyncio.Semaphore(FETCHES))
    _readings: asyncio.Semaphore = Factory(lambda: asyncio.Semaphore(READINGS))

    async def resolve(
        self, required: RequiredAttachments, modalities: InputModalities, urls: FetchUrls
    ) -> Attachments:
        """`modalities`: what the target takes. `urls`: which addresses may be fetched from."""
        if required.nothing:
            return NO_ATTACHMENTS
        table = ResolvedAttachments()
        with contextlib.suppress(TimeoutError):  # entries that arrived in time are in the table
            async with asyncio.timeout(PATIENCE):
                await self._fill(table, required, modalities, urls)
        return Attachments(table.files, table.texts)

    async def _fill(
        self,
        table: ResolvedAttachments,
        required: RequiredAttachments,
        modalities: InputModalities,
        urls: FetchUrls,
    ) -> None:
        await asyncio.gather(
            *(self._fetch(table, "image", url, again, urls) for url, again in required.images.items()),
            *(self._fetch(table, "document", url, again, urls) for url, again in required.documents.items()),
        )
        pdfs = dict(required.pdfs)
        if not modalities.pdf:
            pdfs |= {table.files[url].data: again for url, again in required.documents.items()}
        await asyncio.gather(*(self._read(table, data, again) for data, again in pdfs.items() if data))

    async def _fetch(
        self, table: ResolvedAttachments, want: web.Want, url: str, again: bool, urls: FetchUrls
    ) -> None:
        table.urls += 1
        if urls == "never":
            table.files[url] = OFF
        elif table.urls > URLS:
            table.files[url] = TOO_MANY
        else:
            key, make = f"{want} {urls} {url}", partial(self._get, want, url, urls)
            table.files[url] = await self._files.get(key, make, again=again)

    async def _get(self, want: web.Want, url: str, urls: FetchUrls) -> FetchedFile:
        async with self._fetches:
            return await web.fetch(url, want, private=urls == "all")

    async def _read(self, table: ResolvedAttachments, data: str, again: bool) -> None:
        key = await asyncio.to_thread(_digest, data) if len(data) > BIG else _digest(data)
        table.texts[data] = await self._texts.get(
            key, partial(pdf.read_pdf, data, self._readings), again=again
        )


def _digest(data: str) -> str:
    return hashlib.sha256(data.encode()).hexdigest()
