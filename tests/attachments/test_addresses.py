"""Only public addresses are connected to, however they are written."""

import socket

import pytest

from gateway.attachments.addresses import AddressGuard, is_public


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8"]
)
def test_public_addresses_are_public(address: str):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1"),
        *("169.254.169.254", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1"),
        *("64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"),
    ],
)
def test_other_addresses_are_not(address: str):
    assert not is_public(address)


@pytest.mark.parametrize("text", ["localhost", "127.1", "2130706433", "0x7f000001", "example.org", ""])
def test_what_is_no_address_is_not_public(text: str):
    assert not is_public(text)


def test_socket_is_made_for_public_addresses_only():
    guard = AddressGuard()
    guard.socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 80))).close()
    assert not guard.refused
    with pytest.raises(OSError, match="not public"):
        guard.socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80)))
    assert guard.refused


def test_any_address_will_do_where_that_is_allowed():
    guard = AddressGuard(private=True)
    guard.socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))).close()
    assert not guard.refused
