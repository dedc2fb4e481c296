"""One client request as it came. Every attempt starts from it, on any provider; nothing changes it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import assert_never

from attrs import Factory, field, frozen

from gateway.anthropic import tool_ids
from gateway.anthropic import wire as a
from gateway.anthropic.conversation.content_parts import InputModalities
from gateway.anthropic.conversation.documents import binary_size
from gateway.anthropic.conversation.image_size import IMAGE_TOKENS
from gateway.anthropic.request.media import MediaBlock, media_blocks
from gateway.attachments.requirements import RequiredAttachments, required_attachments
from gateway.offload import is_heavy

FILE_BYTES = 50_000
"""Characters of a PDF's base64 that are taken to weigh as much as one image, which is about a page."""


def _is_heavy(inbound: Inbound) -> bool:
    return is_heavy(inbound.body)


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
    repaired: bool = False
    """Halves of characters were replaced in the body (see `characters`)."""
    heavy: bool = field(default=Factory(_is_heavy, takes_self=True), kw_only=True)
    """Whether work on it belongs in a thread."""

    @property
    def session(self) -> str:
        """Claude Code's session id, or empty."""
        return self.headers.get("x-claude-code-session-id", "")

    @property
    def agent(self) -> str:
        """Claude Code's subagent id, or empty for the main thread."""
        return self.headers.get("x-claude-code-agent-id", "")

    @cached_property
    def call_ids(self) -> Mapping[str, int]:
        """See `ids.history`."""
        return tool_ids.ids_in_history(self.request)

    @cached_property
    def media(self) -> tuple[MediaBlock, ...]:
        """What the messages hold beside text."""
        return () if self.request.said else media_blocks(self.request.messages)

    def required_attachments(self, modalities: InputModalities) -> RequiredAttachments:
        """What of it a target cannot take as it is."""
        return required_attachments(self.media, modalities)

    @cached_property
    def estimated_tokens(self) -> int:
        """A cheap guess at the prompt's size: bytes / 4, with images and PDFs taken out and weighed apart."""
        size, shown = len(self.body), 0
        for one in self.media:
            block = one.block
            match block:
                case a.Image():
                    size -= len(block.source.data)
                    shown += IMAGE_TOKENS
                case a.Document():
                    if file := binary_size(block):
                        size -= file
                        shown += file_tokens(file)
                case a.Unknown():
                    pass
                case _:
                    assert_never(block)
        return max(1, size // 4 + shown)


def file_tokens(size: int) -> int:
    """What a PDF of so many characters of base64 is taken to weigh."""
    return IMAGE_TOKENS * max(1, size // FILE_BYTES)
