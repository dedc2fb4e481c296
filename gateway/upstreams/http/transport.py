"""One provider's pooled HTTP connections: sends bytes, returns status and bytes, raises `UpstreamFailed`.

Rules:
- httpx with the aiohttp-based transport: httpx's own needs two to five times the CPU for each read. Pool,
  proxy and TLS settings go to the transport; a client would ignore them.
- Environment proxies are resolved here, once, and never used for loopback addresses.
- A pooled connection that the server has closed meanwhile is replaced once, before any byte of an answer
  (llama.cpp announces `Keep-Alive: timeout=5` and then closes after a stream at once).
- Bodies are requested uncompressed, and decompressed if a server or proxy compresses them anyway.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from contextvars import ContextVar
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import httpx
from attrs import define, field
from httpx_aiohttp import AiohttpTransport

from gateway.errors import Kind, UpstreamFailed
from gateway.settings.hosts import is_loopback_host
from gateway.settings.models import Provider
from gateway.upstreams.http.connection_errors import connection_error, is_disconnect, is_failed_handshake
from gateway.upstreams.http.decompression import ENCODINGS, Decompressor
from gateway.upstreams.http.handshake import connect_error, is_nearby, with_plain_http_check
from gateway.upstreams.http.redaction import HIDDEN, secrets_of

IDENTITY = {"user-agent": "messages-gateway"}
KEEP_ALIVE = 30.0
"""Seconds an idle connection is kept."""
DRAIN = 0.5
"""Seconds that the end of a body may take to arrive after the end of its content."""
EXPLAINING = 2.0
"""Seconds that an error body may take to arrive after its status."""

_url = functools.lru_cache(maxsize=256)(httpx.URL)
"""Parsing the same few URLs again would cost half as much as creating a request object."""

_reused: ContextVar[bool] = ContextVar("_reused", default=False)


@define
class UpstreamResponse:
    """One upstream HTTP answer whose status has arrived. Always call `close`."""

    status: int
    headers: httpx.Headers
    _provider: str
    _response: httpx.Response
    secrets: Sequence[str] = field(default=(), repr=False)
    """The credentials that the request was sent with."""
    _chunks: AsyncIterator[bytes] = field(init=False)
    _encoding: str = field(init=False)
    _inflating: Decompressor | None = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._chunks = self._response.stream.__aiter__()  # type: ignore[union-attr]  # always async here
        self._encoding = self.headers.get("content-encoding", "").strip().lower()
        self._inflating = Decompressor(self._encoding) if self._encoding in ENCODINGS else None

    @property
    def framed(self) -> bool:
        """Whether a truncated body can be told from a complete one."""
        chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
        return chunked or "content-length" in self.headers

    async def read(self) -> bytes | None:
        """The bytes of one read, None at the end of the body.

        Raises UpstreamFailed for an unknown compression. Raising it in the constructor would leave the
        connection open.
        """
        if self._inflating is None and self._encoding not in ("", "identity"):
            how = f"compressed with {self._encoding}, though none was asked for"
            raise UpstreamFailed(Kind.UPSTREAM_GARBAGE, f"[{self._provider}] the answer is {how}")
        try:
            if self._inflating is not None:
                return await self._inflated(self._inflating)
            return await anext(self._chunks)
        except StopAsyncIteration:
            return None
        except Exception as error:  # the transport raises errors of several libraries
            raise connection_error(error, self._provider) from error

    async def _inflated(self, inflating: Decompressor) -> bytes:
        """The next piece. Other tasks run before it: a little compressed data may expand to a lot."""
        await asyncio.sleep(0)
        while not inflating.more:
            inflating.feed(await anext(self._chunks))
        return inflating.take()

    async def read_all(self, limit: int) -> bytes:
        """The body, up to `limit` bytes (the rest is not read)."""
        chunks: list[bytes] = []
        size = 0
        while size < limit and (data := await self.read()) is not None:
            chunks.append(data)
            size += len(data)
        return b"".join(chunks)[:limit]

    async def error_body(self, limit: int) -> bytes:
        """The body of an error response, without the request's secrets.

        Returns what has arrived if the body breaks off: the status still counts.
        """
        chunks: list[bytes] = []
        size = 0
        with contextlib.suppress(UpstreamFailed, TimeoutError):
            async with asyncio.timeout(EXPLAINING):
                while size < limit and (data := await self.read()) is not None:
                    chunks.append(data)
                    size += len(data)
        body = b"".join(chunks)[:limit]
        for secret in self.secrets:
            body = body.replace(secret.encode(), HIDDEN.encode())
        return body

    async def drain(self) -> None:
        """Wait briefly for the end of a body whose content is complete: only then is the connection kept."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(DRAIN):
                while await self.read() is not None:
                    pass

    async def close(self) -> None:
        with contextlib.suppress(Exception):  # the connection is being closed anyway
            await self._response.stream.aclose()  # type: ignore[union-attr]


@define
class ProviderConnections:
    """The connections to one provider."""

    name: str
    base_url: str
    _headers: Mapping[str, str] = field(repr=False)
    _transport: AiohttpTransport = field(repr=False)
    _secrets: Sequence[str] = field(default=(), repr=False)
    _query: str = ""
    """Added to every request: Azure's `api-version`."""
    _proxied: bool = False
    _connected: asyncio.Event = field(factory=asyncio.Event)
    """Set once a connection is made, including its TLS handshake."""

    @classmethod
    def build(cls, name: str, provider: Provider, key_header: str = "authorization") -> ProviderConnections:
        """`key_header`: the header for the provider's key; in `authorization` it is a Bearer token."""
        headers = {"accept-encoding": "identity"}
        if provider.api_key:
            key = provider.api_key.reveal()
            headers[key_header] = f"Bearer {key}" if key_header == "authorization" else key
        headers |= {key.lower(): value for key, value in provider.headers.items()}
        address, _, query = provider.base_url.partition("?")
        connected = asyncio.Event()
        transport = _transport(provider, connected)
        proxied = bool(_proxy(provider))
        holding = {**provider.headers, **dict(parse_qsl(query))}
        secrets = secrets_of(holding, provider.api_key.reveal() if provider.api_key else None)
        return cls(name, address, headers, transport, secrets, query, proxied, connected)

    async def post(
        self, path: str, body: bytes, connect: float, headers: Mapping[str, str] | None = None
    ) -> UpstreamResponse:
        """Send a JSON body and wait for the status. `connect` is in seconds.

        `headers` are added unless the provider's settings set the same ones.
        """
        forwarded = headers or {}
        sent = {**IDENTITY, **forwarded, **self._headers, "content-type": "application/json"}
        reply = await self._send("POST", path, sent, body, connect)
        if own := secrets_of(forwarded):
            reply.secrets = [*own, *reply.secrets]
        return reply

    async def get(self, path: str, connect: float) -> UpstreamResponse:
        return await self._send("GET", path, {**IDENTITY, **self._headers}, b"", connect)

    async def close(self) -> None:
        await self._transport.aclose()

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, connect: float
    ) -> UpstreamResponse:
        url = f"{self.base_url}{path}?{self._query}" if self._query else self.base_url + path
        # httpx encodes text as ASCII and rejects anything else
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        request = httpx.Request(method, _url(url), headers=raw, content=body)
        request.extensions = {"timeout": {"connect": connect}}
        _reused.set(False)
        try:
            try:
                response = await self._request(request)
            except httpx.TransportError as error:
                if not (_reused.get() and is_disconnect(error)):
                    raise
                response = await self._transport.handle_async_request(request)
        except Exception as error:  # the transport raises errors of several libraries
            if is_failed_handshake(error):
                raise await connect_error(error, request.url, self.name, proxied=self._proxied) from error
            raise connection_error(error, self.name) from error
        return UpstreamResponse(response.status_code, response.headers, self.name, response, self._secrets)

    async def _request(self, request: httpx.Request) -> httpx.Response:
        sent, url = self._transport.handle_async_request(request), request.url
        known = self._connected.is_set() or self._proxied
        if known or url.scheme != "https" or not is_nearby(url.host):
            return await sent
        return await with_plain_http_check(sent, self._connected, url)


def _transport(provider: Provider, connected: asyncio.Event) -> AiohttpTransport:
    tls = _tls(provider)

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=provider.max_connections, keepalive_timeout=KEEP_ALIVE, ssl=tls, ttl_dns_cache=60
        )
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[_trace(connected)]
        )

    proxy = _proxy(provider)
    return AiohttpTransport(verify=tls, proxy=httpx.Proxy(proxy) if proxy else None, client=session)


def _tls(provider: Provider) -> ssl.SSLContext:
    verify, cert = _verify(provider), provider.client_cert
    if verify is True and not cert:
        uses_tls = bool(_proxy(provider)) or not provider.base_url.startswith("http://")
        return _public_tls(provider.trust_env) if uses_tls else _no_authorities()
    return httpx.create_ssl_context(verify=verify, cert=cert, trust_env=provider.trust_env)


def _no_authorities() -> ssl.SSLContext:
    """For plain HTTP. A gateway for a local server starts sooner without the public authorities."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@functools.cache
def _public_tls(trust_env: bool) -> ssl.SSLContext:
    """One TLS context for all providers: loading the public authorities takes a tenth of a second."""
    return httpx.create_ssl_context(trust_env=trust_env)


def _verify(provider: Provider) -> ssl.SSLContext | bool:
    if provider.verify and provider.ca_file:
        return ssl.create_default_context(cafile=provider.ca_file)
    return provider.verify


def _trace(connected: asyncio.Event) -> aiohttp.TraceConfig:
    """Record in the request's context whether its connection came from the pool, and set `connected` at the
    first connection."""
    trace = aiohttp.TraceConfig()

    async def reused(*_: object) -> None:
        _reused.set(True)

    async def created(*_: object) -> None:
        _reused.set(False)
        connected.set()

    trace.on_connection_reuseconn.append(reused)
    trace.on_connection_create_end.append(created)
    return trace


def _proxy(provider: Provider) -> str | None:
    return provider.proxy or _environment_proxy(provider)


def _environment_proxy(provider: Provider) -> str | None:
    url = urlsplit(provider.base_url)
    host = url.hostname or ""
    if (
        not provider.trust_env
        or is_loopback_host(host)
        or host.endswith(".localhost")
        or urllib.request.proxy_bypass(host)
    ):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(url.scheme) or proxies.get("all")
