"""Counting tokens: a `Prompt` taken apart by an upstream's request builder -> what it weighs."""

from gateway.tokens.counter import Counter

__all__ = ["Counter"]
