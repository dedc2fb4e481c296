"""A web server on loopback that answers a path with whatever a test gave it, and counts who came."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from attrs import define, field

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


@define
class Web:
    port: int = 0
    answers: dict[str, Answer] = field(factory=dict)
    asked: list[str] = field(factory=list)
    headers: list[str] = field(factory=list)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def put(self, path: str, body: bytes, content_type: str = "image/png", status: str = "200 OK") -> str:
        head = f"HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
        self.answers[path] = head.encode() + body
        return self.url(path)

    def redirect(self, path: str, to: str) -> str:
        self.answers[path] = f"HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n".encode()
        return self.url(path)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split(" ")[1]
            self.asked.append(path)
            self.headers.append(head)
            answer = self.answers[path]
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def listening(host: str) -> tuple[Web, asyncio.Server]:
    web = Web()
    server = await asyncio.start_server(web.serve, host, 0)
    web.port = server.sockets[0].getsockname()[1]
    return web, server


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    found, server = await listening("127.0.0.1")
    yield found
    server.close()


@pytest.fixture
async def neighbour() -> AsyncIterator[Web]:
    """A second one at another address of this machine."""
    found, server = await listening("127.0.0.2")
    yield found
    server.close()
