"""A conversation as sent -> its normal form, which every translator of requests reads.

Rules:
- Turns are what chat templates want: neighbours of one role are merged, an assistant turn that has nothing
  left is left out, and every tool call is answered, in the order of the calls. A result without its call
  becomes text; a call without its result is said to be interrupted.
- Append-only: a later request of the conversation starts with the same turns; only the last may have grown at
  its end. So what a turn becomes depends on what stands before it, not on what comes after.
- A system message inside the conversation joins the user turn that it follows (in the last tool result, where
  that turn holds nothing else), or opens the turn after the assistant's that it follows, behind the tool
  results: as a `<system-reminder>`, or as a turn of its own for upstreams that take system messages anywhere.
- Reasoning is kept for the replay family that it came from.
- A call that Anthropic's side ran, and its result, become a call and a tool result; what the assistant says
  after that is a turn of its own.
- A compaction's summary stands for everything before it; only the system prompt stays.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field

from gateway.anthropic import ids, reminders, served
from gateway.anthropic import turns as t
from gateway.anthropic import wire as a
from gateway.anthropic.compaction import Summary, summary
from gateway.anthropic.content import Content
from gateway.anthropic.marks import Places, cuts
from gateway.anthropic.names import Names
from gateway.anthropic.notes import Notes
from gateway.anthropic.pieces import MESSAGES, Eyes, Piece, Place
from gateway.anthropic.speech import Called, Speech, called, paragraphs

INTERRUPTED = "(no result: the call was interrupted)"


def conversation(request: a.MessagesRequest, terms: t.Terms, names: Names, notes: Notes) -> t.Conversation:
    head = reminders.head(request)
    eyes = Eyes(terms.sight, notes, terms.attachments)
    assembly = Assembly(request.messages, terms, names, Content(eyes, names), newest=head.newest)
    assembly.content.strayed(request.strays)
    marked = terms.marks.messages
    for i, message in enumerate(request.messages):
        place = Place(i, MESSAGES, head.opening <= i <= head.newest)
        marks = marked.get(i) if marked else None
        if message.role == "assistant":
            assembly.assistant(message, place)
        elif message.role != "system":
            if message.role != "user":
                notes.add("dropped.role", message.role)
            assembly.user(message, place, marks)
        elif i < head.first:
            assembly.content.changes(message.content, place)
        else:
            assembly.system(message, reminders.text(message, i, head.newest), place)
        if marks and message.role in ("assistant", "system") and assembly.turns:
            assembly.turns[-1].mark(marks[max(marks)])
    turns = assembly.finish()
    prefill = turns[-1].text if turns and isinstance(turns[-1], t.AssistantTurn) else ""
    ends = cuts(request, head, terms.marks) if terms.marks else ()
    return t.Conversation(head.system, turns, prefill, assembly.content.mentions, ends)


@define
class Assembly:
    """Puts the turns together, one message at a time."""

    messages: tuple[a.Message, ...]
    terms: t.Terms
    names: Names
    content: Content
    newest: int
    """Where the last user message stands."""
    turns: list[t.Turn] = field(factory=list[t.Turn])
    speaking: t.AssistantTurn | None = None
    """The assistant's turn, as long as nothing but the places for its results follows it."""
    open: dict[str, list[t.Result]] = field(factory=dict[str, list[t.Result]])
    """Places for results of the latest assistant turn, by the client's id of the call."""
    served: dict[str, t.Result] = field(factory=dict[str, t.Result])
    """Places for results of calls that Anthropic's side ran, by their ids."""
    answered: Mapping[str, bool] | None = None
    """Such calls that have a result anywhere: whether it is shown. None until there is one."""
    settled: bool = False
    """Such a result is the last that stands in the assistant's turn."""
    waiting: list[str] = field(factory=list[str])
    """System texts that follow an assistant's turn and wait for the user's."""

    def assistant(self, message: a.Message, place: Place) -> None:
        speech = Speech()
        for i, block in enumerate(message.content):
            match block:
                case a.Text():
                    speech.text += block.text
                case a.ToolUse():
                    speech.call(called(block))
                case a.ThinkingBlock():
                    speech.think(self.terms.replayed(block))
                case a.RedactedThinking():
                    pass
                case a.Unknown():
                    speech = self._other(block, speech, place.block(i))
                case a.Quoted() | a.Image() | a.Document() | a.ToolResult() | a.ToolReference():
                    speech.text += self.content.spoken(block)
        self._say(speech)

    def user(self, message: a.Message, place: Place, marks: Places | None = None) -> None:
        pieces: list[Piece] = []
        answered = False
        marked: list[tuple[int, a.CacheControl]] = []
        for i, block in enumerate(message.content):
            if isinstance(block, a.Text):
                pieces += [block.text] if block.text else []
            elif isinstance(block, a.ToolResult):
                answered |= self._answer(block, place, i, pieces)
            elif isinstance(block, a.Unknown) and (found := summary(block, place.block(i).path)):
                self._begin_with(found)
                pieces, answered = [], True
            else:
                pieces += self.content.shown(block, place.block(i))
            if marks and i in marks:
                marked.append((len(pieces), marks[i]))
        if pieces or answered:
            self._close(pieces)
            self._mark(marked, len(pieces))
        elif place.step == self.newest and message.content and (self.speaking or not self.turns):
            raise place.below("content").refusal("nothing in it can be sent to this model")

    def system(self, message: a.Message, text: str, place: Place) -> None:
        self.content.changes(message.content, place)
        if not text:
            return
        said = text if self.terms.inline_system else reminders.reminder(text)
        if self.speaking:
            self.waiting.append(said)
        elif self.terms.inline_system:
            self.turns.append(t.SystemTurn(said))
        else:
            self._user_turn().remind(said)

    def finish(self) -> list[t.Turn]:
        self._close([])
        for turn in self.turns:
            if not isinstance(turn, t.UserTurn):
                continue
            for result in turn.results:
                if result.given is None and not result.quoted:
                    self.content.eyes.notes.add("emulated.tool_result", "a call without result")
                    result.given = [INTERRUPTED]
            if turn.reminders and turn.results:
                turn.results[-1].open()
        if self.terms.replay == "current_turn":
            _forget(self.turns)
        return self.turns

    def _other(self, block: a.Unknown, speech: Speech, place: Place) -> Speech:
        """A block of the assistant's that only some conversations have; returns the speech that goes on."""
        if found := summary(block, place.path):
            self._begin_with(found)
            return Speech()
        if use := served.use(block):
            if self._is_answered(use):
                speech.calls.append(Called(use.id, use.full_name, use.input, served=True))
        elif id_ := served.answers(block):
            self._say(speech)
            self._serve(id_, block, place)
            return Speech()
        else:
            speech.text += self.content.spoken(block)
        return speech

    def _is_answered(self, use: served.Use) -> bool:
        """Whether a call that Anthropic's side ran has a result to show."""
        if self.answered is None:
            self.answered = served.answered(self.messages)
        if use.id not in self.answered:
            self.content.eyes.notes.add("dropped.server_tool", f"{use.name}: a call without result")
        return self.answered.get(use.id, False)

    def _serve(self, id_: str, block: a.Unknown, place: Place) -> None:
        """Put the result of such a call in its place. What the assistant says then is a turn of its own."""
        if block.type == served.SEARCHED:
            self.content.searched(block)
        elif result := self.served.pop(id_, None):
            result.given = served.outcome(block, self.content.eyes, place)
            self.settled = True
        elif (self.answered or {}).get(id_, True):
            self.content.eyes.notes.add("dropped.server_tool", f"{block.type}: a result without call")

    def _begin_with(self, found: Summary) -> None:
        """Forget everything so far: the summary stands for it."""
        self.turns, self.speaking, self.settled = [], None, False
        self.open, self.waiting, self.served = {}, [], {}
        self.content.mentions[:] = found.changes
        self._user_turn().pieces.append(found.text)

    def _say(self, speech: Speech) -> None:
        if speech.calls or speech.text.strip():
            turn = self._assistant_turn()
            if speech.thoughts:
                turn.thoughts += speech.thoughts_in(turn)
            if speech.thinking:
                turn.thinking = paragraphs(turn.thinking, speech.thinking)
            if speech.details:
                turn.details += speech.details
            turn.text += speech.text
            if speech.calls:
                self._call(turn, speech.calls, self._user_turn().results)

    def _assistant_turn(self) -> t.AssistantTurn:
        """The turn that is still the assistant's, or a new one."""
        if self.waiting or not self.speaking:
            self._close([])
            self.open = {}
        elif not self.settled:
            return self.speaking
        self.settled = False
        self.speaking = t.AssistantTurn()
        self.turns.append(self.speaking)
        return self.speaking

    def _user_turn(self) -> t.UserTurn:
        if self.turns and isinstance(turn := self.turns[-1], t.UserTurn):
            return turn
        turn = t.UserTurn()
        self.turns.append(turn)
        return turn

    def _close(self, pieces: list[Piece]) -> None:
        """End the assistant's turn, put the reminders where they belong, then the pieces."""
        self.speaking = None
        opening = self.waiting
        if opening:
            self.waiting = []
        if opening and self.terms.inline_system:
            self.turns += map(t.SystemTurn, opening)
            opening = []
        if pieces or (opening and not self._only_results()):
            self._user_turn().pieces += [*opening, *pieces]
        elif opening:
            self._user_turn().reminders += opening

    def _mark(self, marked: list[tuple[int, a.CacheControl]], count: int) -> None:
        if marked and isinstance(turn := self.turns[-1], t.UserTurn):
            turn.mark_pieces(marked, count)

    def _only_results(self) -> bool:
        turn = self.turns[-1] if self.turns else None
        return isinstance(turn, t.UserTurn) and bool(turn.results) and not turn.pieces

    def _call(self, turn: t.AssistantTurn, calls: list[Called], results: list[t.Result]) -> None:
        limit, exact = self.terms.id_limit, self.terms.id_exact
        for call in calls:
            taken = [earlier.id for earlier in turn.calls] if turn.calls else ()
            sent_id = ids.incoming(call.id, taken, limit, exact=exact)
            name = self.names.sent(call.name)
            result = t.Result(sent_id, name)
            turn.calls.append(t.Call(sent_id, name, call.arguments, call.signature))
            results.append(result)
            if call.served:
                self.served[call.id] = result
            else:
                self.open.setdefault(call.id, []).append(result)

    def _answer(self, block: a.ToolResult, place: Place, i: int, pieces: list[Piece]) -> bool:
        """Put a result in its place; one that has none goes into `pieces` as text."""
        places = self.open.get(block.tool_use_id)
        if places and not block.is_error and block.content and type(said := block.content[0]) is a.Quoted:
            places.pop(0).quoted = said.raw
            return True
        shown = self.content.all_shown(block.content, Place(i, place, key="content"))
        if block.is_error:
            shown = _as_error(shown)
        if places:
            places.pop(0).given = shown
            return True
        self.content.eyes.notes.add("emulated.tool_result", "a result without call")
        title = f"[result of unknown tool call {block.tool_use_id}]"
        first = shown.pop(0) if shown and isinstance(shown[0], str) else ""
        pieces += [f"{title}\n{first}", *shown]
        return False


def _as_error(shown: list[Piece]) -> list[Piece]:
    first = shown[0] if shown else ""
    if not isinstance(first, str):
        return ["Error:", *shown]
    if first[:16].lower().startswith(("error", "<tool_use_error>")):
        return shown
    return [f"Error: {first or '(no output)'}", *shown[1:]]


def _forget(turns: list[t.Turn]) -> None:
    """Leave reasoning only after the last turn in which the user spoke, inside the running tool loop."""
    spoke = [i for i, turn in enumerate(turns) if isinstance(turn, t.UserTurn) and not turn.results]
    for turn in turns[: spoke[-1] if spoke else 0]:
        if isinstance(turn, t.AssistantTurn):
            turn.thinking, turn.thoughts, turn.details = "", [], []
