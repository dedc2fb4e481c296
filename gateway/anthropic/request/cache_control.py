"""Finds a client's prompt-cache marks (`cache_control`) in the bytes of a request.

Rules:
- It is a second decoding of only these fields, for the few upstreams that take marks: other requests do not
  pay for it.
- A mark inside a tool result counts at its end. Of the tools' marks the last one counts.
- Marks are hints. An unreadable mark discards all of them, but never the request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from attrs import Factory, frozen
from msgspec import Raw, Struct

from gateway.anthropic import wire as a
from gateway.anthropic.request import system_prompt

Control = a.CacheControl
Places = Mapping[int, Control]


@frozen
class CacheMarks:
    """By index: `system` of its blocks, `messages` of the messages and then of their blocks."""

    system: Places = Factory(dict[int, Control])
    tools: Control | None = None
    messages: Mapping[int, Places] = Factory(dict[int, Places])

    def __bool__(self) -> bool:
        return bool(self.system or self.tools or self.messages)


NO_MARKS = CacheMarks()


class SystemCut(Struct, frozen=True):
    """The end of a block of the system prompt, in characters."""

    at: int
    mark: Control | None = None


class _Block(Struct):
    type: str = ""
    cache_control: Control | None = None
    content: Raw = Raw()


class _Message(Struct):
    content: str | list[_Block] | None = None


class _Request(Struct):
    messages: list[_Message] = []
    system: str | list[_Block] | None = None
    tools: list[_Block] | None = None


_KEY = b'"cache_control"'
_REQUEST = msgspec.json.Decoder(_Request)
_BLOCKS = msgspec.json.Decoder(list[_Block])


def find_cache_marks(body: bytes) -> CacheMarks:
    if _KEY not in body:
        return NO_MARKS
    try:
        sent = _REQUEST.decode(body)
        tools = _marked(sent.tools)
        found = {i: _marked(message.content) for i, message in enumerate(sent.messages)}
        return CacheMarks(
            system=_marked(sent.system),
            tools=tools[max(tools)] if tools else None,
            messages={i: in_message for i, in_message in found.items() if in_message},
        )
    except msgspec.MsgspecError:
        return NO_MARKS


def _marked(blocks: str | Sequence[_Block] | None) -> Places:
    if isinstance(blocks, str) or not blocks:
        return {}
    found = ((i, _mark(block)) for i, block in enumerate(blocks))
    return {i: mark for i, mark in found if mark and mark.type == "ephemeral"}


def _mark(block: _Block) -> Control | None:
    if block.cache_control or block.type != "tool_result" or _KEY not in bytes(block.content):
        return block.cache_control
    inner = _marked(_BLOCKS.decode(block.content))
    return inner[max(inner)] if inner else None


def system_cuts(
    request: a.MessagesRequest, head: system_prompt.ConversationStart, found: CacheMarks
) -> tuple[SystemCut, ...]:
    """The ends of the system prompt's blocks; the tools, which precede it, are marked at the first."""
    texts = [(text, found.system.get(i)) for i, text in enumerate(system_prompt.system_texts(request.system))]
    for i, message in enumerate(request.messages[: head.first]):
        if message.role == "system":
            inner = list(found.messages.get(i, {}).values())
            texts.append(
                (system_prompt.system_message_text(message, i, head.newest), inner[-1] if inner else None)
            )
    return _with_tools([*_ends(texts)], found.tools)


def _ends(texts: Iterable[tuple[str, Control | None]]) -> Iterable[SystemCut]:
    at = 0
    for text, mark in texts:
        if text:
            at += len(text) + (len(system_prompt.BETWEEN) if at else 0)
            yield SystemCut(at, mark)


def _with_tools(found: list[SystemCut], tools: Control | None) -> tuple[SystemCut, ...]:
    if found and tools and not found[0].mark:
        found[0] = SystemCut(found[0].at, tools)
    return tuple(found)
