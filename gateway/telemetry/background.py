"""Log lines written by a thread: a reader that stalls (a full pipe, a stopped terminal) holds up nobody else.

At most `MOST` lines wait. What does not fit is dropped and counted, and a line says so once the reader goes
on (`test_what_was_dropped_is_counted_and_said`).
"""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

MOST = 10_000
"""Lines."""
PAUSE = 0.02
"""Seconds between two writes, so that many requests a second wake the thread only now and then."""
FAREWELL = 1.0
"""Seconds for which the end of the process waits for what is still to be written."""


class BackgroundStream:
    """A text stream whose `write` never waits. `said` makes the line about dropped ones; `dropped` counts
    them."""

    def __init__(
        self, out: TextIO, said: Callable[[int], str], dropped: Callable[[], None], most: int = MOST
    ) -> None:
        self.said = said
        self._out, self._dropped, self._most = out, dropped, most
        self._lines: deque[str] = deque()
        self._lost = 0
        self._changing = threading.Lock()
        """Held while `_lines`, `_wake` and `_idle` change, never while anything is written."""
        self._wake, self._idle = threading.Event(), threading.Event()
        self._idle.set()
        threading.Thread(target=self._run, name="log", daemon=True).start()
        atexit.register(self.finish)

    def write(self, text: str) -> int:
        if len(self._lines) >= self._most:
            self._lost += 1
            self._dropped()
        else:
            with self._changing:
                self._lines.append(text)
                self._idle.clear()
                self._wake.set()
        return len(text)

    def flush(self) -> None:
        """The thread does it."""

    def isatty(self) -> bool:
        return self._out.isatty()

    def finish(self, within: float = FAREWELL) -> bool:
        """Wait until all is written; False if that takes longer."""
        return self._idle.wait(within)

    def _run(self) -> None:
        while self._wake.wait():
            self._wake.clear()
            self._write_all()
            with self._changing:
                if not self._lines and not self._wake.is_set():
                    self._idle.set()
            time.sleep(PAUSE)

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
        except UnicodeEncodeError as error:  # a terminal that knows ASCII alone
            self._out.write(text.encode(error.encoding, "backslashreplace").decode(error.encoding))

    def _write_all(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        lost, self._lost = self._lost, 0
        try:
            self._write("".join(lines))
            if lost:
                self._out.write(self.said(lost))
            self._out.flush()
        except (OSError, ValueError):  # a log that is closed ends no request
            return
