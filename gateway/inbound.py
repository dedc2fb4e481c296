"""One client request, immutable. Every attempt, on any provider, starts from it."""

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
"""Base64 characters of a PDF that are estimated to cost as many tokens as one image (about a page)."""


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
    """The URL's query string, without the question mark."""
    repaired: bool = False
    """Lone surrogates in the body were replaced (see `characters`)."""
    heavy: bool = field(default=Factory(_is_heavy, takes_self=True), kw_only=True)
    """Whether work on this request should run in a thread."""

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
        """See `tool_ids.ids_in_history`."""
        return tool_ids.ids_in_history(self.request)

    @cached_property
    def media(self) -> tuple[MediaBlock, ...]:
        """The media blocks of the messages."""
        return () if self.request.no_media else media_blocks(self.request.messages)

    def required_attachments(self, modalities: InputModalities) -> RequiredAttachments:
        """The attachments that a target with these modalities cannot take unchanged."""
        return required_attachments(self.media, modalities)

    @cached_property
    def estimated_tokens(self) -> int:
        """A cheap estimate of the prompt's tokens: bytes / 4, with images and PDFs estimated separately."""
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
    """Estimated tokens of a PDF of `size` base64 characters."""
    return IMAGE_TOKENS * max(1, size // FILE_BYTES)
