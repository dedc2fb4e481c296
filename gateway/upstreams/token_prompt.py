"""The parts of an upstream request that cost tokens, split for counting."""

from __future__ import annotations

from attrs import frozen


@frozen
class CountablePrompt:
    """`texts` are counted by a tokenizer; each message adds a fixed number of tokens."""

    texts: tuple[str, ...]
    messages: int = 0
    media_tokens: int = 0
    """Tokens of images and files."""


@frozen
class TokenCount:
    """The prompt's size in tokens."""

    tokens: int
    original: int | None = None
    """Tokens without the client's context edits, if any were applied."""
