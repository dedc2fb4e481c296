"""Edits of files, in all the ways in which files are edited."""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from gateway.runtime import watch

NUMBERS = itertools.count()
LONG = 20
"""Seconds that a busy machine may take."""


@pytest.fixture(autouse=True)
def _events_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here may be found by looking every few seconds, unless a test says so."""
    monkeypatch.setattr(watch, "POLL", 600.0)


@asynccontextmanager
async def watching(*files: Path) -> AsyncIterator[asyncio.Queue[list[str]]]:
    """What stood in the files at each sign. The sign of the beginning is taken out."""
    signs: asyncio.Queue[list[str]] = asyncio.Queue()

    async def note() -> None:
        async with aclosing(watch.edits(lambda: files)) as edits:
            async for _ in edits:
                signs.put_nowait([path.read_text() if path.exists() else "" for path in files])

    task = asyncio.create_task(note())
    await signs.get()
    await asyncio.sleep(0.2)
    try:
        yield signs
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def seen(signs: asyncio.Queue[list[str]], edit: Callable[[str], None]) -> None:
    """Edit until the edit is seen: the first ones may come before the system tells of changes."""
    for _ in range(LONG):
        text = f"new {next(NUMBERS)}"
        edit(text)
        try:
            async with asyncio.timeout(1):
                while text not in await signs.get():
                    pass
        except TimeoutError:
            continue
        return
    pytest.fail("the edit was not seen")


def saved(path: Path, text: str) -> None:
    path.write_text(text)


def renamed(path: Path, text: str) -> None:
    """As vim and most editors save."""
    other = path.with_suffix(".tmp")
    other.write_text(text)
    other.replace(path)


def removed_and_made(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text)


@pytest.mark.parametrize("edit", [saved, renamed, removed_and_made])
async def test_an_edit_is_seen(tmp_path: Path, edit):
    path = tmp_path / "gateway.yaml"
    path.write_text("old")
    async with watching(path) as signs:
        for _ in range(3):
            await seen(signs, lambda text: edit(path, text))


async def test_a_link_that_is_turned_is_seen_as_kubernetes_does_it(tmp_path: Path):
    """gateway.yaml -> ..data/gateway.yaml, and ..data -> a folder of this moment, replaced by rename."""
    path = tmp_path / "gateway.yaml"

    def publish(text: str) -> None:
        folder = tmp_path / f"..2026_{next(NUMBERS)}"
        folder.mkdir()
        (folder / "gateway.yaml").write_text(text)
        link = tmp_path / "..data_tmp"
        link.symlink_to(folder.name)
        link.replace(tmp_path / "..data")

    publish("old")
    path.symlink_to("..data/gateway.yaml")
    async with watching(path) as signs:
        for _ in range(3):
            await seen(signs, publish)


async def test_a_link_to_another_place_is_seen_at_both_ends(tmp_path: Path):
    there, here = tmp_path / "there" / "real.yaml", tmp_path / "here" / "link.yaml"
    there.parent.mkdir()
    here.parent.mkdir()
    there.write_text("old")
    here.symlink_to(there)
    async with watching(here) as signs:
        await seen(signs, lambda text: there.write_text(text))

        def turn(text: str) -> None:
            other = there.with_name(text.replace(" ", "_"))
            other.write_text(text)
            here.unlink()
            here.symlink_to(other)

        await seen(signs, turn)


async def test_a_link_that_goes_while_it_is_looked_at_ends_nothing(tmp_path: Path, monkeypatch):
    """Whoever turns a link may take the old one away before making the new one."""
    there, here = tmp_path / "there" / "real.yaml", tmp_path / "here" / "link.yaml"
    there.parent.mkdir()
    here.parent.mkdir()
    there.write_text("old")
    here.symlink_to(there)
    readlink, gone = Path.readlink, itertools.count()

    def sometimes(path: Path) -> Path:
        if next(gone) % 2 == 0:
            raise FileNotFoundError
        return readlink(path)

    monkeypatch.setattr(Path, "readlink", sometimes)
    async with watching(here) as signs:

        def turn(text: str) -> None:
            here.unlink()
            here.write_text(text)

        await seen(signs, turn)
    assert next(gone) > 0


async def test_a_file_that_comes_into_being_is_seen(tmp_path: Path):
    path = tmp_path / "later" / "secret"
    path.parent.mkdir()
    async with watching(path) as signs:
        await seen(signs, lambda text: path.write_text(text))


async def test_a_folder_that_comes_into_being_is_seen(tmp_path: Path):
    path = tmp_path / "later" / "secret"

    def make(text: str) -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    async with watching(path) as signs:
        await seen(signs, make)


async def test_every_file_counts(tmp_path: Path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("")
    two.write_text("")
    async with watching(one, two) as signs:
        await seen(signs, lambda text: two.write_text(text))
        await seen(signs, lambda text: one.write_text(text))


async def test_what_is_not_said_anew_gives_no_sign(tmp_path: Path):
    path = tmp_path / "gateway.yaml"
    path.write_text("old")
    async with watching(path) as signs:
        await seen(signs, lambda text: path.write_text(text))
        for _ in range(5):
            renamed(path, path.read_text())
            os.utime(path)
            (tmp_path / "other").write_text(str(time.time()))
            await asyncio.sleep(0.1)
        assert signs.empty()


async def test_a_storm_of_edits_gives_few_signs_and_the_last_is_seen(tmp_path: Path):
    path = tmp_path / "gateway.yaml"
    path.write_text("old")
    async with watching(path) as signs:
        await seen(signs, lambda text: path.write_text(text))
        for number in range(300):
            path.write_text(f"{number}")
        count = 0
        async with asyncio.timeout(LONG):
            while await signs.get() != ["299"]:
                count += 1
        assert count < 30


async def test_a_half_written_file_gives_no_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watch, "SETTLE", 1.0)
    path = tmp_path / "gateway.yaml"
    path.write_text("old")

    def write_slowly() -> None:
        with path.open("w") as file:
            for _ in range(10):
                file.write("piece ")
                file.flush()
                time.sleep(0.05)

    async with watching(path) as signs:
        await asyncio.to_thread(write_slowly)
        async with asyncio.timeout(LONG):
            assert await signs.get() == ["piece " * 10]


async def test_where_the_system_tells_nothing_files_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def blind(*_: object, **__: object):
        raise OSError("inotify watch limit reached")
        yield

    monkeypatch.setattr(watch, "awatch", blind)
    monkeypatch.setattr(watch, "POLL", 0.05)
    path = tmp_path / "gateway.yaml"
    path.write_text("old")
    async with watching(path) as signs:
        await seen(signs, lambda text: path.write_text(text))


async def test_where_the_system_misses_an_edit_files_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A folder that is replaced as a whole: its watch goes on at the old one."""
    monkeypatch.setattr(watch, "POLL", 0.1)
    folder = tmp_path / "conf"
    folder.mkdir()
    path = folder / "gateway.yaml"
    path.write_text("old")

    def replace(text: str) -> None:
        new = tmp_path / "new"
        new.mkdir()
        (new / "gateway.yaml").write_text(text)
        folder.rename(tmp_path / text.replace(" ", "_"))
        new.rename(folder)

    async with watching(path) as signs:
        await seen(signs, replace)
        await seen(signs, replace)


async def test_the_watch_ends_when_it_is_cancelled(tmp_path: Path):
    path = tmp_path / "gateway.yaml"
    path.write_text("old")
    before = threading.active_count()
    begun = time.monotonic()
    for _ in range(3):
        async with watching(path):
            pass
    assert time.monotonic() - begun < LONG
    assert threading.active_count() <= before + 8, "threads of watches that ended are left"
