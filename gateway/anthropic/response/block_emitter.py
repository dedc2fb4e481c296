"""Content blocks as events: one open at a time, numbered without gaps.

Rules about the order of blocks are the writer's.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from attrs import Factory, define
from msgspec import Raw, structs

from gateway.anthropic.response import events as e
from gateway.anthropic.response import reasoning_details
from gateway.anthropic.signatures import sign
from gateway.anthropic.tools.tool_names import ClientToolName


class OpenBlock(Enum):
    """The kind of the open block."""

    NOTHING = auto()
    TEXT = auto()
    THINKING = auto()
    TOOL = auto()
    DRIP = auto()
    """An empty text block, opened only to send empty deltas as keepalives."""


def tool_use(id_: str, name: str, known: ClientToolName | None) -> e.ToolUseBlock:
    """A call under the client's name; `name`, the function's, if no other is known."""
    block = e.ToolUseBlock(id_, known.name if known else name)
    if known is None or not known.toolset:
        return block
    return structs.replace(block, toolset_name=known.toolset, caller={"type": "direct"})


@define
class BlockEmitter:
    open: OpenBlock = OpenBlock.NOTHING
    index: int = -1
    _out: list[e.Event] = Factory(list[e.Event])
    _state: dict[str, str] = Factory(dict[str, str])
    _hidden: list[str] = Factory(list[str])
    _details: list[tuple[Raw, ...]] = Factory(list[tuple[Raw, ...]])

    def take(self) -> list[e.Event]:
        """The events since the last call."""
        out, self._out = self._out, []
        return out

    def emit(self, *events: e.Event) -> None:
        """Emit events outside any block."""
        self._out.extend(events)

    def begin(self, kind: OpenBlock, block: e.Start) -> None:
        self.open = kind
        self.index += 1
        self._state, self._hidden, self._details = {}, [], []
        self._out.append(e.ContentBlockStart(self.index, block))

    def delta(self, delta: e.Delta) -> None:
        self._out.append(e.ContentBlockDelta(self.index, delta))

    def sign(self, state: Mapping[str, str], hidden_text: str, details: tuple[Raw, ...] = ()) -> None:
        """Add to the open thinking block's signature; texts and details accumulate."""
        self._state.update(state)
        if hidden_text:
            self._hidden.append(hidden_text)
        if details:
            self._details.append(details)

    def is_of(self, state: Mapping[str, str]) -> bool:
        """Whether `state` may belong to the open thinking block; two items of reasoning are two blocks."""
        return state.get("id", "") in ("", self._state.get("id", state.get("id")))

    def end(self) -> None:
        if self.open is OpenBlock.THINKING:
            kept = reasoning_details.merge_details(self._details)
            self.delta(e.SignatureDelta(sign(self._state, "".join(self._hidden), kept)))
        self._out.append(e.ContentBlockStop(self.index))
        self.open = OpenBlock.NOTHING

    def whole(self, block: Mapping[str, object]) -> None:
        """A complete block. Its text or input, which clients accumulate, is sent as a delta."""
        if isinstance(text := block.get("text"), str):
            self.begin(OpenBlock.TEXT, {**block, "text": ""})
            self.delta(e.TextDelta(text))
        elif "input" in block:
            self.begin(OpenBlock.TOOL, {**block, "input": {}})
            self.delta(e.InputJsonDelta(e.json_text(block["input"])))
        elif block.get("type") == "compaction":
            self.begin(OpenBlock.TEXT, {**block, "content": None})
            content = block["content"]
            self.delta(e.CompactionDelta(content if isinstance(content, str) else None))
        else:
            self.begin(OpenBlock.TEXT, block)
        self.end()

    def empty_delta(self) -> None:
        """An empty delta of the open block's kind."""
        match self.open:
            case OpenBlock.THINKING:
                self.delta(e.ThinkingDelta(""))
            case OpenBlock.TOOL:
                self.delta(e.InputJsonDelta(""))
            case OpenBlock.NOTHING | OpenBlock.TEXT | OpenBlock.DRIP:
                self.delta(e.TextDelta(""))
