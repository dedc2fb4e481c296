"""Fetches and extracts what an upstream cannot take unchanged, before a request is translated."""

from gateway.attachments.resolver import Resolver

__all__ = ["Resolver"]
