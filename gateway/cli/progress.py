"""Shows the progress of a command: bars in a terminal, plain lines everywhere else.

Rules:
- In a file, a pipe or a CI log no line is ever redrawn, and a long step prints every ten seconds that it is
  still running (`test_no_control_characters_when_not_a_terminal`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

_EVERY = 10.0

Advance = Callable[[int, int], None]


@contextlib.contextmanager
def bar(console: Console, title: str) -> Generator[Advance]:
    """A step of known length: call the result with the completed and the total amount."""
    if not console.is_terminal:
        yield _plain(console, title)
        return
    columns = (TextColumn("  {task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=min(done, total), total=total)


@contextlib.contextmanager
def wait(console: Console, title: str) -> Generator[None]:
    """A step of unknown length."""
    if not console.is_terminal:
        print_line(console, title)
        yield
        return
    with console.status(title):
        yield


def print_line(console: Console, text: str) -> None:
    """Print a line unchanged: not wrapped, so that it can be copied, and without markup."""
    console.print(f"  {text}".rstrip(), soft_wrap=True, markup=False, highlight=False)


def _plain(console: Console, title: str) -> Advance:
    print_line(console, title)
    last_printed = time.monotonic()

    def advance(done: int, total: int) -> None:
        nonlocal last_printed
        if time.monotonic() - last_printed >= _EVERY:
            last_printed = time.monotonic()
            print_line(console, f"... {min(100, 100 * done // total)} %")

    return advance
