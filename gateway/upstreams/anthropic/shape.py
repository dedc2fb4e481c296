"""Converts between the two shapes of a Messages API answer: one message, and a stream of events.

Rules:
- `to_events` makes events of a message for a client that asked for a stream: each block starts empty, one
  delta has the fields that clients accumulate, and unknown fields are sent whole with the block's start.
- `MessageAccumulator` makes a message of events for a client that did not. Unknown deltas are left out.
- Values stay unchanged, byte for byte; only fields that a delta extends are decoded.
- A tool call whose input is truncated is left out if the answer was cut short. Otherwise the whole answer is
  malformed: clients run a call whatever its input.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from attrs import Factory, define
from msgspec import Raw

from gateway.parts import PassthroughEvent

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_LIST = msgspec.json.Decoder(list[Raw])
_STRING = msgspec.json.Decoder(str)
_NO_FIGURES = Raw(b'{"output_tokens":0}')
_NULL, _EMPTY, _NOTHING = Raw(b"null"), Raw(b'""'), Raw(b"{}")
_ENDING = ("stop_reason", "stop_sequence", "stop_details", "container")
"""Keys of a message that `message_delta` has in its `delta`."""
_BESIDE = ("usage", "context_management", "input_transformations")
"""Keys of a message that `message_delta` has next to its `delta`."""
_CUT_SHORT = frozenset({"max_tokens", "model_context_window_exceeded", "refusal"})
_ACCUMULATED = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
    "compaction_delta": "content",
}
"""Fields that the deltas of a type extend, by the type."""
_SUMS = {"partial_json": "input"}
"""The field's name in the block, if it differs from the delta's."""

Json = dict[str, Raw]


class InvalidToolInput(ValueError):
    """A tool call's input is not a JSON object."""


def to_events(body: bytes) -> Iterator[PassthroughEvent]:
    """`body` is a message. Raises msgspec.MsgspecError if it is not."""
    message = _OBJECT.decode(body)
    over = {key: message[key] for key in _ENDING if key in message}
    opening = message | dict.fromkeys(over, _NULL) | {"content": Raw(b"[]")}
    yield _event("message_start", message=_raw(opening))
    for index, raw in enumerate(_LIST.decode(message["content"])):
        start, deltas = _opened(_OBJECT.decode(raw))
        at = _raw(index)
        yield _event("content_block_start", index=at, content_block=_raw(start))
        for delta in deltas:
            if _EMPTY not in delta.values():
                yield _event("content_block_delta", index=at, delta=_raw(delta))
        yield _event("content_block_stop", index=at)
    beside = {key: message[key] for key in _BESIDE if key in message}
    stop = _STRING.decode(message["stop_reason"])
    yield _event("message_delta", stop, delta=_raw(over), **beside)
    yield _event("message_stop")


def max_tokens_ending(index: int | None) -> Iterator[PassthroughEvent]:
    """The events that end a stream at `max_tokens`; `index`: of the open block."""
    if index is not None:
        yield _event("content_block_stop", index=_raw(index))
    stop = _raw({"stop_reason": "max_tokens", "stop_sequence": None})
    yield _event("message_delta", "max_tokens", delta=stop, usage=_NO_FIGURES)
    yield _event("message_stop")


def _opened(block: Json) -> tuple[Json, list[Json]]:
    """A block as it starts, and the deltas that complete it."""
    match _text(block, "type"):
        case "text":
            given = [] if _is_nothing(block.get("citations", _NULL)) else _LIST.decode(block["citations"])
            cited = [_delta("citations_delta", citation=one) for one in given]
            start = {**block, "text": _EMPTY, **({"citations": Raw(b"[]")} if given else {})}
            return start, [*cited, _delta("text_delta", text=block["text"])]
        case "thinking":
            thought = _delta("thinking_delta", thinking=block["thinking"])
            signed = _delta("signature_delta", signature=block.get("signature", _EMPTY))
            return {**block, "thinking": _EMPTY, "signature": _EMPTY}, [thought, signed]
        case "compaction":
            content = {key: block.get(key, _NULL) for key in ("content", "encrypted_content")}
            return block | dict.fromkeys(content, _NULL), [_delta("compaction_delta", **content)]
        case _ if "input" in block:
            partial_json = _raw(bytes(block["input"]).decode())
            return {**block, "input": _NOTHING}, [_delta("input_json_delta", partial_json=partial_json)]
        case _:
            return block, []


@define
class _Block:
    """A block as it started, and the data of its deltas."""

    start: Json
    texts: dict[str, list[str]] = Factory(dict[str, list[str]])
    citations: list[Raw] = Factory(list[Raw])

    def add(self, delta: Json) -> None:
        kind = _text(delta, "type")
        if (key := _ACCUMULATED.get(kind)) and not _is_nothing(delta[key]):
            self.texts.setdefault(_SUMS.get(key, key), []).append(_STRING.decode(delta[key]))
        if kind == "citations_delta":
            self.citations.append(delta["citation"])
        elif kind in ("signature_delta", "compaction_delta"):
            self.start |= {key: delta[key] for key in ("signature", "encrypted_content") if key in delta}

    def whole(self) -> Json:
        """The complete block. Raises InvalidToolInput if a tool call's input is not a JSON object."""
        sums = {key: "".join(texts) for key, texts in self.texts.items()}
        block = dict(self.start)
        if arguments := sums.pop("input", ""):
            block["input"] = _arguments(arguments)
        block |= {key: _raw(text) for key, text in sums.items()}
        return {**block, "citations": _raw(self.citations)} if self.citations else block


def _arguments(text: str) -> Raw:
    try:
        _OBJECT.decode(text)
    except msgspec.MsgspecError:
        raise InvalidToolInput from None
    return Raw(text.encode())


@define
class MessageAccumulator:
    """Feed it events, then take `message`."""

    _message: Json = Factory(dict[str, Raw])
    _blocks: list[_Block] = Factory(list[_Block])

    def add(self, event: PassthroughEvent) -> None:
        """Raises msgspec.MsgspecError, KeyError or IndexError for a malformed event."""
        fields = _OBJECT.decode(event.data)
        match event.name:
            case "message_start":
                self._message = _OBJECT.decode(fields["message"])
            case "content_block_start":
                self._blocks.append(_Block(_OBJECT.decode(fields["content_block"])))
            case "content_block_delta":
                self._blocks[msgspec.json.decode(fields["index"], type=int)].add(
                    _OBJECT.decode(fields["delta"])
                )
            case "message_delta":
                self._end(fields)
            case _:
                pass

    def message(self, stop_reason: str) -> bytes:
        """The message. Raises InvalidToolInput if a completed tool call cannot be parsed."""
        content: list[Json] = []
        for block in self._blocks:
            try:
                content.append(block.whole())
            except InvalidToolInput:
                if stop_reason not in _CUT_SHORT:
                    raise
        return msgspec.json.encode(self._message | {"content": _raw(content)})

    def _end(self, fields: Json) -> None:
        self._message |= _OBJECT.decode(fields["delta"])
        updates = {key: fields[key] for key in _BESIDE if key in fields}
        if "usage" in updates and "usage" in self._message:
            figures = _OBJECT.decode(updates["usage"])
            known = _OBJECT.decode(self._message["usage"])
            updates["usage"] = _raw(
                known | {key: value for key, value in figures.items() if not _is_nothing(value)}
            )
        self._message |= updates


def _event(name: str, stop_reason: str = "", **fields: Raw) -> PassthroughEvent:
    return PassthroughEvent(name, msgspec.json.encode({"type": name, **fields}), stop_reason)


def _delta(kind: str, **fields: Raw) -> Json:
    return {"type": _raw(kind), **fields}


def _raw(value: object) -> Raw:
    return Raw(msgspec.json.encode(value))


def _text(fields: Mapping[str, Raw], key: str) -> str:
    return _STRING.decode(fields[key])


def _is_nothing(raw: Raw) -> bool:
    return bytes(raw) == b"null"
