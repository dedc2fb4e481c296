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
"""

from __future__ import annotations

from typing import Literal

from attrs import define, field, frozen
from msgspec import Raw, Struct

from gateway.anthropic import ids, reminders
from gateway.anthropic import wire as a
from gateway.anthropic.attached import NOTHING, Attachments
from gateway.anthropic.content import Content
from gateway.anthropic.names import Names
from gateway.anthropic.notes import Notes
from gateway.anthropic.pieces import Eyes, Piece, Place
from gateway.anthropic.signatures import replayed
from gateway.anthropic.toolset import Mention

INTERRUPTED = "(no result: the call was interrupted)"


@frozen
class Terms:
    """On what terms an upstream takes a conversation."""

    family: str = "plain"
    replay: Literal["all", "current_turn", "none"] = "all"
    inline_system: bool = False
    id_limit: int | None = None
    vision: bool = True
    image_urls: bool = False
    attachments: Attachments = NOTHING


class Call(Struct):
    """`input` is always a JSON object."""

    id: str
    name: str
    input: Raw


class Result(Struct):
    """`pieces` is None as long as the client has sent none."""

    id: str
    name: str
    pieces: list[Piece] | None = None


class UserTurn(Struct):
    """In this order: tool results, reminders that belong to the last of them, everything else."""

    results: list[Result] = []
    reminders: list[str] = []
    pieces: list[Piece] = []


class AssistantTurn(Struct):
    text: str = ""
    thinking: str = ""
    calls: list[Call] = []


class SystemTurn(Struct):
    text: str


Turn = UserTurn | AssistantTurn | SystemTurn


@frozen
class Conversation:
    """`prefill`: the text of a last assistant turn, which the upstream is to continue."""

    system: str
    turns: list[Turn]
    prefill: str
    mentions: list[Mention]


def conversation(request: a.MessagesRequest, terms: Terms, names: Names, notes: Notes) -> Conversation:
    head = reminders.head(request)
    assembly = Assembly(terms, names, Content(Eyes(terms.vision, terms.image_urls, notes), names))
    for i, message in enumerate(request.messages):
        place = Place(f"messages.{i}.content", strict=i == head.newest)
        if message.role == "assistant":
            assembly.assistant(message, place)
        elif message.role != "system":
            if message.role != "user":
                notes.add("dropped.role", message.role)
            assembly.user(message, place)
        elif i < head.first:
            assembly.content.changes(message.content, place)
        else:
            assembly.system(message, reminders.text(message, i, head.newest), place)
    turns = assembly.finish()
    prefill = turns[-1].text if turns and isinstance(turns[-1], AssistantTurn) else ""
    return Conversation(head.system, turns, prefill, assembly.content.mentions)


@define
class Assembly:
    """Puts the turns together, one message at a time."""

    terms: Terms
    names: Names
    content: Content
    turns: list[Turn] = field(factory=list[Turn])
    speaking: AssistantTurn | None = None
    """The assistant's turn, as long as nothing but the places for its results follows it."""
    open: dict[str, list[Result]] = field(factory=dict[str, list[Result]])
    """Places for results of the latest assistant turn, by the client's id of the call."""
    waiting: list[str] = field(factory=list[str])
    """System texts that follow an assistant's turn and wait for the user's."""

    def assistant(self, message: a.Message, place: Place) -> None:
        text, thinking = "", ""
        calls: list[a.ToolUse] = []
        for block in message.content:
            match block:
                case a.Text():
                    text += block.text
                case a.ToolUse():
                    calls.append(block)
                case a.ThinkingBlock():
                    thinking = _paragraphs(thinking, self._thought(block))
                case a.RedactedThinking():
                    pass
                case a.Image() | a.Document() | a.ToolResult() | a.ToolReference() | a.Unknown():
                    text += self.content.spoken(block)
        if calls or text.strip():
            turn = self._assistant_turn()
            turn.text += text
            turn.thinking = _paragraphs(turn.thinking, thinking)
            self._call(turn, calls)

    def user(self, message: a.Message, place: Place) -> None:
        pieces: list[Piece] = []
        answered = False
        for i, block in enumerate(message.content):
            if isinstance(block, a.ToolResult):
                answered |= self._answer(block, place.below(i), pieces)
            else:
                pieces += self.content.shown(block, place.below(i))
        if pieces or answered:
            self._close(pieces)
        elif place.strict and message.content:
            raise place.refusal("nothing in it can be sent to this model")

    def system(self, message: a.Message, text: str, place: Place) -> None:
        self.content.changes(message.content, place)
        if not text:
            return
        said = text if self.terms.inline_system else reminders.reminder(text)
        if self.speaking:
            self.waiting.append(said)
        elif self.terms.inline_system:
            self.turns.append(SystemTurn(said))
        else:
            _remind(self._user_turn(), said)

    def finish(self) -> list[Turn]:
        self._close([])
        for turn in self.turns:
            if isinstance(turn, UserTurn):
                for result in turn.results:
                    if result.pieces is None:
                        self.content.eyes.notes.add("emulated.tool_result", "a call without result")
                        result.pieces = [INTERRUPTED]
        if self.terms.replay == "current_turn":
            _forget(self.turns)
        return self.turns

    def _assistant_turn(self) -> AssistantTurn:
        """The turn that is still the assistant's, or a new one."""
        if self.waiting or not self.speaking:
            self._close([])
            self.open = {}
            self.speaking = AssistantTurn()
            self.turns.append(self.speaking)
        return self.speaking

    def _user_turn(self) -> UserTurn:
        if self.turns and isinstance(turn := self.turns[-1], UserTurn):
            return turn
        turn = UserTurn()
        self.turns.append(turn)
        return turn

    def _close(self, pieces: list[Piece]) -> None:
        """End the assistant's turn, put the reminders where they belong, then the pieces."""
        opening, self.waiting, self.speaking = self.waiting, [], None
        if self.terms.inline_system:
            self.turns += map(SystemTurn, opening)
            opening = []
        if pieces or (opening and not self._only_results()):
            self._user_turn().pieces += [*opening, *pieces]
        elif opening:
            self._user_turn().reminders += opening

    def _only_results(self) -> bool:
        turn = self.turns[-1] if self.turns else None
        return isinstance(turn, UserTurn) and bool(turn.results) and not turn.pieces

    def _call(self, turn: AssistantTurn, calls: list[a.ToolUse]) -> None:
        for call in calls:
            taken = [earlier.id for earlier in turn.calls]
            sent_id = ids.incoming(call.id, taken, self.terms.id_limit)
            name = f"{call.toolset_name}__{call.name}" if call.toolset_name else call.name
            sent = Call(sent_id, self.names.sent(name), _object(call.input))
            result = Result(sent.id, sent.name)
            turn.calls.append(sent)
            self._user_turn().results.append(result)
            self.open.setdefault(call.id, []).append(result)

    def _answer(self, block: a.ToolResult, place: Place, pieces: list[Piece]) -> bool:
        """Put a result in its place; one that has none goes into `pieces` as text."""
        inside = Place("content", place)
        shown = [
            piece for i, b in enumerate(block.content) for piece in self.content.shown(b, inside.below(i))
        ]
        if block.is_error:
            shown = _as_error(shown)
        if places := self.open.get(block.tool_use_id):
            places.pop(0).pieces = shown
            return True
        self.content.eyes.notes.add("emulated.tool_result", "a result without call")
        title = f"[result of unknown tool call {block.tool_use_id}]"
        first = shown.pop(0) if shown and isinstance(shown[0], str) else ""
        pieces += [f"{title}\n{first}", *shown]
        return False

    def _thought(self, block: a.ThinkingBlock) -> str:
        return "" if self.terms.replay == "none" else replayed(block, self.terms.family)


def _paragraphs(one: str, two: str) -> str:
    return f"{one}\n\n{two}" if one and two else one or two


def _remind(turn: UserTurn, said: str) -> None:
    if turn.results and not turn.pieces:
        turn.reminders.append(said)
    elif turn.pieces and isinstance(last := turn.pieces[-1], str):
        turn.pieces[-1] = f"{last}\n\n{said}"
    else:
        turn.pieces.append(said)


def _object(sent: Raw) -> Raw:
    """Templates and Ollama take nothing but an object; a client may have kept anything a model wrote."""
    text = bytes(sent)
    return sent if text.startswith(b"{") else Raw(b'{"input":' + (text or b"null") + b"}")


def _as_error(shown: list[Piece]) -> list[Piece]:
    first = shown[0] if shown else ""
    if not isinstance(first, str):
        return ["Error:", *shown]
    if first[:16].lower().startswith(("error", "<tool_use_error>")):
        return shown
    return [f"Error: {first or '(no output)'}", *shown[1:]]


def _forget(turns: list[Turn]) -> None:
    """Leave reasoning only after the last turn in which the user spoke, inside the running tool loop."""
    spoke = [i for i, turn in enumerate(turns) if isinstance(turn, UserTurn) and not turn.results]
    for turn in turns[: spoke[-1] if spoke else 0]:
        if isinstance(turn, AssistantTurn):
            turn.thinking = ""
