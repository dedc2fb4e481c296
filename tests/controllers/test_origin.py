"""What a web page could send is refused where no client key is asked for; what clients send is not."""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace

import pytest

from gateway.controllers import origin
from gateway.controllers.origin import check_origin
from gateway.errors import Kind, RequestRefused
from gateway.settings.models import Server

JSON = {"content-type": "application/json", "content-length": "2"}


def refused(
    server: Server = Server(),  # noqa: B008
    method: str = "POST",
    local: str = "127.0.0.1",
    **headers: str,
) -> Kind | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        check_origin(method, {**JSON, **named}, server, local)
    except RequestRefused as error:
        return error.kind
    return None


LOOPBACK = [
    "localhost",
    "localhost:8080",
    "LOCALHOST:8080",
    "localhost.",
    "127.0.0.1",
    "127.0.0.1:8080",
    "127.8.9.1:1",
    "[::1]",
    "[::1]:8080",
    "gateway.localhost:8080",
]
FOREIGN = [
    "evil.example",
    "evil.example:8080",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil-localhost",
    "192.168.1.5:8080",
    "10.0.0.1",
    "0.0.0.0:8080",
    "[fe80::1]:8080",
    "",
    "localhost, evil.example",
    "evil.example@",
    "a b",
    "[",
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_a_loopback_host_is_served(host: str):
    assert refused(host=host) is None


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("method", ["POST", "GET", "HEAD", "OPTIONS"])
def test_any_other_host_is_403(host: str, method: str):
    assert refused(host=host, method=method) is Kind.PERMISSION


def test_a_request_without_host_comes_from_no_browser():
    assert refused() is None


@pytest.mark.parametrize("host", LOOPBACK)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_page_of_this_machine_may_ask(host: str, scheme: str):
    assert refused(host="localhost:8080", origin=f"{scheme}://{host}") is None


@pytest.mark.parametrize(
    "origin",
    [*(f"https://{host}" for host in FOREIGN if host), "null", "", "file://", "localhost", "//localhost"],
)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_any_other_page_is_403(origin: str, method: str):
    assert refused(host="127.0.0.1:8080", origin=origin, method=method) is Kind.PERMISSION


def test_configured_names_are_served_as_host_and_as_origin():
    server = Server(hosts=("gateway.internal", "192.168.1.5"))
    assert refused(server, host="gateway.internal:8080") is None
    assert refused(server, host="Gateway.Internal", origin="https://gateway.internal") is None
    assert refused(server, host="192.168.1.5:8080") is None
    assert refused(server, host="other.internal") is Kind.PERMISSION
    assert refused(server, host="gateway.internal.evil.example") is Kind.PERMISSION


def test_a_star_allows_every_name():
    assert refused(Server(hosts=("*",)), host="evil.example", origin="https://evil.example") is None


def test_the_address_that_is_listened_on_is_a_name_of_the_gateway_unless_it_is_any():
    assert refused(Server(host="192.168.1.5"), host="192.168.1.5:8080") is None
    assert refused(Server(host="0.0.0.0"), host="0.0.0.0:8080") is Kind.PERMISSION
    assert refused(Server(host="::"), host="[::]:8080") is Kind.PERMISSION


@pytest.mark.parametrize(
    ("local", "host"),
    [
        ("192.168.1.5", "192.168.1.5:8080"),
        ("192.168.1.5", "192.168.1.5"),
        ("::ffff:192.168.1.5", "192.168.1.5:8080"),
        ("fd00::5", "[fd00::5]:8080"),
        ("fd00::5", "[FD00:0:0::5]"),
        ("fe80::5%eth0", "[fe80::5]:8080"),
    ],
)
@pytest.mark.parametrize("listening", ["0.0.0.0", "::"])
def test_the_address_that_the_client_connected_to_is_a_name_of_the_gateway(
    local: str, host: str, listening: str
):
    server = Server(host=listening)
    assert refused(server, local=local, host=host) is None
    assert refused(server, local=local, host=host, origin=f"http://{host}") is None
    assert refused(server, local=local, host=host, origin="http://evil.example") is Kind.PERMISSION
    assert refused(server, local="192.168.1.6", host=host) is Kind.PERMISSION
    assert refused(server, local="", host=host) is Kind.PERMISSION


@pytest.mark.parametrize(
    ("server", "passes"), [(("192.168.1.5", 8080), True), (("192.168.1.6", 8080), False), (None, False)]
)
def test_the_address_is_that_of_the_connection(monkeypatch, server: tuple[str, int] | None, passes: bool):
    settings = SimpleNamespace(server=Server(host="0.0.0.0"))
    service = SimpleNamespace(runtimes=SimpleNamespace(current=SimpleNamespace(settings=settings)))
    monkeypatch.setattr(origin, "service_in", lambda _: service)
    passed = []

    async def app(scope, receive, send):
        passed.append(scope)

    headers = [(b"host", b"192.168.1.5:8080")]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers, "server": server}
    with contextlib.nullcontext() if passes else pytest.raises(RequestRefused):
        asyncio.run(origin.origin_guard(app)(scope, None, None))
    assert bool(passed) is passes


@pytest.mark.parametrize(
    "host",
    ["192.168.1.5.evil.example", "3232235781", "192.168.261", "0xc0.168.1.5", "evil.example", "", "0.0.0.0"],
)
def test_a_name_that_leads_to_that_address_is_not(host: str):
    assert refused(Server(host="0.0.0.0"), local="192.168.1.5", host=host) is Kind.PERMISSION
    assert refused(Server(host="0.0.0.0"), local=host, host="evil.example") is Kind.PERMISSION


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ],
)
def test_a_body_that_needs_no_preflight_is_415(content_type: str):
    assert refused(host="localhost", content_type=content_type) is Kind.UNSUPPORTED_MEDIA_TYPE
    assert refused(host="localhost", content_type=content_type, origin="http://localhost:1") is not None


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=utf-8", "application/vnd.x+json", ""]
)
def test_json_and_a_body_without_a_type_are_served(content_type: str):
    assert refused(host="localhost", content_type=content_type) is None


def test_a_body_without_a_type_from_a_page_is_415():
    """`fetch` sends a Blob without a type so, and asks nobody before."""
    assert (
        refused(host="localhost", origin="http://localhost:3000", content_type="")
        is Kind.UNSUPPORTED_MEDIA_TYPE
    )


def test_without_a_body_the_type_does_not_matter():
    assert refused(host="localhost", content_type="text/plain", content_length="0") is None
