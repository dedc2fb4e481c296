"""Output files of commands: checked for write access before any question or probe.

An error is reported in one sentence, with exit code 1, never as a traceback.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import click

from gateway.workers import sockets


def is_gateway_port_free(port: int) -> bool:
    """Whether a gateway with the written configuration could listen there."""
    return sockets.is_port_free("127.0.0.1", port)


def check_writable(path: Path, *, force: bool, advice: str) -> None:
    """Raises click.UsageError if the file exists, click.ClickException if `write_file` would fail.
    `write_file` creates missing folders."""
    ways = (path.absolute(), *path.absolute().parents)
    there = next(way for way in ways if os.path.exists(way))  # noqa: PTH110  pathlib's raises at a long name
    if there == path.absolute() and not force:
        raise click.UsageError(f"{path} exists; --force overwrites it{advice}.")
    if there != path.absolute() and not there.is_dir():
        raise _failed(path, errno.ENOTDIR)
    if not os.access(there, os.W_OK):
        raise _failed(path, errno.EACCES)


def write_file(path: Path, text: str, *, folders: bool = True) -> None:
    """Write `text` to `path`. Raises click.ClickException if it cannot be written.

    `folders`: create missing folders.
    """
    try:
        if folders:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _failed(path, error.errno or errno.EIO) from None


def _failed(path: Path, code: int) -> click.ClickException:
    return click.ClickException(f"{path} cannot be written: {os.strerror(code)}")
