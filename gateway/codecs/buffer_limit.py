"""Counts and limits what the gateway buffers of one answer.

Rules:
- All code that buffers pieces of an answer adds them up here; an answer that needs more than `LIMIT` is
  malformed. No valid answer comes near it.
- A piece costs more than its text: millions of empty ones fill the memory, too.
"""

from __future__ import annotations

from attrs import define

from gateway.errors import Kind, UpstreamFailed

LIMIT = 32 * 1024 * 1024
"""Approximate bytes."""
PIECE = 64
"""Bytes counted for a piece in addition to its text."""


@define
class BufferLimit:
    size: int = 0

    def add(self, text: str | bytes) -> None:
        """Count one piece. Raises UpstreamFailed above the limit."""
        self.size += len(text) + PIECE
        if self.size > LIMIT:
            raise too_large()


def too_large() -> UpstreamFailed:
    message = f"the upstream's answer is too large: more than {LIMIT >> 20} MB of it would have to be kept"
    return UpstreamFailed(Kind.UPSTREAM_GARBAGE, message)
