"""What a request shows beside text: pictures, documents and blocks of other types, wherever they stand.

A conversation of text alone costs one look at the type of each block; everyone who looks for such blocks (the
estimate of its size, routes, what has to be fetched or read) looks here.
"""

from __future__ import annotations

from typing import TypeGuard

from msgspec import Struct

from gateway.anthropic import wire as a
from gateway.anthropic.request.block_types import BLOCKS
from gateway.anthropic.request.system_prompt import opening

_NO_MEDIA = frozenset({a.Quoted, *(spec.struct for spec in BLOCKS.values() if not spec.media)})
_MEDIA = frozenset({a.Image, a.Document, a.Unknown})


class MediaBlock(Struct, frozen=True):
    """`newest`: in the newest user turn, outside tool results, where what cannot be sent is refused."""

    block: a.Image | a.Document | a.Unknown
    newest: bool


def media_blocks(messages: tuple[a.Message, ...]) -> tuple[MediaBlock, ...]:
    found: list[MediaBlock] = []
    newest = None
    for i, message in enumerate(messages):
        for block in message.content:
            if type(block) in _NO_MEDIA:
                continue
            if isinstance(block, a.ToolResult):
                for inner in block.content:
                    if type(inner) not in _NO_MEDIA and is_media(inner):
                        found.append(MediaBlock(inner, newest=False))  # noqa: PERF401  most results hold none
            elif is_media(block):
                newest = _newest(messages) if newest is None else newest
                found.append(MediaBlock(block, newest=i in newest))
    return tuple(found)


def is_media(block: a.Block) -> TypeGuard[a.Image | a.Document | a.Unknown]:
    return type(block) in _MEDIA


def _newest(messages: tuple[a.Message, ...]) -> range:
    """Where the messages of the newest user turn stand."""
    last = max(i for i, m in enumerate(messages) if m.role not in ("system", "assistant") or i == 0)
    return range(opening(messages, last), last + 1)
