"""The events of one answer -> the Message object of a non-streamed one.

Rules:
- Deltas are joined, tool arguments decoded; nothing else is changed, so that streamed and plain answers say
  the same.
- A tool call that was cut off is left out: a plain answer cannot show half an object.
- An `error` event, or events without an end, raise `UpstreamFailed`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from attrs import define

from gateway.anthropic import events as e
from gateway.anthropic.calls import parse_arguments
from gateway.errors import Kind, UpstreamFailed

_KINDS = {
    "invalid_request_error": Kind.INVALID_REQUEST,
    "billing_error": Kind.BILLING,
    "permission_error": Kind.PERMISSION,
    "not_found_error": Kind.NOT_FOUND,
    "request_too_large": Kind.TOO_LARGE,
    "rate_limit_error": Kind.RATE_LIMITED,
    "timeout_error": Kind.UPSTREAM_TIMEOUT,
    "overloaded_error": Kind.UPSTREAM_OVERLOADED,
}
"""What an event's error type stands for; the exact kind is the writer's `fault`."""


def fold(events: Iterable[e.Event]) -> dict[str, Any]:
    """The complete message."""
    message: dict[str, Any] = {}
    blocks: list[_Block] = []
    for event in events:
        match event:
            case e.MessageStart():
                message = msgspec.to_builtins(event.message)
            case e.ContentBlockStart():
                blocks.append(_Block(msgspec.to_builtins(event.content_block)))
            case e.ContentBlockDelta():
                blocks[event.index].add(event.delta)
            case e.MessageDelta():
                message |= msgspec.to_builtins(event.delta)
                message["usage"] = msgspec.to_builtins(event.usage)
            case e.Error():
                raise UpstreamFailed(_KINDS.get(event.error.type, Kind.UPSTREAM_GARBAGE), event.error.message)
            case e.ContentBlockStop() | e.MessageStop() | e.Ping():
                pass
    if message.get("stop_reason") is None:
        raise UpstreamFailed(Kind.UPSTREAM_CUT, "the answer has no end")
    message["content"] = [whole for block in blocks if (whole := block.whole()) is not None]
    return message


@define
class _Block:
    """A block as it started, and the texts of its deltas."""

    start: dict[str, Any]
    text: str = ""
    signature: str = ""
    arguments: str = ""

    def add(self, delta: e.Delta) -> None:
        match delta:
            case e.TextDelta():
                self.text += delta.text
            case e.ThinkingDelta():
                self.text += delta.thinking
            case e.SignatureDelta():
                self.signature = delta.signature
            case e.InputJsonDelta():
                self.arguments += delta.partial_json

    def whole(self) -> dict[str, Any] | None:
        """None for a tool call whose arguments were cut off."""
        match self.start["type"]:
            case "text":
                return {"citations": None, **self.start, "text": self.text}
            case "thinking":
                return {**self.start, "thinking": self.text, "signature": self.signature}
            case _ if "input" in self.start:
                arguments = parse_arguments(self.arguments)
                return None if arguments is None else {**self.start, "input": arguments}
            case _:
                return self.start
