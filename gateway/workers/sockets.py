"""The sockets that the gateway listens on, bound before anything is printed or started.

Rules:
- An address that cannot be bound is a ConfigError of one line, which suggests a free port.
- `check_address` reports what `bind_sockets` would, except a port in use: the gateway itself may hold it.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator

from gateway.errors import ConfigError
from gateway.settings.server import Server

BACKLOG = 2048
_NEARBY = 100
"""Ports that are tried in search of a free one."""


def bind_sockets(server: Server) -> list[socket.socket]:
    """One listening socket for each address of the host."""
    sockets: list[socket.socket] = []
    try:
        for one in _binding(server):
            sockets.append(one)
            one.listen(BACKLOG)
    except OSError as error:
        _close(sockets)
        raise _refused(server, error) from error
    return sockets


def check_address(server: Server) -> None:
    """Raises ConfigError if `bind_sockets` would fail for a reason other than a port in use."""
    sockets: list[socket.socket] = []
    try:
        sockets.extend(_binding(server))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise _refused(server, error) from error
    finally:
        _close(sockets)


def nearby_free_port(host: str, first: int) -> int:
    """The first port from `first` on that can be bound; `first` itself if none nearby can."""
    ports = range(first, min(first + _NEARBY, 65_536))
    return next((port for port in ports if is_port_free(host, port)), first)


def is_port_free(host: str, port: int) -> bool:
    sockets: list[socket.socket] = []
    try:
        sockets.extend(_binding(Server(host=host, port=port)))
    except OSError:
        return False
    finally:
        _close(sockets)
    return True


def _binding(server: Server) -> Iterator[socket.socket]:
    """Port 0 becomes the same port for all addresses."""
    port = server.port
    found = socket.getaddrinfo(
        server.host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    for family, _, _, _, address in dict.fromkeys(found):
        one = socket.socket(family, socket.SOCK_STREAM)
        try:
            if os.name == "posix":
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind((address[0], port, *address[2:]))
        except BaseException:
            one.close()
            raise
        port = one.getsockname()[1]
        yield one


def _refused(server: Server, error: OSError) -> ConfigError:
    why = f"cannot listen on {server.host}, port {server.port}: {error.strerror or error}"
    if error.errno != errno.EADDRINUSE:
        return ConfigError(why)
    other = nearby_free_port(server.host, server.port + 1)
    return ConfigError(
        f"{why}. `gateway serve --port {other}` takes a free one; `server.port` sets it for good."
    )


def _close(sockets: list[socket.socket]) -> None:
    for one in sockets:
        one.close()
