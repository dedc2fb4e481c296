"""The addresses that a URL from a request may lead to: public ones, never the local network.

The check runs when a socket is created for an address that is about to be connected to. So it cannot be
bypassed by a second look-up of the name with another result, nor by an address that one parser takes for a
name and another for a number.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import Any

from attrs import define

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")


@define
class AddressGuard:
    """Creates the sockets of one fetch. `refused`: it has refused an address."""

    private: bool = False
    """Whether addresses that are not public are allowed."""
    refused: bool = False

    def socket(self, address: tuple[Any, ...]) -> socket.socket:
        """`address` is one entry of getaddrinfo's answer."""
        family, kind, protocol, _, where = address
        if not self.private and not is_public(str(where[0])):
            self.refused = True
            raise OSError(errno.EACCES, "the address is not public")
        return socket.socket(family, kind, protocol)


def is_public(host: str) -> bool:
    """False also for anything that is not an address."""
    try:
        address = _inner(ipaddress.ip_address(host))
    except ValueError:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner(address: Address) -> Address:
    """The IPv4 address embedded in an IPv6 one, in any of the standard ways."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if mapped := address.ipv4_mapped or address.sixtofour:
        return mapped
    if address in _NAT64 or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
