"""What an upstream cannot take as it is, fetched and read before a request is translated."""

from gateway.attachments.resolver import Resolver

__all__ = ["Resolver"]
