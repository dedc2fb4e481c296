"""Either credential may be the client key; it opens the gateway and goes no further."""

from __future__ import annotations

import pytest

from gateway.controllers.keys import authenticate, is_admin, without_key
from gateway.errors import Kind, RequestRefused
from gateway.settings.server import ClientKey, Server
from gateway.settings.units import Secret

SERVER = Server(keys=(ClientKey(Secret("gateway-key"), "alice"), ClientKey(Secret("second-key"))))
OWN = "sk-ant-own"


ADMIN = Server(keys=SERVER.keys, admin_key=Secret("admin-key"))


@pytest.mark.parametrize(
    "other",
    [
        "second-key",
        "Token second-key",
        "Basic second-key",
        "second-key, zz",
        "zz,second-key",
        "Bearer zz, Bearer second-key",
        "  second-key  ",
        "admin-key",
        "Bearer admin-key",
        "\xe9",
        "Bearer \xe9",
    ],
)
def test_our_keys_go_no_further_however_they_are_written(other: str):
    headers = {"x-api-key": "gateway-key", "authorization": other, "x-other": "1"}
    assert authenticate(headers, ADMIN) == "alice"
    assert without_key(headers, ADMIN) == {"x-other": "1"}
    headers = {"authorization": "Bearer gateway-key", "x-api-key": other}
    assert without_key(headers, ADMIN) == {}


@pytest.mark.parametrize("other", ["sk-ant-own", "Bearer sk-ant-own", "gateway-key-not", "x-gateway-key"])
def test_what_only_looks_like_a_key_of_ours_stays(other: str):
    assert without_key({"x-api-key": other}, ADMIN) == {"x-api-key": other}


@pytest.mark.parametrize(
    ("headers", "name", "left"),
    [
        ({"x-api-key": "gateway-key"}, "alice", {}),
        ({"authorization": "Bearer gateway-key"}, "alice", {}),
        ({"authorization": "bearer  second-key "}, "key-2", {}),
        ({"x-api-key": "Bearer second-key"}, "key-2", {}),
        ({"authorization": "Bearer gateway-key", "x-api-key": OWN}, "alice", {"x-api-key": OWN}),
        (
            {"x-api-key": "gateway-key", "authorization": f"Bearer {OWN}"},
            "alice",
            {"authorization": f"Bearer {OWN}"},
        ),
        ({"x-api-key": "gateway-key", "authorization": "Basic abc"}, "alice", {"authorization": "Basic abc"}),
        ({"x-api-key": "gateway-key", "authorization": "Bearer gateway-key"}, "alice", {}),
        ({"x-api-key": "gateway-key", "authorization": "Bearer second-key"}, "alice", {}),
        ({"x-api-key": "", "authorization": "Bearer gateway-key"}, "alice", {"x-api-key": ""}),
    ],
)
def test_either_credential_is_the_client_key_and_only_the_other_stays(headers, name, left):
    assert authenticate(headers, SERVER) == name
    assert without_key({**headers, "x-other": "1"}, SERVER) == {**left, "x-other": "1"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": ""},
        {"authorization": "gateway-key"},
        {"authorization": "Basic gateway-key"},
        {"x-api-key": "gateway-key2", "authorization": "Bearer gateway-ke"},
        {"x-api-key": f"{OWN}, gateway-key"},
        {"x-api-key": "gäteway"},
    ],
)
def test_without_a_configured_key_it_is_401(headers):
    with pytest.raises(RequestRefused) as refused:
        authenticate(headers, SERVER)
    assert refused.value.kind is Kind.AUTHENTICATION


def test_where_no_keys_are_configured_credentials_stay():
    headers = {"x-api-key": OWN, "authorization": "Bearer x"}
    assert authenticate(headers, Server()) == ""
    assert without_key(headers, Server()) == headers


def test_the_admin_key_may_be_either_credential():
    server = Server(admin_key=Secret("admin"))
    assert is_admin({"authorization": "Bearer admin", "x-api-key": OWN}, server)
    assert is_admin({"authorization": f"Bearer {OWN}", "x-api-key": "admin"}, server)
    assert not is_admin({"authorization": f"Bearer {OWN}"}, server)
    assert not is_admin({}, server)
