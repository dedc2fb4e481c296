"""What a client is sent for an upstream's bytes, and what Anthropic's SDK makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from anthropic.lib.streaming._messages import accumulate_event

from gateway import parts
from gateway.anthropic.response import events as e
from gateway.anthropic.response.accumulate import fold
from gateway.anthropic.response.tool_call import parse_arguments
from gateway.anthropic.response.writer import MessageWriter
from gateway.anthropic.tool_ids import ClientCallIds
from gateway.upstreams.anthropic.reader import PassthroughReader
from gateway.upstreams.anthropic.shape import MessageAccumulator
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama.reader import NativeReader
from gateway.upstreams.openai.reader import ChatReader
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.response.reader import ResponseReader
from gateway.upstreams.responses.reader import ResponsesReader
from gateway.upstreams.upstream_request import ResponseOptions

Events = list[e.Event]
KINDS = {
    "openai": (ChatReader, "vllm"),
    "ollama": (NativeReader, "ollama"),
    "responses": (ResponsesReader, "responses"),
    "anthropic": (PassthroughReader, "anthropic"),
}
"""The reader of each kind, and the preset that shows most of it."""
UNREADABLE = "Unable to parse tool parameter JSON"


def events_of(kind: str, pieces: Iterable[bytes], *, thinking: bool = True) -> Events:
    """One reader and one writer over the reads of one answer."""
    reader_of, preset = KINDS[kind]
    minted = iter(range(1, 1000))
    info = ModelInfo("up", "model", PRESETS[preset])
    reader = ResponseReader(reader_of(info, ResponseOptions(thinking=thinking)))
    writer = MessageWriter(
        "msg_x", "m", "req_x", input_tokens=11, call_ids=ClientCallIds(lambda: f"toolu_{next(minted)}")
    )
    read = [part for piece in pieces for part in reader.feed(piece)] + reader.close()
    written = [event for part in read for event in writer.write(part)]
    assert reader.ended
    assert writer.ended
    return written


def payloads(events: Events) -> list[dict[str, Any]]:
    lines = e.render(events).decode().split("\n")
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def accumulated(events: Events) -> dict[str, Any] | None:
    """What the official SDK makes of the events; None where it cannot read the arguments of a call."""
    message, buffers = None, {}
    for event in payloads(events):
        try:
            message = accumulate_event(event=event, current_snapshot=message, json_bufs=buffers)
        except ValueError as error:
            if UNREADABLE not in str(error):
                raise
            return None
    assert message is not None
    return message.to_dict()


def cut_calls(events: Events) -> set[int]:
    """The places of calls that a length cut off: a stream shows half an object, a folded message none."""
    arguments: dict[int, str] = {}
    for event in payloads(events):
        if event.get("content_block", {}).get("type") == "tool_use":
            arguments[event["index"]] = ""
        if event.get("delta", {}).get("type") == "input_json_delta" and event["index"] in arguments:
            arguments[event["index"]] += event["delta"]["partial_json"]
    return {place for place, text in arguments.items() if parse_arguments(text) is None}


def folded(events: Events) -> dict[str, Any]:
    """The whole message, without what only a plain answer says of a text."""
    message = _relayed(events) if isinstance(events[-1], e.Relayed) else fold(events)
    return {**message, "content": [_plain(block) for block in message["content"]]}


def _relayed(events: Events) -> dict[str, Any]:
    """What a client that asked for no stream gets of one that was relayed."""
    folding = MessageAccumulator()
    for event in events:
        assert isinstance(event, e.Relayed)
        folding.add(parts.PassthroughEvent(event.name, event.data))
    stop = next(
        event["delta"]["stop_reason"] for event in payloads(events) if event["type"] == "message_delta"
    )
    return json.loads(folding.message(stop))


def _plain(block: dict[str, Any]) -> dict[str, Any]:
    """An old SDK says of a block that it does not know that it has no text."""
    return {name: value for name, value in block.items() if name != "citations" and value is not None}


def is_folded(summed: dict[str, Any] | None, events: Events) -> bool:
    """Whether an SDK's message is the folded one, calls aside that were cut off by length."""
    whole, cut = folded(events), cut_calls(events)
    assert not cut or whole["stop_reason"] not in ("end_turn", "tool_use", "stop_sequence")
    if summed is None:
        return bool(cut)
    blocks = [_plain(block) for place, block in enumerate(summed["content"]) if place not in cut]
    return (blocks, summed["stop_reason"], summed["usage"]["output_tokens"]) == (
        whole["content"],
        whole["stop_reason"],
        whole["usage"]["output_tokens"],
    )
