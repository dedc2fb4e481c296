"""A URL from a request -> the image or PDF at that URL, or why it could not be fetched.

Rules:
- http and https only, and only public addresses (`addresses`), checked again after every redirect.
- No proxy of the environment: it would resolve names, which the guard could not check. No cookies, no
  credentials.
- The content type and the first bytes must be those of the expected kind.
- Size, time and redirects are limited. It never raises.
"""

from __future__ import annotations

import asyncio
import base64
from typing import Literal
from urllib.parse import urljoin

import aiohttp
import httpx

from gateway.anthropic.request.attachments import FetchedFile
from gateway.attachments.addresses import AddressGuard

Want = Literal["image", "document"]

PATIENCE = 20.0
"""Seconds for one URL, redirects included."""
REDIRECTS = 5
LIMITS: dict[Want, int] = {"image": 10 * 1024 * 1024, "document": 32 * 1024 * 1024}
"""Bytes: the API's limits."""
_HEADERS = {"accept-encoding": "identity", "user-agent": "messages-gateway"}
_BEGINNINGS: dict[Want, dict[str, tuple[bytes, ...]]] = {
    "image": {
        "image/png": (b"\x89PNG\r\n\x1a\n",),
        "image/jpeg": (b"\xff\xd8\xff",),
        "image/gif": (b"GIF87a", b"GIF89a"),
        "image/webp": (b"RIFF",),
    },
    "document": {"application/pdf": (b"%PDF-",)},
}
_UNSAID = frozenset({"", "application/octet-stream", "binary/octet-stream"})
"""Content types that do not identify the content."""


class UnusableUrl(Exception):
    """The content of a URL cannot be used; the text says why."""


async def fetch(url: str, want: Want, *, private: bool) -> FetchedFile:
    """`private`: addresses that are not public are allowed, too."""
    guard = AddressGuard(private)
    try:
        async with asyncio.timeout(PATIENCE):
            return await _follow(url, want, guard)
    except TimeoutError:
        return FetchedFile(failure=f"it took longer than {PATIENCE:g} s")
    except (UnusableUrl, aiohttp.ClientError, httpx.InvalidURL, OSError, ValueError) as error:
        return FetchedFile(failure=_why(error, guard))


async def _follow(url: str, want: Want, guard: AddressGuard) -> FetchedFile:
    for _ in range(REDIRECTS + 1):
        connector = aiohttp.TCPConnector(socket_factory=guard.socket, use_dns_cache=False, force_close=True)
        async with (
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(),
            ) as session,
            session.get(_checked(url), allow_redirects=False, headers=_HEADERS) as response,
        ):
            if 300 <= response.status < 400 and (location := response.headers.get("location")):
                url = urljoin(url, location)
            elif response.status != 200:
                raise UnusableUrl(f"the server answered {response.status}")
            else:
                return await _read(response, want)
    raise UnusableUrl("it redirects without end")


def _checked(url: str) -> str:
    parsed = httpx.URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise UnusableUrl("only http and https URLs are fetched")
    if parsed.userinfo:
        raise UnusableUrl("URLs with credentials are not fetched")
    return url


async def _read(response: aiohttp.ClientResponse, want: Want) -> FetchedFile:
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    limit = LIMITS[want]
    if content_type not in _UNSAID and not _is_fit(content_type, want):
        raise UnusableUrl(f"the server says that it is {content_type}")
    if (response.content_length or 0) > limit:
        raise UnusableUrl(f"it is larger than {limit // (1024 * 1024)} MB")
    data = bytearray()
    async for piece in response.content.iter_any():
        data += piece
        if len(data) > limit:
            raise UnusableUrl(f"it is larger than {limit // (1024 * 1024)} MB")
    for media_type, beginnings in _BEGINNINGS[want].items():
        if data.startswith(beginnings):
            return FetchedFile(media_type, base64.b64encode(data).decode())
    raise UnusableUrl("it is not an image in a known format" if want == "image" else "it is not a PDF")


def _is_fit(content_type: str, want: Want) -> bool:
    return (
        content_type.startswith("image/")
        if want == "image"
        else content_type in ("application/pdf", "application/x-pdf")
    )


def _why(error: Exception, guard: AddressGuard) -> str:
    if isinstance(error, UnusableUrl):
        return str(error)
    if guard.refused:
        return "its address is not public"
    if isinstance(error, httpx.InvalidURL | aiohttp.InvalidURL):
        return "it is not a valid URL"
    if isinstance(error, aiohttp.ClientSSLError):
        return "its certificate cannot be trusted"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "its server cannot be reached"
    return "its server broke off"
