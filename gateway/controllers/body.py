"""Reads and decompresses a request's body, within limits of size, time and memory.

Rules:
- 413 over `server.max_body`, also after decompression; 408 if the body stalls (`server.body_timeout`).
- All bodies in progress share `server.max_bodies`: one that does not fit is answered with 503, not queued. A
  body counts from its first byte to the end of its answer, with its size after decompression.
- A refused body is still read, up to `_DRAIN` times the limit, and discarded: a client that is disconnected
  while it sends reports a broken connection instead of the answer.
"""

from __future__ import annotations

import asyncio
import threading
import zlib
from collections.abc import Mapping
from types import TracebackType

from attrs import Factory, define, field
from litestar.types import Receive

from gateway.errors import Kind, RequestRefused
from gateway.settings.models import Server
from gateway.settings.sizes import Size

_DRAIN = 4
_MEMBERS = 16
"""gzip members of one body; each costs a copy of the rest."""
_PIECE = 1 << 20
"""Bytes that are decompressed before the budget is checked again."""
_WHOLE_BODY = 10
"""How many times `server.body_timeout` a whole body may take."""


class ClientLeft(Exception):
    """The client closed its connection inside the body."""


@define
class BodyBudget:
    """The bytes of all request bodies in this process."""

    reserved: int = 0
    lock: threading.Lock = Factory(threading.Lock)
    """Bodies are decompressed in threads."""


@define
class BodyReservation:
    """One request's part of the budget, while the block lasts."""

    _budget: BodyBudget
    _size: int = field(default=0, init=False)

    def __enter__(self) -> BodyReservation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self.release()

    def take(self, size: int, server: Server) -> None:
        """Raises RequestRefused (503) if others use up the budget; a single request always fits."""
        with self._budget.lock:
            others = self._budget.reserved - self._size
            if others and self._budget.reserved + size > server.max_bodies:
                raise RequestRefused(
                    f"all request bodies together reach the limit of {Size(server.max_bodies)} "
                    "(`server.max_bodies`): try again",
                    Kind.GATEWAY_BUSY,
                )
            self._budget.reserved += size
            self._size += size

    def give_back(self, size: int) -> None:
        with self._budget.lock:
            self._budget.reserved -= size
            self._size -= size

    def release(self) -> None:
        self.give_back(self._size)


async def read_body(
    receive: Receive, headers: Mapping[str, str], server: Server, hold: BodyReservation
) -> bytes:
    """The decompressed body. Raises RequestRefused or ClientLeft."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip"):
        raise RequestRefused(
            f"content-encoding {encoding} is not supported: send the body without compression, or with gzip",
            details={"error_code": "request_body_encoding_unsupported"},
        )
    sent = await _receive(receive, server, hold)
    return await asyncio.to_thread(_decompress, sent, server, hold) if encoding == "gzip" else sent


async def _receive(receive: Receive, server: Server, hold: BodyReservation) -> bytes:
    chunks: list[bytes] = []
    size, refused = 0, None
    most, loop = server.max_body, asyncio.get_running_loop()
    last = loop.time() + _WHOLE_BODY * server.body_timeout
    try:
        async with asyncio.timeout(server.body_timeout) as limit:
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise ClientLeft
                piece = message.get("body", b"")
                size += len(piece)
                if refused is None:
                    refused = _refusal(piece, size, server, hold)
                    chunks.append(piece)
                if refused is not None:
                    chunks.clear()
                    hold.release()
                if not message.get("more_body", False) or size > _DRAIN * most:
                    break
                limit.reschedule(min(loop.time() + server.body_timeout, last))
    except TimeoutError:
        raise RequestRefused(
            f"the request body stalled: {size} bytes came, and then nothing for {server.body_timeout:g} s "
            "(`server.body_timeout`)",
            Kind.REQUEST_TIMEOUT,
        ) from None
    if refused is not None:
        raise refused
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _refusal(piece: bytes, size: int, server: Server, hold: BodyReservation) -> RequestRefused | None:
    if size > server.max_body:
        return _too_large(server)
    try:
        hold.take(len(piece), server)
    except RequestRefused as refused:
        return refused
    return None


def _decompress(body: bytes, server: Server, hold: BodyReservation) -> bytes:
    """Both sizes count while both are in memory."""
    packed, chunks = len(body), list[bytes]()
    try:
        for _ in range(_MEMBERS):
            body = _decompress_member(body, chunks, server, hold)
            if not body:
                break
        else:
            raise RequestRefused(f"the request body has more than {_MEMBERS} gzip members")
    except zlib.error as error:
        raise RequestRefused(f"the request body is not valid gzip: {error}") from None
    hold.give_back(packed)
    return b"".join(chunks)


def _decompress_member(body: bytes, chunks: list[bytes], server: Server, hold: BodyReservation) -> bytes:
    """Decompress one member, in pieces; returns the bytes after it. A truncated member is not an error here:
    the JSON will be invalid."""
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    while not inflate.eof:
        piece = inflate.decompress(body, _PIECE)
        body = inflate.unconsumed_tail
        if not (piece or body):
            break
        if sum(map(len, chunks)) + len(piece) > server.max_body:
            raise _too_large(server)
        hold.take(len(piece), server)
        chunks.append(piece)
    return inflate.unused_data


def _too_large(server: Server) -> RequestRefused:
    return RequestRefused(
        f"the request body exceeds the maximum of {Size(server.max_body)} (`server.max_body`)", Kind.TOO_LARGE
    )
