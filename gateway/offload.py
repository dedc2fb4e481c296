"""Work on a request that would hold the event loop too long -> a thread.

What a request costs grows with its JSON objects and lists more than with its bytes: texts are hardly looked
at. An ordinary request of a coding agent (300 kB, some 1,200 objects) takes a few milliseconds, and a thread
would make it slower.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

OBJECTS = 2_500
"""JSON objects and lists of a body: about 20 ms."""
ITEMS = 15_000
"""Commas of a body, in texts or not: a list of many values has few objects."""
SURROGATES = 1_000
"""Escaped halves of characters, which may have to be mended (see `gateway.anthropic.characters`)."""
SIZE = 2 << 20
"""Bytes of a body: about as long."""

P = ParamSpec("P")
R = TypeVar("R")


def is_heavy(body: bytes) -> bool:
    return (
        len(body) > SIZE
        or body.count(b"{") + body.count(b"[") > OBJECTS
        or body.count(b",") > ITEMS
        or body.count(b"\\ud") + body.count(b"\\uD") > SURROGATES
    )


async def run(heavy: bool, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """`work(*args)`, in a thread if it is heavy."""
    if heavy:
        return await asyncio.to_thread(work, *args, **kwargs)
    return work(*args, **kwargs)
