"""A conversation as sent -> its normal form, which every request translator reads.

Rules:
- Turns fit chat templates: adjacent turns of one role are merged, an empty assistant turn is left out, and
  every tool call is answered, in the order of the calls. A result without its call becomes text; a call
  without its result is answered as interrupted.
- Append-only: a later request of the conversation starts with the same turns; only the last may have grown at
  its end. So a turn depends only on what precedes it.
- A system message inside the conversation joins the preceding user turn (in the last tool result, if that
  turn has nothing else), or, after an assistant turn, opens the next one after the tool results: as a
  `<system-reminder>`, or as a turn of its own for upstreams that take system messages anywhere.
- Reasoning is kept for the replay family that it came from.
- A call that Anthropic's side ran, and its result, become a call and a tool result; later assistant content
  is a turn of its own.
- A compaction's summary replaces everything before it; only the system prompt stays.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from attrs import define, field

from gateway.anthropic import tool_ids
from gateway.anthropic import wire as a
from gateway.anthropic.conversation import server_tools, tool_results
from gateway.anthropic.conversation import turns as t
from gateway.anthropic.conversation.blocks import BlockConverter
from gateway.anthropic.conversation.compaction import Summary, summary
from gateway.anthropic.conversation.content_parts import (
    MESSAGES,
    BlockLocation,
    ContentConverter,
    ContentPart,
)
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.request import system_prompt
from gateway.anthropic.request.cache_control import Places, system_cuts
from gateway.anthropic.tools.tool_names import ToolNames


def build_conversation(
    request: a.MessagesRequest, terms: t.ConversationOptions, names: ToolNames, notices: NoticeCollector
) -> t.Conversation:
    head = system_prompt.conversation_start(request)
    converter = ContentConverter(terms.modalities, notices, terms.attachments)
    assembly = ConversationBuilder(request.messages, terms, names, BlockConverter(converter, names), head)
    assembly.content.add_strays(request.strays)
    marked = terms.marks.messages
    for i, message in enumerate(request.messages):
        assembly.at = i
        marks = marked.get(i) if marked else None
        if message.role == "assistant":
            assembly.assistant(message)
        elif message.role != "system":
            if message.role != "user":
                notices.add("dropped.role", message.role)
            assembly.user(message, marks)
        elif i < head.first:
            assembly.content.changes(message.content, assembly.place)
        else:
            assembly.system(message, system_prompt.system_message_text(message, i, head.newest))
        if marks and message.role in ("assistant", "system") and assembly.turns:
            assembly.turns[-1].mark(marks[max(marks)])
    turns = assembly.finish()
    prefill = turns[-1].text if turns and isinstance(turns[-1], t.AssistantTurn) else ""
    ends = system_cuts(request, head, terms.marks) if terms.marks else ()
    return t.Conversation(head.system, turns, prefill, assembly.content.mentions, ends)


@define
class ConversationBuilder:
    """Builds the turns, one message at a time."""

    messages: tuple[a.Message, ...]
    terms: t.ConversationOptions
    names: ToolNames
    content: BlockConverter
    head: system_prompt.ConversationStart
    at: int = 0
    """The index of the current message."""
    turns: list[t.Turn] = field(factory=list[t.Turn])
    speaking: t.AssistantTurn | None = None
    """The assistant's turn, until something other than the slots for its results follows it."""
    signature: str = ""
    """The thought signature of the last thinking block, to attach to the next tool call."""
    used_ids: set[str] = field(factory=set[str])
    """The upstream's ids of the calls in the latest assistant turn."""
    tried: dict[str, int] = field(factory=dict[str, int])
    """See `tool_ids.upstream_id`."""
    open: dict[str, deque[t.ToolResult]] = field(factory=dict[str, deque[t.ToolResult]])
    """Slots for results of the latest assistant turn, by the client's id of the call."""
    serving: set[str] = field(factory=set[str])
    """Ids of calls that Anthropic's side ran, in the current assistant turn."""
    served: dict[str, t.ToolResult] = field(factory=dict[str, t.ToolResult])
    """Slots for their results, by their ids."""
    answered: Mapping[str, bool] | None = None
    """Such calls that have a result anywhere, and whether it is shown. None until there is one."""
    settled: bool = False
    """Such a result is the last content of the assistant's turn."""
    waiting: list[str] = field(factory=list[str])
    """System texts after an assistant turn, buffered for the next user turn."""

    @property
    def place(self) -> BlockLocation:
        """The position of the current message: created on demand, which is rare."""
        return BlockLocation(self.at, MESSAGES, self.head.opening <= self.at <= self.head.newest)

    def assistant(self, message: a.Message) -> None:
        turn, self.signature = t.AssistantTurn(), ""
        for i, block in enumerate(message.content):
            if type(block) is a.Text:
                turn.add_text(block.text)
            elif type(block) is a.ToolUse:
                turn.calls.append(self._called(block))
            elif type(block) is a.ThinkingBlock:
                replay = self.terms.replayed(block)
                turn.add_reasoning(replay)
                self.signature = replay.call or self.signature
            elif isinstance(block, a.Unknown):
                turn = self._other(block, turn, self.place.block(i))
            else:
                turn.add_text(self.content.assistant_text(block))
        self._say(turn)

    def _called(self, block: a.ToolUse) -> t.ToolCall:
        """The call, with the client's id and its full name."""
        name = f"{block.toolset_name}__{block.name}" if block.toolset_name else block.name
        signature, self.signature = self.signature, ""
        return t.ToolCall(block.id, name, t.arguments_object(block.input), signature)

    def user(self, message: a.Message, marks: Places | None = None) -> None:
        content: list[ContentPart] = []
        answered = False
        marked: list[tuple[int, a.CacheControl]] = []
        for i, block in enumerate(message.content):
            if isinstance(block, a.ToolResult):
                answered |= self._answer(block, i, content)
            elif isinstance(block, a.Unknown) and (found := summary(block, self.place.block(i).path)):
                self._begin_with(found)
                content, answered = [], True
            elif isinstance(block, a.Text):
                content += [block.text] if block.text else []
            else:
                content += self.content.convert(block, self.place.block(i))
            if marks and i in marks:
                marked.append((len(content), marks[i]))
        if content or answered:
            self._close(content)
            self._mark(marked, len(content))
        elif self.at == self.head.newest and message.content and (self.speaking or not self.turns):
            raise self.place.below("content").refusal("nothing in it can be sent to this model")

    def system(self, message: a.Message, text: str) -> None:
        self.content.changes(message.content, self.place)
        if not text:
            return
        instruction = text if self.terms.inline_system else system_prompt.reminder(text)
        if self.speaking:
            self.waiting.append(instruction)
        elif self.terms.inline_system:
            self.turns.append(t.SystemTurn(instruction))
        else:
            t.user_turn(self.turns).add_reminder(instruction)

    def finish(self) -> list[t.Turn]:
        self._close([])
        notices = self.content.converter.notices
        tool_results.fill_missing_results(self.open, notices)
        tool_results.fill_missing_results({id_: [result] for id_, result in self.served.items()}, notices)
        for turn in self.turns:
            if type(turn) is t.SystemTurn:
                continue
            turn.settle()
            if type(turn) is t.UserTurn and turn.reminders and turn.results:
                turn.results[-1].open()
        if self.terms.replay == "current_turn":
            t.drop_old_reasoning(self.turns)
        return self.turns

    def _other(self, block: a.Unknown, turn: t.AssistantTurn, place: BlockLocation) -> t.AssistantTurn:
        """Handle a less common block of the assistant's. Returns the turn that continues."""
        if found := summary(block, place.path):
            self._begin_with(found)
        elif id_ := server_tools.call_id_of_result(block):
            self._say(turn)
            self._serve(id_, block, place)
        else:
            if not (use := server_tools.server_tool_use(block)):
                turn.add_text(self.content.assistant_text(block))
            elif self._is_answered(use):
                turn.calls.append(t.ToolCall(use.id, use.full_name, t.arguments_object(use.input)))
                self.serving.add(use.id)
            return turn
        self.signature = ""
        return t.AssistantTurn()

    def _is_answered(self, use: server_tools.ServerToolUse) -> bool:
        """Whether a call that Anthropic's side ran has a result to show."""
        if self.answered is None:
            self.answered = server_tools.calls_with_results(self.messages)
        if use.id not in self.answered:
            self.content.converter.notices.add("dropped.server_tool", f"{use.name}: a call without result")
        return self.answered.get(use.id, False)

    def _serve(self, id_: str, block: a.Unknown, place: BlockLocation) -> None:
        """Put the result of such a call in its slot. Later assistant content is a turn of its own."""
        if block.type == server_tools.SEARCHED:
            self.content.searched(block)
        elif result := self.served.pop(id_, None):
            result.given = server_tools.result_content(block, self.content.converter, place)
            self.settled = True
        elif (self.answered or {}).get(id_, True):
            self.content.converter.notices.add("dropped.server_tool", f"{block.type}: a result without call")

    def _begin_with(self, found: Summary) -> None:
        """Drop all turns so far: the summary replaces them."""
        self.turns, self.speaking, self.settled = [], None, False
        self.open, self.waiting, self.serving, self.served = {}, [], set(), {}
        self.content.mentions[:] = found.changes
        t.user_turn(self.turns).add_content([found.text])

    def _say(self, turn: t.AssistantTurn) -> None:
        if not turn.calls and not any(map(str.strip, turn.texts)):
            return
        if self.waiting or self.settled or not self.speaking:
            self._begin(turn)
            self.used_ids, self.tried = set(), {}
        else:
            self.speaking.extend(turn)
        self._call(turn.calls)

    def _begin(self, turn: t.AssistantTurn) -> None:
        """Start a new assistant turn."""
        if self.waiting:
            self._close([])
        if self.open and not self.speaking:
            tool_results.fill_missing_results(self.open, self.content.converter.notices)
            self.open = {}
        self.settled = False
        self.speaking = turn
        self.turns.append(turn)

    def _close(self, content: list[ContentPart]) -> None:
        """End the assistant's turn: add the reminders, then the parts."""
        self.speaking = None
        opening, self.waiting = self.waiting, []
        if opening and self.terms.inline_system:
            self.turns += map(t.SystemTurn, opening)
            opening = []
        if content or (opening and not self._only_results()):
            t.user_turn(self.turns).add_content([*opening, *content])
        elif opening:
            t.user_turn(self.turns).reminders += opening

    def _mark(self, marked: list[tuple[int, a.CacheControl]], count: int) -> None:
        if marked and isinstance(turn := self.turns[-1], t.UserTurn):
            turn.mark_pieces(marked, count)

    def _only_results(self) -> bool:
        turn = self.turns[-1] if self.turns else None
        return isinstance(turn, t.UserTurn) and bool(turn.results) and not turn.pieces

    def _call(self, calls: list[t.ToolCall]) -> None:
        """Give calls the upstream's names and ids, and add slots for their results."""
        if not calls:
            return
        turn, limit, exact = t.user_turn(self.turns), self.terms.id_limit, self.terms.id_exact
        for call in calls:
            id_ = call.id
            call.id = tool_ids.upstream_id(id_, self.used_ids, limit, exact=exact, tried=self.tried)
            call.name = self.names.sent(call.name)
            self.used_ids.add(call.id)
            result = t.ToolResult(call.id, call.name)
            turn.results.append(result)
            if id_ in self.serving:
                self.serving.remove(id_)
                self.served[id_] = result
            else:
                self.open.setdefault(id_, deque()).append(result)

    def _answer(self, block: a.ToolResult, i: int, content: list[ContentPart]) -> bool:
        """Put a result in its slot; without one it goes into `content` as text."""
        places = self.open.get(block.tool_use_id)
        result = places.popleft() if places else None
        if not places:
            self.open.pop(block.tool_use_id, None)
        if result and not block.is_error and block.content and type(first := block.content[0]) is a.Quoted:
            result.quoted = first.raw
            return True
        converted = self.content.convert_all(block.content, BlockLocation(i, self.place, key="content"))
        if block.is_error:
            converted = tool_results.mark_as_error(converted)
        if result:
            result.given = converted
            return True
        self.content.converter.notices.add("emulated.tool_result", "a result without call")
        content += tool_results.orphan_result_text(block.tool_use_id, converted)
        return False
