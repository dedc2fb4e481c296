"""Watches files on disk and signals each change of their content.

Rules:
- Folders are watched, not files: this detects an editor that saves by rename, and a link that is changed to
  another file (as in Kubernetes) (`test_watch.py`).
- Only content counts: a save without a change gives no signal, and neither does a half-written file, since
  the content must be stable for a moment.
- If the system reports no changes (some network and container file systems), the files are checked every
  `POLL` seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from pathlib import Path

import structlog
from watchfiles import awatch  # pyright: ignore[reportUnknownVariableType]

POLL = 2.0
STEP, DEBOUNCE = 10, 200
"""Milliseconds: a signal follows when nothing happened for `STEP`, or after `DEBOUNCE` at the latest."""
SETTLE = 0.03
"""Seconds over which the content must stay the same."""
SETTLE_TRIES = 50

Content = Mapping[Path, bytes]
"""A digest of each file; empty for a file that cannot be read."""
Files = Callable[[], Iterable[Path]]

_MOST_LINKS = 40

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def content(files: Iterable[Path]) -> Content:
    return {path: _digest(path) for path in files}


async def edits(files: Files) -> AsyncGenerator[None]:
    """Yields once at the start, then whenever the content differs from that at the last signal.

    `files` is called again each time: files added by an edit are watched from then on.
    """
    seen: Content | None = None
    while True:
        folders = await asyncio.to_thread(_folders, files())
        async with contextlib.aclosing(_stirs(folders)) as stirs:
            async for _ in stirs:
                now = await _stable_content(files, seen)
                if now != seen:
                    seen = now
                    yield
                if await asyncio.to_thread(_folders, files()) != folders:
                    break


async def _stable_content(files: Files, seen: Content | None) -> Content:
    """The content of the files, once they are no longer being written."""
    now = await asyncio.to_thread(content, files())
    if now == seen:
        return now
    for _ in range(SETTLE_TRIES):
        await asyncio.sleep(SETTLE)
        before, now = now, await asyncio.to_thread(content, files())
        if now == before:
            break
    return now


async def _stirs(folders: Mapping[Path, object]) -> AsyncGenerator[None]:
    """Yields immediately when something happens in the folders, and every `POLL` seconds."""
    yield
    try:
        changes = awatch(
            *folders,
            watch_filter=None,
            step=STEP,
            debounce=DEBOUNCE,
            rust_timeout=int(POLL * 1000),
            yield_on_timeout=True,
            recursive=False,
        )
        async with contextlib.aclosing(changes):
            async for _ in changes:
                yield
    except (OSError, RuntimeError) as error:  # watchfiles' own exception is a RuntimeError
        log.debug("the system does not tell of changes; looking every few seconds", why=str(error))
        await asyncio.sleep(POLL)


def _folders(files: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """The folders in which a change of the files shows, with their identity: a folder that is replaced is a
    new one."""
    found: dict[Path, tuple[int, int]] = {}
    for path in files:
        for folder in _on_the_way(path):
            with contextlib.suppress(OSError):
                stat = folder.stat()
                found[folder] = (stat.st_dev, stat.st_ino)
    return found


def _on_the_way(path: Path) -> Iterable[Path]:
    """The folder of the file, and of each link that leads to it, up to the first that exists."""
    yield _existing(path.parent)
    for _ in range(_MOST_LINKS):
        link = next((one for one in reversed([path, *path.parents]) if one.is_symlink()), None)
        if link is None:
            return
        yield link.parent
        try:
            target = link.readlink()
        except OSError:  # it is being replaced; its folder shows that
            return
        path = link.parent / target / path.relative_to(link)
        yield _existing(path.parent)


def _existing(folder: Path) -> Path:
    return next((one for one in (folder, *folder.parents) if one.is_dir()), folder)


def _digest(path: Path) -> bytes:
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=16).digest()
    except OSError:
        return b""
