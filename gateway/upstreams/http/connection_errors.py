"""Connection errors of the HTTP libraries -> `UpstreamFailed` with a message that helps.

Rules:
- The message names the provider, what went wrong and what to change, and never contains a secret.
"""

from __future__ import annotations

import zlib

import aiohttp
import httpx

from gateway.errors import Kind, UpstreamFailed


class PlainHttp(Exception):
    """The server speaks plain HTTP where TLS was tried."""


def is_disconnect(error: BaseException) -> bool:
    """Whether the server closed an established connection."""
    return isinstance(
        _cause(error), aiohttp.ServerDisconnectedError | aiohttp.ClientOSError | ConnectionError
    ) and not isinstance(_cause(error), aiohttp.ClientConnectorError)


def is_timeout(error: BaseException) -> bool:
    """Whether connecting timed out."""
    return isinstance(_cause(error), TimeoutError)


def is_failed_handshake(error: BaseException) -> bool:
    """Whether connecting timed out or the connection was closed during the TLS handshake."""
    cause = _cause(error)
    if isinstance(cause, aiohttp.ClientConnectorError):
        return isinstance(cause.os_error, ConnectionResetError)
    return isinstance(cause, TimeoutError | PlainHttp)


def _cause(error: BaseException) -> BaseException:
    """Unwrap aiohttp's exception: the transport wraps it in a less specific httpx one."""
    return error.__cause__ if isinstance(error, httpx.TransportError) and error.__cause__ else error


def connection_error(error: BaseException, provider: str) -> UpstreamFailed:
    """Convert a connection error. The message names the provider and the fix, and contains no secret."""
    if isinstance(error, UpstreamFailed):
        return error
    cause = _cause(error)
    for types, kind, message in _DIAGNOSES:
        if isinstance(cause, types):
            return UpstreamFailed(
                kind, f"[{provider}] {message.format(where=_where(cause), why=_why(cause))}"
            )
    message = f"the answer is not HTTP as expected: {type(cause).__name__}"
    return UpstreamFailed(Kind.UPSTREAM_GARBAGE, f"[{provider}] {message}")


_DIAGNOSES: tuple[tuple[tuple[type[BaseException], ...], Kind, str], ...] = (
    (
        (aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch),
        Kind.UPSTREAM_TLS,
        "TLS failed at {where}: {why}",
    ),
    (
        (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError),
        Kind.UPSTREAM_UNREACHABLE,
        "cannot connect through the proxy: {why}",
    ),
    (
        (aiohttp.ClientConnectorError,),
        Kind.UPSTREAM_UNREACHABLE,
        "cannot reach provider at {where}: {why}",
    ),
    (
        (TimeoutError,),
        Kind.UPSTREAM_CONNECT_TIMEOUT,
        "cannot reach provider: no connection within timeouts.connect",
    ),
    (
        (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError),
        Kind.UPSTREAM_CUT,
        "the upstream closed the connection before it answered",
    ),
    (
        (aiohttp.ClientPayloadError,),
        Kind.UPSTREAM_CUT,
        "the upstream closed the connection in the middle of its answer",
    ),
    ((zlib.error,), Kind.UPSTREAM_GARBAGE, "the answer is damaged: it does not decompress"),
)
"""The first match wins: several of aiohttp's classes are also ClientOSError."""


def _where(cause: BaseException) -> str:
    return f"{cause.host}:{cause.port}" if isinstance(cause, aiohttp.ClientConnectorError) else ""


def _why(cause: BaseException) -> str:
    if isinstance(cause, aiohttp.ClientConnectorCertificateError):
        return f"{cause.certificate_error} (name a private CA with ca_file)"
    if "WRONG_VERSION_NUMBER" in str(cause):
        return "the server does not speak TLS there (use http:// in base_url)"
    if isinstance(cause, aiohttp.ClientConnectorError) and cause.os_error.strerror:
        return cause.os_error.strerror
    return type(cause).__name__
