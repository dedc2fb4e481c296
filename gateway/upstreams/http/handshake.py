"""Detects a server that speaks plain HTTP and therefore never finishes a TLS handshake.

Rules:
- Some servers (llama.cpp) wait for more bytes and send nothing. So a nearby server that has never completed a
  TLS handshake gets a plain HTTP request after `DELAY`, while the handshake goes on.
- Once a TLS connection exists, no such request is sent: the server may take its time to answer.
- The request has no credentials. TLS servers answer it as well: with 400 or 426, or with a redirect to https
  (nginx `error_page 497`, Caddy). None of these counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Coroutine

import httpx

from gateway.errors import Kind, UpstreamFailed
from gateway.upstreams.http.connection_errors import PlainHttp, connection_error, is_timeout

DELAY = 1.0
"""Seconds that a TLS handshake with a nearby server may take before the plain HTTP request."""
PATIENCE = 1.0
"""Seconds for the connection and the head of the answer."""
_TLS_EXPECTED = frozenset({b"400", b"426"})
"""Statuses with which TLS servers answer plain HTTP: bad request, upgrade required."""


def is_nearby(host: str) -> bool:
    """True for a private address or a name that only resolves in the local network."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".local", ".localhost", ".internal", ".lan"))
    return address.is_private or address.is_loopback


async def with_plain_http_check(
    request: Coroutine[object, object, httpx.Response], connected: asyncio.Event, url: httpx.URL
) -> httpx.Response:
    """Await the request. Raises PlainHttp if it is waiting for a server that does not speak TLS.

    `connected`: set once a TLS connection to the server is made, by this request or another one.
    """
    task = asyncio.ensure_future(request)
    handshake = asyncio.ensure_future(connected.wait())
    try:
        done, _ = await asyncio.wait({task, handshake}, timeout=DELAY, return_when=asyncio.FIRST_COMPLETED)
        if not done and await speaks_plain_http(url) and not (task.done() or connected.is_set()):
            raise PlainHttp
        return await task
    finally:
        handshake.cancel()
        task.cancel()
        await asyncio.gather(task, handshake, return_exceptions=True)


async def connect_error(error: Exception, url: httpx.URL, provider: str, *, proxied: bool) -> UpstreamFailed:
    """The error for a connection that timed out or was closed during the TLS handshake."""
    where = f"{url.host}:{url.port or (443 if url.scheme == 'https' else 80)}"
    uses_tls = url.scheme == "https" and not proxied
    if isinstance(error, PlainHttp) or (uses_tls and await speaks_plain_http(url)):
        message = f"TLS was not answered at {where}, which speaks plain HTTP; http:// in base_url?"
        return UpstreamFailed(Kind.UPSTREAM_TLS, f"[{provider}] {message}")
    if not is_timeout(error):
        return connection_error(error, provider)
    way = " through the proxy" if proxied else ""
    message = f"cannot reach provider at {where}{way}: no connection within timeouts.connect"
    return UpstreamFailed(Kind.UPSTREAM_CONNECT_TIMEOUT, f"[{provider}] {message}")


async def speaks_plain_http(url: httpx.URL) -> bool:
    host, port = url.host, url.port or 443
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
                return await _answers(reader)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, ValueError):
        return False


async def _answers(reader: asyncio.StreamReader) -> bool:
    """Whether an HTTP answer arrives that a TLS server would not send."""
    version, _, rest = (await reader.readline()).partition(b" ")
    status = rest[:3]
    if not version.startswith(b"HTTP/") or status in _TLS_EXPECTED:
        return False
    return not (status.startswith(b"3") and await _leads_to_https(reader))


async def _leads_to_https(reader: asyncio.StreamReader) -> bool:
    while line := (await reader.readline()).strip().lower():
        name, _, value = line.partition(b":")
        if name == b"location":
            return value.strip().startswith(b"https:")
    return False
