r"""Halves of characters in a request's JSON (`"\ud83d"` without its second half) -> U+FFFD.

Clients that cut texts by UTF-16 units send such halves, and send them again with every later request of the
conversation. They make no valid JSON; what is meant is clear but for that one character.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}(?P<second>\\u[dD][c-fC-F][0-9a-fA-F]{2})?"
    rb"|u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<other>.))",
    re.DOTALL,
)
"""Every escape, so that of two backslashes the second begins none."""


def whole_characters(body: bytes) -> bytes:
    """The same object where there is nothing to replace."""
    whole = _ESCAPE.sub(_whole, body)
    return body if whole == body else whole


def _whole(found: re.Match[bytes]) -> bytes:
    return found[0] if found["second"] or found["other"] else rb"\ufffd"
