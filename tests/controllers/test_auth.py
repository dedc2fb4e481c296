"""Either credential may be the client key; it opens the gateway and goes no further."""

from __future__ import annotations

import base64

import pytest
from attrs import evolve

from gateway.controllers.auth import authenticate, is_admin, without_gateway_key
from gateway.errors import Kind, RequestRefused
from gateway.settings.loading.units import Secret
from gateway.settings.server import ClientKey, Server

SERVER = Server(keys=(ClientKey(Secret("gateway-key"), "alice"), ClientKey(Secret("second-key"))))
OWN = "sk-ant-own"


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
        ({"x-api-key": f"{OWN}, gateway-key"}, "alice", {}),
        ({"x-api-key": "second-key, gateway-key"}, "key-2", {}),
        ({"authorization": f"Bearer {OWN}, Bearer gateway-key"}, "alice", {}),
        ({"x-api-key": "gateway-key", "authorization": "Basic abc"}, "alice", {"authorization": "Basic abc"}),
        ({"x-api-key": "gateway-key", "authorization": "Bearer gateway-key"}, "alice", {}),
        ({"x-api-key": "gateway-key", "authorization": "Bearer second-key"}, "alice", {}),
        ({"x-api-key": "", "authorization": "Bearer gateway-key"}, "alice", {"x-api-key": ""}),
    ],
)
def test_either_credential_is_the_client_key_and_only_the_other_stays(headers, name, left):
    assert authenticate(headers, SERVER) == name
    assert without_gateway_key({**headers, "x-other": "1"}, SERVER) == {**left, "x-other": "1"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": ""},
        {"authorization": "gateway-key"},
        {"authorization": "Basic gateway-key"},
        {"x-api-key": "gateway-key2", "authorization": "Bearer gateway-ke"},
        {"x-api-key": ", ".join([*["zz"] * 20, "gateway-key"])},
        {"authorization": f"Bearer {OWN}, gateway-key"},
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
    assert without_gateway_key(headers, Server()) == headers


def test_the_admin_key_may_be_either_credential():
    server = Server(admin_key=Secret("admin"))
    assert is_admin({"authorization": "Bearer admin", "x-api-key": OWN}, server)
    assert is_admin({"authorization": f"Bearer {OWN}", "x-api-key": "admin"}, server)
    assert not is_admin({"authorization": f"Bearer {OWN}"}, server)
    assert not is_admin({}, server)


@pytest.mark.parametrize("key", ["gateway-key", "second-key", "the-admin"])
@pytest.mark.parametrize("name", ["x-api-key", "authorization"])
@pytest.mark.parametrize(
    "spelling",
    [
        "{}",
        "Bearer {}",
        "bearer   {} ",
        "Token {}",
        "Bearer Bearer {}",
        'Bearer "{}"',
        "{}, zz",
        "zz,{}",
        "Bearer zz, Bearer {}",
        "Basic {}",
        "many" + ", zz" * 50 + ", {}",
    ],
)
def test_no_key_of_the_gateways_goes_further_in_any_spelling(key: str, name: str, spelling: str):
    server = evolve(SERVER, admin_key=Secret("the-admin"))
    assert without_gateway_key({name: spelling.format(key), "x-other": "1"}, server) == {"x-other": "1"}


@pytest.mark.parametrize("pair", ["gateway-key:", ":gateway-key", "user:gateway-key"])
def test_nor_in_basic_credentials(pair: str):
    value = "Basic " + base64.b64encode(pair.encode()).decode()
    assert without_gateway_key({"authorization": value}, SERVER) == {}


def test_the_admin_key_goes_no_further_where_no_client_keys_are_configured():
    server = Server(admin_key=Secret("the-admin"))
    sent = {"authorization": "Bearer the-admin", "x-api-key": OWN}
    assert without_gateway_key(sent, server) == {"x-api-key": OWN}


@pytest.mark.parametrize(
    "own", ["gateway-key2", "Bearer my-gateway-key", "gateway", "Basic gateway-key:x", "a, b", "Basic dTpw"]
)
def test_credentials_that_resemble_a_key_stay(own: str):
    assert without_gateway_key({"authorization": own, "x-api-key": own}, SERVER) == {
        "authorization": own,
        "x-api-key": own,
    }


@pytest.mark.parametrize("server", [SERVER, Server()], ids=["keys", "no keys"])
def test_a_credential_outside_ascii_goes_no_further(server: Server):
    assert without_gateway_key({"x-api-key": "\xe9", "authorization": "Bearer x"}, server) == {
        "authorization": "Bearer x"
    }
