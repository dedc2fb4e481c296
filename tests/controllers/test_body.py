"""Bodies within limits of size, time and memory; and both sides of each limit."""

from __future__ import annotations

import asyncio
import gzip
import os

import pytest

from gateway.controllers.body import BodyBudget, BodyReservation, ClientLeft, read_body
from gateway.errors import Kind, RequestRefused
from gateway.settings.models import Server
from gateway.settings.sizes import Size

KB = 1 << 10


def limits(most: int = 64, together: int = 128, **more) -> Server:
    return Server(max_body=Size(most * KB), max_bodies=Size(together * KB), **more)


def receiving(*pieces: bytes, left: bool = False, stall: float = 0.0):
    """What an ASGI server gives for a body of these pieces."""
    messages = [
        {"type": "http.request", "body": piece, "more_body": left or number < len(pieces)}
        for number, piece in enumerate(pieces, 1)
    ]
    messages += [{"type": "http.disconnect"}] * left

    async def receive():
        if stall:
            await asyncio.sleep(stall)
        return messages.pop(0)

    return receive


async def read(
    *pieces: bytes, server: Server | None = None, budget: BodyBudget | None = None, **headers: str
) -> bytes:
    server = server or limits()
    budget = budget or BodyBudget()
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    with BodyReservation(budget) as hold:
        body = await read_body(receiving(*pieces), headers, server, hold)
        assert budget.reserved >= len(body)
        return body


async def refusal(*pieces: bytes, **more) -> RequestRefused:
    with pytest.raises(RequestRefused) as refused:
        await read(*pieces, **more)
    return refused.value


@pytest.mark.parametrize("pieces", [(b"ab",), (b"a", b"b"), (b"", b"ab", b"")])
async def test_pieces_are_joined(pieces):
    assert await read(*pieces) == b"ab"


async def test_the_largest_body_is_read_and_one_byte_more_is_413():
    assert len(await read(b"x" * (32 * KB), b"x" * (32 * KB))) == 64 * KB
    refused = await refusal(b"x" * (32 * KB), b"x" * (32 * KB), b"x")
    assert refused.kind is Kind.TOO_LARGE
    assert "64KB (`server.max_body`)" in refused.message


async def test_the_limit_holds_for_what_is_inflated():
    assert await read(gzip.compress(b"x" * (64 * KB)), content_encoding="gzip") == b"x" * (64 * KB)
    refused = await refusal(gzip.compress(b"x" * (64 * KB + 1)), content_encoding="gzip")
    assert refused.kind is Kind.TOO_LARGE


async def test_members_are_inflated_one_after_the_other():
    texts = [os.urandom(5000).hex().encode() for _ in range(6)]
    packed = b"".join(gzip.compress(text) for text in texts)
    assert await read(packed, content_encoding="GZIP") == b"".join(texts)
    assert (await refusal(gzip.compress(b"") * 100, content_encoding="gzip")).kind is Kind.INVALID_REQUEST
    assert (await refusal(b"no gzip", content_encoding="gzip")).kind is Kind.INVALID_REQUEST


async def test_another_encoding_is_refused_with_its_code():
    assert (await refusal(b"x", content_encoding="br")).details == {
        "error_code": "request_body_encoding_unsupported"
    }


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_bodies_share_a_budget_which_comes_back(encoding: str):
    budget, server = BodyBudget(), limits(64, 128)
    body = b"x" * (60 * KB)
    sent = gzip.compress(body) if encoding == "gzip" else body
    with (
        BodyReservation(budget) as first,
        BodyReservation(budget) as second,
        BodyReservation(budget) as third,
    ):
        for hold in (first, second):
            assert await read_body(receiving(sent), {"content-encoding": encoding}, server, hold) == body
        held = budget.reserved
        with pytest.raises(RequestRefused) as refused:
            await read_body(receiving(sent), {"content-encoding": encoding}, server, third)
        assert (refused.value.kind, refused.value.retry_after) == (Kind.GATEWAY_BUSY, 2)
        assert "server.max_bodies" in refused.value.message
        if encoding == "identity":
            assert budget.reserved == held
        first.release()
        assert await read_body(receiving(sent), {"content-encoding": encoding}, server, third) == body
    assert budget.reserved == 0


async def test_one_body_of_the_largest_size_always_fits():
    assert len(await read(b"x" * (64 * KB), server=limits(64, 1))) == 64 * KB


async def test_a_client_that_leaves_inside_the_body_is_no_bad_request():
    with BodyReservation(BodyBudget()) as hold, pytest.raises(ClientLeft):
        await read_body(receiving(b'{"model"', left=True), {}, limits(), hold)


async def test_a_body_that_stalls_is_408_and_gives_its_part_back():
    budget = BodyBudget()
    server = limits(body_timeout=0.05)
    with pytest.raises(RequestRefused) as refused, BodyReservation(budget) as hold:
        await read_body(receiving(b"a", b"b", stall=0.2), {}, server, hold)
    assert refused.value.kind is Kind.REQUEST_TIMEOUT
    assert budget.reserved == 0
