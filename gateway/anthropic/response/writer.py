"""Neutral parts -> the events of one Anthropic message. The only code that opens and closes blocks.

Rules:
- `message_start` goes out with the first content; indices run 0, 1, 2, ...; one block is open at a time.
- White space before a block, or between tool calls, is buffered until text follows and dropped otherwise.
- Calls are written in order of arrival. While the current one's arguments are incomplete, everything else is
  buffered: pieces of other calls with their call, text and reasoning in order of arrival.
- A tool block is closed as late as possible, and never by an error: clients run closed tool calls.
- Arguments that are not a JSON object end the message with an error, unless the answer was truncated.
- Exactly one of `message_stop` and `error` ends a message; nothing follows it.
- Pings are not sent by the writer. `empty_delta` is the keepalive for a long silence.
"""

from __future__ import annotations

from collections import deque

from attrs import define, field
from msgspec import UNSET, UnsetType

from gateway import parts as p
from gateway.anthropic.response import events as e
from gateway.anthropic.response import stop_reason
from gateway.anthropic.response.answer_terms import AnswerTerms
from gateway.anthropic.response.block_emitter import BlockEmitter, OpenBlock, tool_use
from gateway.anthropic.response.passthrough import ENDS, forward_event, holds_tool_call
from gateway.anthropic.response.tool_call import ToolCallBuffer
from gateway.anthropic.tool_ids import ClientCallIds
from gateway.codecs.buffer_limit import BufferLimit
from gateway.errors import Kind
from gateway.notices import NoticeName

Item = p.TextDelta | p.ReasoningDelta | p.PassthroughBlock | ToolCallBuffer


@define
class MessageWriter:
    """Call `begin` for each attempt, `write` for each of its parts, until `ended`."""

    message_id: str
    model: str
    request_id: str
    input_tokens: int
    call_ids: ClientCallIds
    plain: bool = False
    """The answer is sent as one JSON object when it is complete."""
    diagnostics: UnsetType | None = UNSET
    """None if the client asked for them."""

    started: bool = field(default=False, init=False)
    ended: bool = field(default=False, init=False)
    fault: p.StreamError | None = field(default=None, init=False)
    stop_reason: str | None = field(default=None, init=False)
    notices: list[p.Notice] = field(factory=list[p.Notice], init=False)
    written: int = field(default=0, init=False)  # bytes of content

    _answer: AnswerTerms = field(factory=AnswerTerms, init=False)
    _blocks: BlockEmitter = field(factory=BlockEmitter, init=False)
    _blank: list[str] = field(factory=list[str], init=False)
    _kept: BufferLimit = field(factory=BufferLimit, init=False)
    _calls: dict[int, ToolCallBuffer] = field(factory=dict[int, ToolCallBuffer], init=False)
    _call: ToolCallBuffer = field(factory=ToolCallBuffer, init=False)
    _waiting: deque[Item] = field(factory=deque[Item], init=False)
    _cut_short: bool = field(default=False, init=False)
    _spoke: bool = field(default=False, init=False)
    _called: bool = field(default=False, init=False)
    _relaying: bool = field(default=False, init=False)
    _usage: p.Usage = field(factory=p.Usage, init=False)

    def begin(self, answer: AnswerTerms) -> None:
        """Expect the answer of another attempt. Nothing of an earlier one is left: it wrote no content."""
        self._answer, self._usage = answer, p.Usage()
        self.notices, self.written = [], 0
        self._blank, self._kept = [], BufferLimit()
        self._calls, self._call, self._waiting = {}, ToolCallBuffer(), deque()

    @property
    def usage(self) -> p.Usage:
        """The usage so far, with estimates for missing counts."""
        return stop_reason.estimated_usage(self._usage, self.input_tokens, self.written)

    def write(self, part: p.Part) -> list[e.Event]:
        """The events for `part`. After the end: none."""
        if self.ended:
            return []
        if self._blocks.open is OpenBlock.TEXT and type(part) is p.TextDelta:
            self._weigh(part.text)
            return [e.ContentBlockDelta(self._blocks.index, e.TextDelta(part.text))]
        self._take(part)
        return self._blocks.take()

    def empty_delta(self) -> list[e.Event]:
        """An empty delta, in an empty text block if none is open; none inside another server's message."""
        if self.ended or self._relaying:
            return []
        self._start()
        if self._blocks.open is OpenBlock.NOTHING:
            self._begin(OpenBlock.DRIP, e.TextBlock())
        self._blocks.empty_delta()
        return self._blocks.take()

    def _take(self, part: p.Part) -> None:  # noqa: C901  a case for each part
        match part:
            case p.TextDelta():
                self._take_text(part)
            case p.ReasoningDelta() | p.PassthroughBlock():
                self._in_turn(part)
            case p.ToolCallDelta():
                self._take_piece(part)
            case p.Usage():
                self._usage = stop_reason.latest_usage(self._usage, part)
            case p.Notice():
                self.notices.append(part)
            case p.StreamError():
                self._fail(part)
            case p.PassthroughEvent():
                self._relay(part)
            case p.Finish():
                self._finish(part)

    def _take_text(self, part: p.TextDelta) -> None:
        self._kept.add(part.text)
        self._blank.append(part.text)
        if not part.text or part.text.isspace():
            return
        text, self._blank = "".join(self._blank), []
        self._weigh(text)
        self._in_turn(p.TextDelta(text))

    def _take_piece(self, part: p.ToolCallDelta) -> None:
        self._kept.add(part.arguments)
        call = self._calls.get(part.key)
        if call is None:
            if self._answer.single_tool and self._calls:
                self._note_once("dropped.parallel_tool_calls", part.name)
                return
            call = self._calls[part.key] = ToolCallBuffer()
        if call.closed:
            if part.arguments.strip():
                self._note_once("dropped.tool_arguments", call.name)
            return
        call.add(part)
        self._weigh(part.arguments)
        if call is self._call:
            self._show_arguments()
        elif call.waiting:
            self._settle()
        elif call.name:
            self._in_turn(call)

    def _in_turn(self, item: Item) -> None:
        """Write `item` now, or after the call that is being written."""
        self._start()
        if isinstance(item, p.ReasoningDelta):
            self._kept.add(item.text)
        if self._settle():
            self._put(item)
        elif not self.ended:
            if isinstance(item, ToolCallBuffer):
                item.waiting = True
            self._waiting.append(item)

    def _settle(self, *, final: bool = False) -> bool:
        """Write buffered items, up to an incomplete call. Returns whether another block may begin."""
        while not self.ended and (self._blocks.open is not OpenBlock.TOOL or final or self._call.complete):
            if not self._waiting:
                return True
            self._put(self._waiting.popleft())
        return False

    def _put(self, item: Item) -> None:
        if self._blocks.open is OpenBlock.TOOL:
            self._close()
        if self.ended:
            return
        match item:
            case p.TextDelta():
                self._say(item.text)
            case p.ReasoningDelta():
                self._think(item)
            case p.PassthroughBlock():
                self._pass_on(item)
            case ToolCallBuffer():
                self._begin_call(item)

    def _say(self, text: str) -> None:
        if self._blocks.open is not OpenBlock.TEXT:
            self._begin(OpenBlock.TEXT, e.TextBlock())
        self._spoke = True
        self._blocks.delta(e.TextDelta(text))

    def _think(self, part: p.ReasoningDelta) -> None:
        self._weigh(part.text)
        if self._blocks.open is not OpenBlock.THINKING or not self._blocks.is_of(part.state):
            self._begin(OpenBlock.THINKING, e.ThinkingBlock())
        self._blocks.sign(part.state, part.text if part.keep and not part.shown else "", part.details)
        if part.shown and part.text:
            self._blocks.delta(e.ThinkingDelta(part.text))

    def _pass_on(self, block: p.PassthroughBlock) -> None:
        self._close()
        self._blank, self._spoke = [], True
        self._blocks.whole(block.block)

    def _begin_call(self, call: ToolCallBuffer) -> None:
        known = self._answer.returned.get(call.name)
        call.mending = known.mending if known else None
        call.buffered = self.plain or call.mending is not None or (call.whole and not call.valid)
        self._begin(OpenBlock.TOOL, tool_use(self.call_ids.of(call.id), call.name, known))
        self._call, self._spoke, self._called = call, True, True
        self._show_arguments()

    def _show_arguments(self) -> None:
        if fresh := self._call.release():
            self._blocks.delta(e.InputJsonDelta(fresh))

    def _start(self) -> None:
        if not self.started:
            self.started = True
            usage = e.Usage(self.input_tokens, speed=self._answer.speed)
            message = e.Message(
                id=self.message_id, model=self.model, usage=usage, diagnostics=self.diagnostics
            )
            self._blocks.emit(e.MessageStart(message))

    def _begin(self, kind: OpenBlock, block: e.Start) -> None:
        self._close()
        self._blank.clear()
        self._blocks.begin(kind, block)

    def _close(self) -> None:
        """Close the open block, if any. A call with unreadable arguments ends the message instead."""
        if self._blocks.open is OpenBlock.NOTHING:
            return
        if self._blocks.open is OpenBlock.TOOL and not self._closable():
            self._fail(p.StreamError(Kind.UPSTREAM_GARBAGE, "model produced invalid tool JSON"))
            return
        self._blocks.end()

    def _closable(self) -> bool:
        call, self._call = self._call, ToolCallBuffer()
        call.closed = True
        repaired = call.finish(self._answer.schema_of, cut_short=self._cut_short, plain=self.plain)
        if repaired is None:
            return False
        if repaired.how:
            self.notices.append(p.Notice("repaired.tool_arguments", f"{call.name}: {repaired.how}"))
        if repaired.arguments:
            self._blocks.delta(e.InputJsonDelta(repaired.arguments))
        return True

    def _relay(self, part: p.PassthroughEvent) -> None:
        if part.name == "message_start" and self.started:
            self._close()
            return
        self.started = self._relaying = True
        self.ended = part.name in ENDS
        self.stop_reason = part.stop_reason or self.stop_reason
        self._called = self._called or (self._answer.must_call and holds_tool_call(part))
        if self.ended and self._answer.must_call and not self._called:
            self.notices.append(stop_reason.NO_CALL)
        self._blocks.emit(forward_event(part, self.model, self._blocks.index + 1))

    def _finish(self, end: p.Finish) -> None:
        self._start()
        self._cut_short = end.reason in stop_reason.CUT_SHORT
        for call in self._calls.values():
            call.whole = True
        if self._settle(final=True):
            self._close()
        if self.ended:
            return
        self._note_the_end(end)
        stop = stop_reason.stop_of(end, calls=self._called)
        self.stop_reason = stop.stop_reason
        compacted = end.reason is p.FinishReason.COMPACTION
        usage = stop_reason.usage_event(self.usage, compacted=compacted, speed=self._answer.speed)
        edits = UNSET if self._answer.applied_edits is None else e.AppliedEdits(self._answer.applied_edits)
        self._blocks.emit(e.MessageDelta(stop, usage, edits), e.MessageStop())
        self.ended = True

    def _note_the_end(self, end: p.Finish) -> None:
        if any(not call.name for call in self._calls.values()):
            self._note_once("dropped.tool_call", "it had no name")
        self.notices += stop_reason.end_notices(
            end, called=self._called, spoke=self._spoke, must_call=self._answer.must_call
        )
        if stop_reason.needs_estimate(self._usage, self.written):
            self._note_once("estimated.usage")

    def _fail(self, fault: p.StreamError) -> None:
        self.fault, self.ended = fault, True
        self._blocks.emit(e.error(fault.kind, fault.message, self.request_id))

    def _note_once(self, name: NoticeName, detail: str = "") -> None:
        if all(notice.name != name for notice in self.notices):
            self.notices.append(p.Notice(name, detail))

    def _weigh(self, text: str) -> None:
        self.written += len(text) if text.isascii() else len(text.encode())
