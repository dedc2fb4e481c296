"""The connection to the server that is examined.

Rules:
- `get` and `post` never raise: an answer of status 0 states in one line why there was none.
- At most `LARGEST` bytes of an answer are read, whatever the server sends.
- Redirects are not followed: the key is for the given address only.
"""

from __future__ import annotations

import contextlib
import ipaddress
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Self
from urllib.parse import urlsplit

import httpx
from attrs import field, frozen

from gateway.doctor import json_access as js
from gateway.settings.hosts import is_loopback_host
from gateway.settings.loading import urls
from gateway.settings.models import Provider, Secret
from gateway.upstreams.errors.error_body import parse_error_body

LARGEST = 16 * 1024 * 1024
"""Bytes of one answer. OpenRouter's list of models has about two million."""
CONNECT = 5.0
HIDDEN = b"***"


class ProbeError(Exception):
    """The server could not be reached, or the connection broke; the message is one line."""


@frozen
class ProbeResponse:
    """One answer. `status` 0: there was none, and `fault` has the reason."""

    status: int = 0
    body: bytes = field(default=b"", repr=False)
    seconds: float = 0.0
    fault: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def json(self) -> object:
        return js.parsed(self.body) if self.ok else None

    @property
    def words(self) -> str:
        """The server's message when it refused, or why there was no answer."""
        return self.fault or parse_error_body(self.body).message or f"HTTP {self.status}"


@frozen
class ProbeStream:
    status: int
    _response: httpx.Response
    _key: bytes

    async def chunks(self) -> AsyncIterator[bytes]:
        """The answer's bytes, the key hidden. Raises ProbeError if the connection breaks or the answer is too
        long."""
        size = 0
        try:
            async for chunk in self._response.aiter_bytes():
                size += len(chunk)
                if size > LARGEST:
                    raise ProbeError(f"the answer has more than {LARGEST} bytes")
                yield chunk.replace(self._key, HIDDEN) if self._key else chunk
        except httpx.HTTPError as error:
            raise ProbeError(_reason(error)) from error

    async def body(self) -> bytes:
        return b"".join([piece async for piece in self.chunks()])


@frozen
class ProbeClient:
    """`api` is where `/chat/completions` and `/models` are; `root` is without `/v1`."""

    api: str
    root: str
    _client: httpx.AsyncClient = field(repr=False)
    _key: bytes = field(default=b"", repr=False)

    @classmethod
    @contextlib.asynccontextmanager
    async def to(cls, url: str, provider: Provider | None = None) -> AsyncGenerator[Self]:
        """`provider` gives key, headers, proxy and certificates. Raises ProbeError if these cannot be
        used."""
        settings = provider or Provider("openai", url)
        api = urls.versioned(url)
        try:
            client = _client(url, settings)
        except (OSError, ValueError, ssl.SSLError) as error:
            raise ProbeError(f"the certificates or the proxy cannot be used: {error}") from error
        key = settings.api_key.reveal().encode() if settings.api_key else b""
        async with client:
            yield cls(api, urls.ollama_root(api), client, key)

    async def get(self, url: str, seconds: float = CONNECT) -> ProbeResponse:
        return await self._ask("GET", url, None, seconds)

    async def post(self, url: str, body: object, seconds: float = CONNECT) -> ProbeResponse:
        return await self._ask("POST", url, body, seconds)

    @contextlib.asynccontextmanager
    async def open(self, url: str, body: object, seconds: float) -> AsyncGenerator[ProbeStream]:
        """A streamed answer; leaving the block closes the connection if it is incomplete. Raises
        ProbeError."""
        async with self._opened("POST", url, body, seconds) as response:
            yield ProbeStream(response.status_code, response, self._key)

    async def _ask(self, method: str, url: str, body: object, seconds: float) -> ProbeResponse:
        began = time.monotonic()
        try:
            async with self._opened(method, url, body, seconds) as response:
                whole = await ProbeStream(response.status_code, response, self._key).body()
                return ProbeResponse(response.status_code, whole, time.monotonic() - began)
        except ProbeError as error:
            return ProbeResponse(fault=str(error), seconds=time.monotonic() - began)

    @contextlib.asynccontextmanager
    async def _opened(
        self, method: str, url: str, body: object, seconds: float
    ) -> AsyncGenerator[httpx.Response]:
        limits = httpx.Timeout(seconds, connect=min(CONNECT, seconds))
        try:
            request = self._client.build_request(method, url, json=body, timeout=limits)
            response = await self._client.send(request, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            raise ProbeError(_reason(error)) from error
        try:
            yield response
        finally:
            # The server may have disconnected: the rest of its answer does not matter.
            with contextlib.suppress(httpx.HTTPError, OSError):
                await response.aclose()


def is_near(url: str) -> bool:
    """Whether the server is on this machine or in a private network: many requests to it cost no money."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".internal", ".home.arpa", ".localhost"))


def _client(url: str, provider: Provider) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        headers=_headers(provider.headers, provider.api_key),
        # Loading the authorities takes long, and an `http:` address does not use them.
        verify=_trust(provider) if url.startswith("https:") else False,
        proxy=provider.proxy,
        trust_env=provider.trust_env and not is_loopback_host(urlsplit(url).hostname or ""),
        limits=httpx.Limits(max_keepalive_connections=0),
    )


def _headers(more: Mapping[str, str], key: Secret | None) -> dict[str, str]:
    bearer = {"authorization": f"Bearer {key.reveal()}"} if key else {}
    return {"accept-encoding": "identity", **bearer, **more}


def _trust(provider: Provider) -> ssl.SSLContext | bool:
    if not provider.verify:
        return False
    if provider.ca_file is None and provider.client_cert is None:
        return True
    context = ssl.create_default_context(cafile=provider.ca_file)
    if provider.client_cert:
        context.load_cert_chain(provider.client_cert)
    return context


def _reason(error: Exception) -> str:
    match error:
        case httpx.ConnectTimeout() | httpx.ConnectError():
            message = str(error) or "no answer"
            return "nothing listens there" if "onnection" in message else f"it cannot be reached: {message}"
        case httpx.TimeoutException():
            return "it did not answer in time"
        case httpx.RemoteProtocolError() | httpx.DecodingError():
            return f"what it sends is not HTTP: {error}"
        case _:
            return f"the connection broke off: {error or type(error).__name__}"
