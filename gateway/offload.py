"""Runs work that would block the event loop too long in a thread.

The cost of a request grows with its number of JSON objects, lists and their entries more than with its bytes:
strings are cheap. A typical request of a coding agent (300 kB, some 1,200 objects) takes a few
milliseconds, and a thread would make it slower. The counts include characters inside strings: code has a
comma in every 50 bytes or so.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import ParamSpec, TypeVar

OBJECTS = 2_500
"""JSON objects and lists in a body that take about 20 ms."""
COMMAS = 10_000
"""Entries of objects and lists that take about as long."""
SIZE = 2 << 20
"""Bytes of a body that take about as long."""
ESCAPED_SIZE = 100_000
"""Bytes of a body with escaped surrogates: if one is a lone surrogate, the body is repaired and parsed again.
"""
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

P = ParamSpec("P")
R = TypeVar("R")


def is_heavy(body: bytes) -> bool:
    """True if the body reaches one of these limits. The check takes a tenth of a millisecond for 300 kB."""
    size = len(body)
    return (
        size > SIZE
        or (size > OBJECTS and body.count(b"{") + body.count(b"[") > OBJECTS)
        or (size > COMMAS and body.count(b",") > COMMAS)
        or (size > ESCAPED_SIZE and _SURROGATE.search(body) is not None)
    )


async def run(heavy: bool, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call `work(*args)`, in a thread if `heavy`."""
    if heavy:
        return await asyncio.to_thread(work, *args, **kwargs)
    return work(*args, **kwargs)
