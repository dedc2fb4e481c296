"""Events of a server that speaks Messages itself, changed as little as possible.

Rules:
- The message's model is the name that the client asked for; its id and all other fields are the server's.
- Indices are shifted by the number of blocks sent to the client before: an empty one may have been a
  keepalive.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from gateway.anthropic.response import events as e
from gateway.parts import PassthroughEvent

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_INDEX = msgspec.json.Decoder(int)
ENDS = frozenset({"message_stop", "message"})
_CALLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})


class _Begun(Struct):
    content_block: _Block | None = None
    content: list[_Block] | None = None


class _Block(Struct):
    type: str = ""


_START = msgspec.json.Decoder(_Begun)


def forward_event(part: PassthroughEvent, model: str, blocks_before: int) -> e.Relayed:
    """The event for the client."""
    match part.name:
        case "message":
            return e.Relayed(part.name, _called(part.data, model))
        case "message_start":
            fields = _OBJECT.decode(part.data)
            fields["message"] = Raw(_called(bytes(fields["message"]), model))
            return e.Relayed(part.name, msgspec.json.encode(fields))
        case _ if blocks_before and part.name.startswith("content_block_"):
            fields = _OBJECT.decode(part.data)
            fields["index"] = Raw(msgspec.json.encode(_INDEX.decode(fields["index"]) + blocks_before))
            return e.Relayed(part.name, msgspec.json.encode(fields))
        case _:
            return e.Relayed(part.name, part.data)


def holds_tool_call(part: PassthroughEvent) -> bool:
    """Whether the event begins a call, or the message has one."""
    if part.name not in ("content_block_start", "message"):
        return False
    try:
        start = _START.decode(part.data)
    except msgspec.MsgspecError:
        return False
    blocks = [*filter(None, [start.content_block]), *(start.content or ())]
    return any(block.type in _CALLS for block in blocks)


def _called(message: bytes, model: str) -> bytes:
    fields = _OBJECT.decode(message)
    fields["model"] = Raw(msgspec.json.encode(model))
    return msgspec.json.encode(fields)
