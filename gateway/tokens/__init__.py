"""Counting tokens: a `CountablePrompt` taken apart by an upstream's request builder -> what it weighs."""

from gateway.tokens.counter import TokenCounter

__all__ = ["TokenCounter"]
