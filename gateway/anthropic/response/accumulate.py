"""The events of one answer -> the Message object of a non-streamed answer.

Rules:
- Deltas are joined, tool arguments decoded; nothing else is changed, so that streamed and plain answers are
  equal. A text block has `citations` only if its start has: clients with strict schemas (Vercel's AI SDK)
  reject an answer with a null there (`test_text_without_citations_has_no_such_key`).
- A truncated tool call is left out: a plain answer cannot contain half an object.
- An `error` event, or events without an end, raise `UpstreamFailed`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from attrs import Factory, define

from gateway.anthropic.response import events as e
from gateway.anthropic.response.tool_call import parse_arguments
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
"""The kind for an event's error type; the exact kind is the writer's `fault`."""


def fold(events: Iterable[e.Event]) -> dict[str, Any]:
    """The complete message."""
    folding = _Folding()
    for event in events:
        folding.add(event)
    return folding.result()


@define
class _Folding:
    message: dict[str, Any] = Factory(dict[str, Any])
    blocks: list[_Block] = Factory(list["_Block"])

    def add(self, event: e.Event) -> None:  # noqa: C901  a case for each event
        match event:
            case e.ContentBlockDelta():
                self.blocks[event.index].add(event.delta)
            case e.ContentBlockStart():
                self.blocks.append(_Block(msgspec.to_builtins(event.content_block)))
            case e.MessageStart():
                self.message = msgspec.to_builtins(event.message)
            case e.MessageDelta():
                self.message |= msgspec.to_builtins(event.delta)
                self.message["usage"] = msgspec.to_builtins(event.usage)
                if event.context_management:
                    self.message["context_management"] = msgspec.to_builtins(event.context_management)
            case e.Error():
                kind = _KINDS.get(event.error.type, Kind.UPSTREAM_GARBAGE)
                raise UpstreamFailed(kind, event.error.message)
            case e.Relayed():
                raise UpstreamFailed(Kind.UPSTREAM_GARBAGE, "the upstream streamed where it was asked not to")
            case e.ContentBlockStop() | e.MessageStop() | e.Ping():
                pass

    def result(self) -> dict[str, Any]:
        if self.message.get("stop_reason") is None:
            raise UpstreamFailed(Kind.UPSTREAM_CUT, "the answer has no end")
        wholes = [block.whole() for block in self.blocks]
        self.message["content"] = [whole for whole in wholes if whole is not None]
        return self.message


@define
class _Block:
    """A block as it started, and the texts of its deltas."""

    start: dict[str, Any]
    texts: list[str] = Factory(list[str])
    signature: str = ""

    def add(self, delta: e.Delta) -> None:
        match delta:
            case e.TextDelta():
                self.texts.append(delta.text)
            case e.ThinkingDelta():
                self.texts.append(delta.thinking)
            case e.InputJsonDelta():
                self.texts.append(delta.partial_json)
            case e.SignatureDelta():
                self.signature = delta.signature
            case e.CompactionDelta():
                self.texts.append(delta.content or "")

    def whole(self) -> dict[str, Any] | None:
        """None for a tool call with truncated arguments."""
        text = "".join(self.texts)
        match self.start["type"]:
            case "text":
                return {**self.start, "text": text}
            case "thinking":
                return {**self.start, "thinking": text, "signature": self.signature}
            case "compaction":
                return {**self.start, "content": text or None}
            case _ if "input" in self.start:
                arguments = parse_arguments(text)
                return None if arguments is None else {**self.start, "input": arguments}
            case _:
                return self.start
