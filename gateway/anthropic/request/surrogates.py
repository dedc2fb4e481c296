r"""Lone surrogates in a request's JSON (`"\ud83d"` without its second half) -> U+FFFD.

Clients that cut texts by UTF-16 units send them, and repeat them in every later request of the conversation.
They make the JSON invalid; the meaning is clear except for that one character.
"""

from __future__ import annotations

import re

MAX_SURROGATES = 200_000
"""How many surrogates and pairs are checked: a tenth of a second."""
_SURROGATE = re.compile(
    rb"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?P<second>\\u[dD][c-fC-F][0-9a-fA-F]{2})?|[c-fC-F][0-9a-fA-F]{2})"
)
"""A pair or a lone surrogate, unless its backslash is itself escaped."""
_ESCAPE = len(rb"\ud83d")
_UNKNOWN = rb"\ufffd"
_WINDOW = 1024
"""Bytes searched backwards in one step."""


def replace_lone_surrogates(body: bytes) -> bytes:
    """Returns the same object if there is nothing to replace."""
    whole = _SURROGATE.sub(_whole, body, MAX_SURROGATES)
    return body if whole == body else whole


def _whole(found: re.Match[bytes]) -> bytes:
    if not _is_escaped(found.string, found.start()):
        return found[0] if found["second"] else _UNKNOWN
    return found[0][:_ESCAPE] + (_UNKNOWN if found["second"] else b"")


def _is_escaped(text: bytes, at: int) -> bool:
    """Whether an odd number of backslashes precedes that position."""
    run = 0
    while window := text[max(0, at - run - _WINDOW) : at - run]:
        found = len(window) - len(window.rstrip(b"\\"))
        run += found
        if found < len(window):
            break
    return run % 2 == 1
