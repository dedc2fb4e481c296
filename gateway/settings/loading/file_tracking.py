"""Records the files that a configuration depends on, including missing ones.

These files are watched while the gateway runs. A missing file counts: creating it may fix a configuration
that could not be used.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_noted: ContextVar[dict[Path, None] | None] = ContextVar("_noted", default=None)


def record_file(path: Path) -> None:
    """Record that the configuration depends on this file. Has no effect outside of `recording_files`."""
    files = _noted.get()
    if files is not None:
        files[path.absolute()] = None


@contextmanager
def recording_files() -> Generator[dict[Path, None]]:
    """The absolute paths recorded while the block runs, in order, each once; links are not resolved."""
    files: dict[Path, None] = {}
    token = _noted.set(files)
    try:
        yield files
    finally:
        _noted.reset(token)
