"""Errors of the HTTP libraries become messages that name the provider and the fix."""

import ssl
import zlib

import aiohttp
import httpx
import pytest
from aiohttp.client_reqrep import ConnectionKey

from gateway.errors import Kind, UpstreamFailed
from gateway.upstreams.http.connection_errors import (
    PlainHttp,
    connection_error,
    is_disconnect,
    is_failed_handshake,
    is_timeout,
)

KEY = ConnectionKey("höst", 8000, True, True, None, None, None)


def unreachable(error: OSError) -> aiohttp.ClientConnectorError:
    return aiohttp.ClientConnectorError(KEY, error)


def wrapped(cause: BaseException) -> httpx.TransportError:
    """The cause inside the exception that the transport raises."""
    error = httpx.ConnectError("less specific")
    error.__cause__ = cause
    return error


REFUSED = unreachable(ConnectionRefusedError(111, "Connection refused"))
RESET = unreachable(ConnectionResetError(104, "Connection reset by peer"))
NO_TLS = aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version"))
CERTIFICATE = aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("self-signed"))


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (REFUSED, Kind.UPSTREAM_UNREACHABLE, "cannot reach provider at höst:8000: Connection refused"),
        (
            unreachable(OSError()),
            Kind.UPSTREAM_UNREACHABLE,
            "cannot reach provider at höst:8000: ClientConnectorError",
        ),
        (
            aiohttp.ClientProxyConnectionError(KEY, OSError(111, "Connection refused")),
            Kind.UPSTREAM_UNREACHABLE,
            "cannot connect through the proxy: Connection refused",
        ),
        (
            NO_TLS,
            Kind.UPSTREAM_TLS,
            "TLS failed at höst:8000: the server does not speak TLS there (use http:// in base_url)",
        ),
        (
            TimeoutError(),
            Kind.UPSTREAM_CONNECT_TIMEOUT,
            "cannot reach provider: no connection within timeouts.connect",
        ),
        (
            aiohttp.ServerDisconnectedError(),
            Kind.UPSTREAM_CUT,
            "the upstream closed the connection before it answered",
        ),
        (
            ConnectionResetError(104, "reset"),
            Kind.UPSTREAM_CUT,
            "the upstream closed the connection before it answered",
        ),
        (
            aiohttp.ClientPayloadError("token=secret"),
            Kind.UPSTREAM_CUT,
            "the upstream closed the connection in the middle of its answer",
        ),
        (zlib.error("bad"), Kind.UPSTREAM_GARBAGE, "the answer is damaged: it does not decompress"),
        (
            ValueError("https://user:secret@host"),
            Kind.UPSTREAM_GARBAGE,
            "the answer is not HTTP as expected: ValueError",
        ),
    ],
)
@pytest.mark.parametrize("wrap", [wrapped, lambda cause: cause], ids=["wrapped", "bare"])
def test_message_names_provider_and_cause(error: BaseException, kind: Kind, message: str, wrap):
    found = connection_error(wrap(error), "local")
    assert (found.kind, found.message) == (kind, f"[local] {message}")


def test_untrusted_certificate_names_the_setting():
    found = connection_error(CERTIFICATE, "local")
    assert found.kind is Kind.UPSTREAM_TLS
    assert found.message.startswith("[local] TLS failed at höst:8000: ")
    assert "self-signed" in found.message
    assert found.message.endswith("(name a private CA with ca_file)")


def test_error_of_the_gateway_stays():
    error = UpstreamFailed(Kind.UPSTREAM_CUT, "[p] known")
    assert connection_error(error, "local") is error


@pytest.mark.parametrize(
    ("error", "disconnect", "timeout", "handshake"),
    [
        (aiohttp.ServerDisconnectedError(), True, False, False),
        (aiohttp.ClientOSError(104, "reset"), True, False, False),
        (BrokenPipeError(), True, False, False),
        (REFUSED, False, False, False),
        (RESET, False, False, True),
        (TimeoutError(), False, True, True),
        (PlainHttp(), False, False, True),
        (ValueError(), False, False, False),
    ],
)
@pytest.mark.parametrize("wrap", [wrapped, lambda cause: cause], ids=["wrapped", "bare"])
def test_kind_of_a_connection_error(
    error: BaseException, disconnect: bool, timeout: bool, handshake: bool, wrap
):
    sent = wrap(error)
    assert (is_disconnect(sent), is_timeout(sent), is_failed_handshake(sent)) == (
        disconnect,
        timeout,
        handshake,
    )


def test_transport_error_without_a_cause_is_its_own():
    found = connection_error(httpx.RemoteProtocolError("x"), "local")
    assert found.message == "[local] the answer is not HTTP as expected: RemoteProtocolError"
