"""Whether a server that does not finish a TLS handshake speaks plain HTTP.

Rules:
- Some servers (llama.cpp) wait for more bytes and say nothing: so a server nearby that has never answered is
  asked in plain HTTP after `DELAY`, while the request goes on waiting for it.
- Only the handshake is watched: once it is over, the answer may take as long as it likes.
- The question holds no credentials. 400, and a redirect to https, are no answer: TLS servers say them.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
from collections.abc import Coroutine

import httpx

from gateway.errors import Kind, UpstreamFailed
from gateway.upstreams.diagnosis import PlainHttp, failure, is_timeout

DELAY = 1.0
"""Seconds that a handshake with a server nearby may take before the server is asked."""
PATIENCE = 1.0
"""Seconds for the connection and the status line."""


def is_nearby(host: str) -> bool:
    """A private address, or a name that only this network knows."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".local", ".localhost", ".internal", ".lan"))
    return address.is_private or address.is_loopback


async def watched(
    request: Coroutine[object, object, httpx.Response], url: httpx.URL, connected: asyncio.Event
) -> httpx.Response:
    """The request's result; PlainHttp where it waits for a server that speaks no TLS. `connected`: set once
    the handshake is over."""
    task = asyncio.ensure_future(request)
    ready = asyncio.ensure_future(connected.wait())
    try:
        done, _ = await asyncio.wait({task, ready}, timeout=DELAY, return_when=asyncio.FIRST_COMPLETED)
        if not done and await speaks_plain_http(url) and not (task.done() or connected.is_set()):
            raise PlainHttp
        return await task
    finally:
        ready.cancel()
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def no_connection(error: Exception, url: httpx.URL, provider: str, *, proxied: bool) -> UpstreamFailed:
    """What it means that a connection was not made in time, or was closed before TLS was agreed on."""
    where = f"{url.host}:{url.port or (443 if url.scheme == 'https' else 80)}"
    asked = url.scheme == "https" and not proxied
    if isinstance(error, PlainHttp) or (asked and await speaks_plain_http(url)):
        said = f"TLS was not answered at {where}, which speaks plain HTTP; http:// in base_url?"
        return UpstreamFailed(Kind.UPSTREAM_TLS, f"[{provider}] {said}")
    if not is_timeout(error):
        return failure(error, provider)
    way = " through the proxy" if proxied else ""
    said = f"cannot reach provider at {where}{way}: no connection within timeouts.connect"
    return UpstreamFailed(Kind.UPSTREAM_CONNECT_TIMEOUT, f"[{provider}] {said}")


async def speaks_plain_http(url: httpx.URL) -> bool:
    host, port = url.host, url.port or 443
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
                return _is_plain(await _head(reader))
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, ValueError):
        return False


async def _head(reader: asyncio.StreamReader) -> bytes:
    """The status line and the headers, as far as they come."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as cut:
        return cut.partial
    except asyncio.LimitOverrunError as long:
        return await reader.read(long.consumed)


_TO_TLS = re.compile(rb"^location:\s*https:", re.IGNORECASE | re.MULTILINE)


def _is_plain(head: bytes) -> bool:
    return head.startswith(b"HTTP/") and head.split(b" ", 2)[1:2] != [b"400"] and not _TO_TLS.search(head)
