"""What stands at a URL is fetched if it is what it should be, from where it may be fetched."""

import asyncio
import base64
import socket

import pytest

from gateway.anthropic.request.attachments import FetchedFile
from gateway.attachments import addresses
from gateway.attachments import web as fetching
from gateway.attachments.web import fetch
from gateway.testing.samples import pdf, png

PNG = png()


async def failure(url: str, *, private: bool = True, want: fetching.Want = "image") -> str:
    found = await fetch(url, want, private=private)
    assert found.data == ""
    return found.failure


async def test_picture_comes_as_base64_with_the_type_of_its_bytes(web):
    url = web.put("/a", PNG, "image/jpeg")
    assert await fetch(url, "image", private=True) == FetchedFile("image/png", base64.b64encode(PNG).decode())
    assert "accept-encoding: identity" in web.headers[0].lower()
    assert "cookie" not in web.headers[0].lower()


async def test_pdf_comes_where_a_document_is_wanted(web):
    content = pdf("words")
    url = web.put("/a.pdf", content, "application/octet-stream")
    found = await fetch(url, "document", private=True)
    assert (found.media_type, base64.b64decode(found.data)) == ("application/pdf", content)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]"]
)
async def test_this_machine_is_not_connected_to_however_it_is_written(web, host: str):
    web.put("/a", PNG)
    assert await failure(web.url("/a", host), private=False) in (
        "its address is not public",
        "it is not a valid URL",
        "its server cannot be reached",
    )
    assert web.asked == []


async def test_name_that_leads_to_this_machine_is_not_public(web, monkeypatch):
    look_up = socket.getaddrinfo

    def lying(host: str, *args: object, **more: object) -> object:
        return look_up("127.0.0.1" if host == "cdn.example" else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lying)
    web.put("/a", PNG)
    assert await failure(web.url("/a", "cdn.example"), private=False) == "its address is not public"
    assert web.asked == []


async def test_redirect_is_followed_and_its_address_checked_anew(web, neighbour, monkeypatch):
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
    web.put("/ok", PNG)
    assert (await fetch(web.redirect("/near", "/ok"), "image", private=False)).media_type == "image/png"
    neighbour.put("/secret", PNG)
    away = web.redirect("/away", neighbour.url("/secret", "127.0.0.2"))
    assert await failure(away, private=False) == "its address is not public"
    assert neighbour.asked == []


async def test_redirects_end(web):
    assert await failure(web.redirect("/a", "/a")) == "it redirects without end"
    assert len(web.asked) == fetching.REDIRECTS + 1


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://a.example/b", "gopher://127.0.0.1/"])
async def test_only_http_is_followed(web, to: str):
    assert await failure(web.redirect("/a", to)) == "only http and https URLs are fetched"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///etc/passwd", "only http and https URLs are fetched"),
        ("/relative", "only http and https URLs are fetched"),
        ("http://user:secret@example.org/", "URLs with credentials are not fetched"),
        ("http://[::1/", "it is not a valid URL"),
        ("http://a b.example/", "its server cannot be reached"),
    ],
)
async def test_unfit_urls_are_refused_before_anything_is_sent(url: str, why: str):
    assert await failure(url, private=False) == why


async def test_large_body_is_refused_by_its_length_and_by_its_bytes(web, monkeypatch):
    monkeypatch.setitem(fetching.LIMITS, "image", 1024 * 1024)
    web.answers["/said"] = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 99999999\r\n\r\n"
    assert await failure(web.url("/said")) == "it is larger than 1 MB"
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n" + PNG)
        while sent < 50 * 1024 * 1024:
            writer.write(bytes(65536))
            sent += 65536
            await writer.drain()

    web.answers["/unsaid"] = endless
    assert await failure(web.url("/unsaid")) == "it is larger than 1 MB"
    assert sent < 20 * 1024 * 1024


async def test_slow_body_is_given_up(web, monkeypatch):
    monkeypatch.setattr(fetching, "PATIENCE", 0.3)

    async def dripping(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n")
        while True:
            writer.write(b"\x89")
            await writer.drain()
            await asyncio.sleep(0.05)

    web.answers["/a"] = dripping
    began = asyncio.get_running_loop().time()
    assert await failure(web.url("/a")) == "it took longer than 0.3 s"
    assert asyncio.get_running_loop().time() - began < 2


async def test_what_is_no_picture_is_refused(web):
    assert await failure(web.put("/a", b"<html>", "text/html; charset=utf-8")) == (
        "the server says that it is text/html"
    )
    assert await failure(web.put("/b", b"<html>")) == "it is not an image in a known format"
    assert await failure(web.put("/c", PNG, "application/pdf"), want="document") == "it is not a PDF"
    assert await failure(web.put("/d", PNG, status="404 Not Found")) == "the server answered 404"


async def test_servers_that_break_off_or_do_not_listen_are_said_to(web):
    web.answers["/a"] = b""
    assert await failure(web.url("/a")) == "its server broke off"
    web.answers["/b"] = b"SSH-2.0-OpenSSH_9\r\n"
    assert await failure(web.url("/b")) == "its server broke off"
    web.answers["/c"] = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"
    assert await failure(web.url("/c")) == "its server broke off"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert await failure(f"http://127.0.0.1:{unused.getsockname()[1]}/") == "its server cannot be reached"
