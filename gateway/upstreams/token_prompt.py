"""What a prompt weighs: everything of an upstream request that costs tokens, taken apart for counting."""

from __future__ import annotations

from attrs import frozen


@frozen
class CountablePrompt:
    """`texts` are counted by a tokenizer; each message adds a fixed weight."""

    texts: tuple[str, ...]
    messages: int = 0
    shown: int = 0
    """Tokens of pictures and files."""


@frozen
class TokenCount:
    """What a prompt weighs, in tokens."""

    tokens: int
    original: int | None = None
    """Without the client's context edits, where some were done."""
