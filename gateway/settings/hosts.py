"""Host names and addresses in settings, headers and URLs."""

from __future__ import annotations

import ipaddress
import re

_HOST = re.compile(r"[\w.:%\[\]-]+")
_PORT = re.compile(r"^[^:]*:\d*$|\]:")
"""A port after a name or a bracketed address; an IPv6 address without brackets has more than one colon."""


def is_host(text: str) -> bool:
    return _HOST.fullmatch(text) is not None


def has_port(host: str) -> bool:
    return _PORT.search(host) is not None


def is_loopback_host(host: str) -> bool:
    """Whether a host name or address, with or without brackets, is this machine's own.

    Not `*.localhost`: some resolvers ask the network for these names.
    """
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return host.lower() == "localhost"
