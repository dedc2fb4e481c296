"""A file to which lines are appended while requests are answered.

Rules:
- A file that cannot be written does not fail a request: it is logged once, and again only after a successful
  write (`test_an_unwritable_file_is_said_once`).
"""

from __future__ import annotations

from pathlib import Path

import structlog
from attrs import define, field

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@define
class AppendFile:
    path: Path
    _failed: bool = field(init=False, default=False)

    def append(self, data: bytes) -> None:
        try:
            with self.path.open("ab") as file:
                file.write(data)
        except OSError as error:
            if not self._failed:
                log.warning("cannot be written", file=str(self.path), why=error.strerror)
            self._failed = True
        else:
            self._failed = False
