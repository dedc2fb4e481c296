"""One client request as it came. Every attempt starts from it, on any provider; nothing changes it."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from gateway.anthropic import wire as a

IMAGE_TOKENS = 1_600
"""What one image is taken to weigh: the API's own ceiling (width x height / 750, at most this)."""


@frozen
class Inbound:
    """`headers` have lower-case names. `client` is the name of the client key, never the key itself."""

    request_id: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    request: a.MessagesRequest = field(repr=False)
    client: str = ""

    @property
    def session(self) -> str:
        """Claude Code's session id, or empty."""
        return self.headers.get("x-claude-code-session-id", "")

    @property
    def agent(self) -> str:
        """Claude Code's subagent id, or empty for the main thread."""
        return self.headers.get("x-claude-code-agent-id", "")

    @property
    def estimated_tokens(self) -> int:
        """A cheap guess at the prompt's size: bytes / 4, with images taken out and weighed by themselves."""
        images = [block for message in self.request.messages for block in _images(message.content)]
        size = len(self.body) - sum(len(image.source.data) for image in images)
        return max(1, size // 4 + IMAGE_TOKENS * len(images))


def _images(content: tuple[a.Block, ...]) -> list[a.Image]:
    found: list[a.Image] = []
    for block in content:
        if isinstance(block, a.Image):
            found.append(block)
        elif isinstance(block, a.ToolResult):
            found.extend(_images(block.content))
    return found
