"""Which files a configuration is made of: whoever reads one, or finds it missing, notes it.

The notes are what is watched while the gateway runs. A file that is missing counts: its coming mends a
configuration that could not be used.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_noted: ContextVar[dict[Path, None] | None] = ContextVar("_noted", default=None)


def record_file(path: Path) -> None:
    """Say that the configuration depends on this file. Outside of `recording_files` nobody listens."""
    files = _noted.get()
    if files is not None:
        files[path.absolute()] = None


@contextmanager
def recording_files() -> Generator[dict[Path, None]]:
    """The absolute paths that are noted while the block runs, in order, each once; links stay links."""
    files: dict[Path, None] = {}
    token = _noted.set(files)
    try:
        yield files
    finally:
        _noted.reset(token)
