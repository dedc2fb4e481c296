"""Removes from a client's history what a Messages API server does not accept.

Rules:
- Thinking blocks signed by this gateway came from another provider, and Anthropic refuses signatures that are
  not its own: those blocks are removed. So a session may change providers.
- A summary signed by this gateway becomes a user text, and the messages it replaces are removed, as the API
  does with its own summaries; tool changes next to it become a message of their own.
- Web search results of another provider become a text: the API accepts only its own results.
- Empty text blocks of the assistant, which may have been sent as keepalives, are removed: the API refuses
  them.
- A message without remaining content is removed. Every other message stays unchanged, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from attrs import Factory, define
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.conversation.compaction import summary_text
from gateway.anthropic.conversation.server_tools import searched_here
from gateway.anthropic.signatures import PREFIX
from gateway.upstreams.anthropic import wire as w

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_LIST = msgspec.json.Decoder(list[Raw])
_TURN = msgspec.json.Decoder(w.Turn)
_BLOCK = msgspec.json.Decoder(w.Block)
_TEXT = msgspec.json.Decoder(str)
_EMPTY = b'""'
_SIGNED = b'"' + PREFIX.encode()


def may_hold_gateway_blocks(body: bytes, messages: Iterable[a.Message]) -> bool:
    """Whether there may be anything to remove. A quick check, since most requests have nothing of it."""
    return PREFIX.encode() in body or any(
        type(block) is a.Text and not block.text
        for message in messages
        if message.role == "assistant"
        for block in message.content
    )


def without_gateway_blocks(messages: Raw) -> tuple[Raw, bool]:
    """The messages, and whether thinking was removed."""
    cleaning = _Cleaning()
    for raw in _LIST.decode(messages):
        cleaning.add(raw)
    return Raw(msgspec.json.encode(cleaning.kept)), cleaning.dropped_thinking


@define
class _Cleaning:
    kept: list[Raw] = Factory(list[Raw])
    dropped_thinking: bool = False

    def add(self, raw: Raw) -> None:
        turn = _TURN.decode(raw)
        if turn.role == "assistant" and bytes(turn.content) == _EMPTY:
            return
        if turn.role not in ("assistant", "user") or not bytes(turn.content).startswith(b"["):
            self.kept.append(raw)
            return
        sent = _LIST.decode(turn.content)
        blocks = _without_searches(sent) if turn.role == "assistant" else sent
        left = [block for block in blocks if self._stays(block, turn.role)]
        if blocks is sent and len(left) == len(sent):
            self.kept.append(raw)
        elif left:
            self.kept.append(_with(raw, left))

    def _stays(self, raw: Raw, role: str) -> bool:
        block = _BLOCK.decode(raw)
        match block.type:
            case "text":
                return role == "user" or bytes(block.text) != _EMPTY
            case "thinking" | "redacted_thinking" if _is_signed_here(block):
                self.dropped_thinking = True
                return False
            case "compaction" if _is_signed_here(block):
                self._summarise(block)
                return False
            case _:
                return True

    def _summarise(self, block: w.Block) -> None:
        """A failed summary replaces nothing."""
        if not bytes(block.content).startswith(b'"'):
            return
        self.kept = [_message("user", summary_text(_TEXT.decode(block.content)))]
        if bytes(block.tool_changes).startswith(b"[") and _LIST.decode(block.tool_changes):
            self.kept.append(_message("system", block.tool_changes))


def _without_searches(sent: list[Raw]) -> list[Raw]:
    """The blocks with search results of other providers as texts, and without their calls."""
    blocks = [_BLOCK.decode(raw) for raw in sent]
    found = {
        bytes(block.tool_use_id): text
        for block in blocks
        if block.type == "web_search_tool_result" and (text := searched_here(block.content))
    }
    if not found:
        return sent
    left: list[Raw] = []
    for raw, block in zip(sent, blocks, strict=True):
        if block.type == "web_search_tool_result" and (text := found.get(bytes(block.tool_use_id))):
            left.append(Raw(msgspec.json.encode({"type": "text", "text": f"Found on the web:\n{text}"})))
        elif block.type != "server_tool_use" or bytes(block.id) not in found:
            left.append(raw)
    return left


def _is_signed_here(block: w.Block) -> bool:
    return bytes(block.signature or block.data).startswith(_SIGNED)


def _message(role: str, content: str | Raw) -> Raw:
    return Raw(msgspec.json.encode({"role": role, "content": content}))


def _with(raw: Raw, blocks: list[Raw]) -> Raw:
    fields = _OBJECT.decode(raw)
    fields["content"] = Raw(msgspec.json.encode(blocks))
    return Raw(msgspec.json.encode(fields))
