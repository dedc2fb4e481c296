"""New identifiers in the API's format: a prefix and 24 letters or digits."""

from __future__ import annotations

import secrets


def new_id(prefix: str) -> str:
    """`new_id("req_")` -> `req_5f0c...`."""
    return prefix + secrets.token_hex(12)
