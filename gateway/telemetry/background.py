"""Log lines written by a thread: a reader that stalls (a full pipe, a stopped terminal) blocks nothing else.

Rules:
- At most `MOST` lines are queued. Further ones are dropped and counted, and a line reports that once the
  reader continues (`test_what_was_dropped_is_counted_and_said`). The same holds for lines that a closed
  stream does not take.
- A character that the stream's encoding lacks is written as an escape
  (`test_a_character_that_cannot_be_encoded_is_escaped`).
- The process calls `finish` before it ends. `atexit` does so too, but a signal that ends the process does not
  run it.
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
"""Seconds between two writes, so that many requests a second wake the thread only rarely."""
POLL = 0.002
"""Seconds between two checks whether all is written."""
FAREWELL = 1.0
"""Seconds for which the end of the process waits for queued lines."""


class BackgroundStream:
    """A text stream whose `write` never blocks.

    `format_lost(n)` returns the line logged after n lines were dropped; `dropped()` is called for each.
    """

    def __init__(
        self, out: TextIO, format_lost: Callable[[int], str], dropped: Callable[[], None], most: int = MOST
    ) -> None:
        self.format_lost = format_lost
        self._out, self._dropped, self._most = out, dropped, most
        self._lines: deque[str] = deque()
        self._lost = 0
        self._lost_lock = threading.Lock()
        self._wake = threading.Event()
        self._writing = False
        """Set before lines are taken out of `_lines`, and cleared once they are written."""
        threading.Thread(target=self._run, name="log", daemon=True).start()
        atexit.register(self.finish)

    def write(self, text: str) -> int:
        if len(self._lines) >= self._most:
            with self._lost_lock:
                self._lost += 1
            self._dropped()
        else:
            self._lines.append(text)
            if not self._wake.is_set():
                self._wake.set()
        return len(text)

    def flush(self) -> None:
        """Nothing to do: the thread flushes."""

    def isatty(self) -> bool:
        return self._out.isatty()

    def finish(self, within: float = FAREWELL) -> bool:
        """Wait until all is written; False if that takes longer."""
        deadline = time.monotonic() + within
        while self._lines or self._writing:  # in this order: see `_writing`
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL)
        return True

    def _run(self) -> None:
        while self._wake.wait():
            self._wake.clear()
            self._writing = True
            self._write_all()
            self._writing = False
            time.sleep(PAUSE)

    def _write_all(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        with self._lost_lock:
            lost, self._lost = self._lost, 0
        try:
            self._write("".join(lines))
            if lost:
                self._write(self.format_lost(lost))
            self._out.flush()
        except (OSError, ValueError):  # a closed log does not fail a request
            for _ in lines:
                self._dropped()

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
        except UnicodeEncodeError as error:
            escaped = text.encode(error.encoding, "backslashreplace")
            self._out.write(escaped.decode(error.encoding))
