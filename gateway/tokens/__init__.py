"""Counts the tokens of a `CountablePrompt`, which an upstream's request builder creates."""

from gateway.tokens.counter import TokenCounter

__all__ = ["TokenCounter"]
