"""Assigns tool-call deltas to calls. Servers agree only on their order.

Rules:
- `index` identifies a call. If it is missing, a piece without an id, or with the last one, belongs to the
  last call.
- The same index with another id and a name is another call: Gemini's compatibility endpoint (general
  knowledge, not checked) and some llama.cpp builds send index 0 for all.
- A name without an id, after complete arguments, is another call too: some servers send whole calls with
  neither id nor index. A name that is merely repeated in every chunk is not, nor is one that is repeated
  without arguments at the end.
- A call's pieces go out once it has a name. Entries that never get one are dropped if the answer has another
  call: some servers put an empty entry into every delta.
- `function_call`, the older field, counts only in an answer whose `tool_calls` name no function:
  llama-cpp-python fills both with the same call. Its pieces are buffered until the answer ends, since the
  other field may come later.
"""

from __future__ import annotations

from attrs import Factory, define

from gateway.codecs.buffer_limit import BufferLimit
from gateway.codecs.json_scanner import JsonScanner
from gateway.parts import ToolCallDelta
from gateway.upstreams.openai import response_wire as o
from gateway.upstreams.response.lenient import text_value


@define
class _Slot:
    key: int
    id: str = ""
    name: str = ""
    unscanned: list[str] = Factory(list[str])
    """Arguments that were not scanned yet."""
    waiting: list[ToolCallDelta] = Factory(list[ToolCallDelta])
    """Parts buffered until the call has a name."""
    _brackets: JsonScanner = Factory(JsonScanner)

    @property
    def complete(self) -> bool:
        """Whether the arguments so far are a complete object."""
        for piece in self.unscanned:
            self._brackets.feed(piece)
        self.unscanned.clear()
        return self._brackets.closed


@define
class ToolCallAssembler:
    """Wire pieces -> `ToolCallDelta` parts, whose keys number the calls in order of arrival."""

    count: int = 0
    has_output: bool = False
    """Whether any piece had a name or arguments."""
    named: bool = False
    _slots: dict[int | None, _Slot] = Factory(dict["int | None", _Slot])
    _last: _Slot | None = None
    _nameless: dict[int, _Slot] = Factory(dict[int, _Slot])
    _buffered: BufferLimit = Factory(BufferLimit)

    def parts(self, piece: o.ToolCallPiece, *, whole: bool = False) -> list[ToolCallDelta]:
        """`whole`: the piece is a complete call, whatever its index.

        Raises UpstreamFailed if too much is buffered while names are missing.
        """
        function = piece.function or o.FunctionPiece()
        name, id_ = function.name or "", piece.id or ""
        arguments, is_object = arguments_of(function)
        slot = None if whole else self._slot(piece.index, id_, name, arguments)
        slot = slot or self._new(piece.index, id_)
        slot.id, slot.name = slot.id or id_, slot.name or name
        slot.unscanned.append(arguments)
        self.has_output = self.has_output or bool(name or arguments)
        return self._released(slot, ToolCallDelta(slot.key, id_, name, arguments, whole or is_object))

    def rest(self) -> list[ToolCallDelta]:
        """The parts of calls that never got a name."""
        return [part for slot in self._nameless.values() for part in slot.waiting]

    def _released(self, slot: _Slot, part: ToolCallDelta) -> list[ToolCallDelta]:
        if not slot.name:
            self._buffered.add(part.arguments)
            self._nameless[slot.key] = slot
            slot.waiting.append(part)
            return []
        self.named = True
        waiting, slot.waiting = slot.waiting, []
        self._nameless.pop(slot.key, None)
        return [*waiting, part]

    def _slot(self, index: int | None, id_: str, name: str, arguments: str) -> _Slot | None:
        """The call that the piece continues; None for a new one."""
        slot = self._last if index is None else self._slots.get(index)
        if slot is None:
            return None
        if id_ and slot.id and id_ != slot.id:
            return None if name or index is None else slot
        repeated = name == slot.name and not arguments.strip()
        if name and not id_ and not repeated and slot.complete:
            return None
        return slot

    def _new(self, index: int | None, id_: str) -> _Slot:
        slot = self._last = self._slots[index] = _Slot(self.count, id_)
        self.count += 1
        return slot


@define
class LegacyCallAssembler:
    """The pieces of `function_call`, in order of arrival."""

    _fragments: list[tuple[o.ToolCallPiece, bool]] = Factory(list[tuple[o.ToolCallPiece, bool]])
    _buffered: BufferLimit = Factory(BufferLimit)

    def __bool__(self) -> bool:
        return bool(self._fragments)

    def add(self, function: o.FunctionPiece, *, whole: bool) -> None:
        """`whole`: the piece is a complete call. Raises UpstreamFailed if too much is buffered."""
        if not (function.name or arguments_of(function)[0]):
            return
        self._buffered.add(bytes(function.arguments))
        self._fragments.append((o.ToolCallPiece(index=0, function=function), whole))

    def parts(self, calls: ToolCallAssembler) -> list[ToolCallDelta]:
        """The parts at the end of an answer whose `tool_calls` field brought `calls`."""
        fragments, self._fragments = self._fragments, []
        if calls.named or not fragments:
            return calls.rest()
        own = ToolCallAssembler(calls.count)
        parts = [part for fragment, whole in fragments for part in own.parts(fragment, whole=whole)]
        return parts + own.rest()


def arguments_of(function: o.FunctionPiece) -> tuple[str, bool]:
    """The JSON text, and whether it was sent as a JSON value instead of a string."""
    raw = bytes(function.arguments)
    if raw in (b"", b"null"):
        return "", False
    return text_value(raw), not raw.startswith(b'"')
