"""What was made is kept, made once, and given up when there is no room."""

import asyncio

import pytest

from gateway.anthropic.request.attachments import FetchedFile
from gateway.attachments.cache import BoundedCache


class Maker:
    def __init__(self, *made: FetchedFile) -> None:
        self.made = list(made)
        self.count = 0

    async def __call__(self) -> FetchedFile:
        self.count += 1
        await asyncio.sleep(0)
        return self.made[min(self.count, len(self.made)) - 1]


async def test_what_was_made_is_kept():
    shelf, make = BoundedCache[FetchedFile](10_000), Maker(FetchedFile("a", "b"))
    assert [await shelf.get("k", make, again=True) for _ in range(3)] == [FetchedFile("a", "b")] * 3
    assert make.count == 1


async def test_failures_are_kept_too_unless_it_is_to_be_tried_again():
    shelf, make = BoundedCache[FetchedFile](10_000), Maker(FetchedFile(failure="gone"), FetchedFile("a", "b"))
    assert (await shelf.get("k", make, again=False)).failure == "gone"
    assert (await shelf.get("k", make, again=False)).failure == "gone"
    assert (await shelf.get("k", make, again=True)).data == "b"
    assert (await shelf.get("k", make, again=False)).data == "b"
    assert make.count == 2


async def test_what_several_ask_for_at_once_is_made_once():
    shelf, make = BoundedCache[FetchedFile](10_000), Maker(FetchedFile("a", "b"))
    await asyncio.gather(*(shelf.get("k", make, again=True) for _ in range(5)))
    assert make.count == 1


async def test_who_goes_away_takes_it_from_nobody():
    shelf, make = BoundedCache[FetchedFile](10_000), Maker(FetchedFile("a", "b"))
    first = asyncio.create_task(shelf.get("k", make, again=False))
    second = asyncio.create_task(shelf.get("k", make, again=False))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == FetchedFile("a", "b")
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_least_recently_used_goes_first():
    shelf = BoundedCache[FetchedFile](2 * 600 + 10)
    makers = {key: Maker(FetchedFile("", "x" * 99)) for key in "abc"}
    for key in "abac":
        await shelf.get(key, makers[key], again=False)
    for key in "ab":
        await shelf.get(key, makers[key], again=False)
    assert {key: make.count for key, make in makers.items()} == {"a": 1, "b": 2, "c": 1}


async def test_one_thing_that_is_too_large_is_still_kept_for_now():
    shelf, make = BoundedCache[FetchedFile](10), Maker(FetchedFile("", "x" * 1000))
    await shelf.get("k", make, again=False)
    assert (await shelf.get("k", make, again=False)).data == "x" * 1000
    assert make.count == 1
