"""What a prompt weighs: everything of an upstream request that costs tokens, taken apart for counting."""

from __future__ import annotations

from attrs import frozen


@frozen
class Prompt:
    """`texts` are counted by a tokenizer; each message and each image adds a fixed weight."""

    texts: tuple[str, ...]
    messages: int = 0
    images: int = 0
