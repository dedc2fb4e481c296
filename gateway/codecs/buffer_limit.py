"""What one answer makes the gateway keep until something else has come: counted, and bounded.

Rules:
- Whoever keeps pieces of an answer adds them up here; an answer of which more has to be kept than `LIMIT` is
  a bad one. No honest answer comes near it.
- A piece costs more than its text: millions of empty ones fill the memory, too.
"""

from __future__ import annotations

from attrs import define

from gateway.errors import Kind, UpstreamFailed

LIMIT = 32 * 1024 * 1024
"""About bytes."""
PIECE = 64
"""What a piece costs beside its text."""


@define
class BufferLimit:
    size: int = 0

    def add(self, text: str | bytes) -> None:
        """UpstreamFailed where it is too much."""
        self.size += len(text) + PIECE
        if self.size > LIMIT:
            raise too_large()


def too_large() -> UpstreamFailed:
    said = f"the upstream's answer is too large: more than {LIMIT >> 20} MB of it would have to be kept"
    return UpstreamFailed(Kind.UPSTREAM_GARBAGE, said)
