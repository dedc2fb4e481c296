"""What a web page could send is refused where no client key is asked for; what clients send is not."""

from __future__ import annotations

import pytest

from gateway.controllers.origin import check
from gateway.errors import Kind, RequestRefused
from gateway.settings.models import Server

JSON = {"content-type": "application/json", "content-length": "2"}


def refused(server: Server = Server(), method: str = "POST", **headers: str) -> Kind | None:  # noqa: B008
    try:
        check(method, {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}, server)
    except RequestRefused as error:
        return error.kind
    return None


@pytest.mark.parametrize(
    ("host", "local", "kind"),
    [
        ("192.168.1.5:8080", "192.168.1.5", None),
        ("[fd00::5]:8080", "fd00::5", None),
        ("192.168.1.6:8080", "192.168.1.5", Kind.PERMISSION),
        ("evil.example:8080", "192.168.1.5", Kind.PERMISSION),
        ("", "", Kind.PERMISSION),
    ],
)
def test_the_address_that_a_connection_came_to_is_a_name_of_ours(host: str, local: str, kind: Kind | None):
    def asked(**more: str) -> Kind | None:
        try:
            check("POST", {**JSON, "host": host, **more}, Server(host="0.0.0.0"), local)
        except RequestRefused as error:
            return error.kind
        return None

    assert asked() is kind
    assert asked(origin="http://192.168.1.5:3000") is Kind.PERMISSION, "a page of another server there"


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
