"""Between a client and a gateway: passes bytes on as they come, and notes what the client asked for."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from attrs import Factory, frozen

from gateway.testing.process import HOST

_ASKED = re.compile(rb"^([A-Z]+ /\S*) HTTP/1\.1\r$", re.MULTILINE)


@frozen
class Wire:
    url: str
    _heard: list[bytes] = Factory(list[bytes])
    """What each connection's client has sent so far."""

    @property
    def asked(self) -> list[str]:
        """`GET /v1/models?limit=1000`; of one connection in order."""
        return [line.decode() for heard in self._heard for line in _ASKED.findall(heard)]


@contextmanager
def wiretap(port: int) -> Iterator[Wire]:
    """A way to what listens on `port` of this machine."""
    heard: list[bytes] = []

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            place = len(heard)
            heard.append(b"")
            with socket.create_connection((HOST, port)) as gateway:
                back = threading.Thread(target=_pass_on, args=(gateway, self.request), daemon=True)
                back.start()
                for data in _read(self.request):
                    heard[place] += data
                    gateway.sendall(data)
                with suppress(OSError):
                    gateway.shutdown(socket.SHUT_WR)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server((HOST, 0), Connection) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Wire(f"http://{HOST}:{server.server_address[1]}", heard)
        finally:
            server.shutdown()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    for data in _read(source):
        target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _read(source: socket.socket) -> Iterator[bytes]:
    with suppress(OSError):
        while data := source.recv(65536):
            yield data
