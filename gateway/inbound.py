"""One client request as it came. Every attempt starts from it, on any provider; nothing changes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from attrs import field, frozen

from gateway.anthropic import wire as a
from gateway.anthropic.documents import binary_size

IMAGE_TOKENS = 1_600
"""What one image is taken to weigh: the API's own ceiling (width x height / 750, at most this)."""
FILE_BYTES = 50_000
"""Characters of a PDF's base64 that are taken to weigh as much as one image, which is about a page."""


@frozen
class Inbound:
    """`headers` have lower-case names. `client` is the name of the client key, never the key itself."""

    request_id: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    request: a.MessagesRequest = field(repr=False)
    client: str = ""
    query: str = ""
    """Of the request's URL, without the question mark."""

    @property
    def session(self) -> str:
        """Claude Code's session id, or empty."""
        return self.headers.get("x-claude-code-session-id", "")

    @property
    def agent(self) -> str:
        """Claude Code's subagent id, or empty for the main thread."""
        return self.headers.get("x-claude-code-agent-id", "")

    @cached_property
    def estimated_tokens(self) -> int:
        """A cheap guess at the prompt's size: bytes / 4, with images and PDFs taken out and weighed apart."""
        size, images = len(self.body), 0
        for message in self.request.messages:
            for block in message.content:
                if type(block) is not a.Text:  # nearly all are
                    for characters, weight in _binary((block,)):
                        size -= characters
                        images += weight
        return max(1, size // 4 + IMAGE_TOKENS * images)


def _binary(content: tuple[a.Block, ...]) -> Iterator[tuple[int, int]]:
    """What is no text: its length in base64, and as how many images it counts."""
    for block in content:
        if isinstance(block, a.Image):
            yield len(block.source.data), 1
        elif isinstance(block, a.Document):
            if size := binary_size(block):
                yield size, max(1, size // FILE_BYTES)
        elif isinstance(block, a.ToolResult):
            yield from _binary(block.content)
