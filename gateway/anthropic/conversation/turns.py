"""A conversation's normal form, which every request translator reads, and the options it is built with.

`builder.conversation` builds it from a request. Loops over all turns or blocks test `type(turn) is`: the
types are final, and msgspec's answer slowly to `isinstance`.
"""

from __future__ import annotations

from typing import Literal, final

from msgspec import Raw, Struct
from msgspec.structs import replace

from gateway.anthropic import wire as a
from gateway.anthropic.conversation.content_parts import IMAGES, ContentPart, InputModalities
from gateway.anthropic.request.attachments import NO_ATTACHMENTS, Attachments
from gateway.anthropic.request.cache_control import NO_MARKS, CacheMarks, SystemCut
from gateway.anthropic.signatures import NO_REPLAY, Replay, replayed_reasoning
from gateway.anthropic.tools.tool_changes import ToolChange
from gateway.anthropic.wire import unquoted


class ConversationOptions(Struct, frozen=True):
    """An upstream's options for a conversation."""

    family: str = "plain"
    replay: Literal["all", "current_turn", "none"] = "all"
    signed_calls: bool = False
    """Signatures of calls are sent back, even if the reasoning is not."""
    inline_system: bool = False
    id_limit: int | None = None
    id_exact: bool = False
    modalities: InputModalities = IMAGES
    attachments: Attachments = NO_ATTACHMENTS
    marks: CacheMarks = NO_MARKS
    """The cache marks for the upstream."""

    def replayed(self, block: a.ThinkingBlock) -> Replay:
        """The replayable content of a thinking block."""
        if self.replay != "none":
            return replayed_reasoning(block, self.family)
        return Replay(call=replayed_reasoning(block, self.family).call) if self.signed_calls else NO_REPLAY


class ToolCall(Struct, gc=False):
    """`input` is always a JSON object. `signature`: that of the reasoning before it."""

    id: str
    name: str
    input: Raw
    signature: str = ""


class ToolResult(Struct, gc=False):
    """`quoted`: the client sent only a text, and this is its JSON string. `given`: otherwise, these parts."""

    id: str
    name: str
    given: list[ContentPart] | None = None
    quoted: Raw = Raw()

    @property
    def pieces(self) -> list[ContentPart] | None:
        """The result's content parts; None until the client sends the result."""
        return [*filter(None, [unquoted(self.quoted)])] if self.quoted else self.given

    def open(self) -> None:
        """Prepare the result for further content."""
        self.given, self.quoted = self.pieces, Raw()


@final
class UserTurn(Struct, gc=False):
    """In this order: tool results, reminders in the last of them, all other content.

    `marks` are those of pieces, by index; `results_mark` is after the results and their reminders.
    """

    results: list[ToolResult] = []
    reminders: list[str] = []
    pieces: list[ContentPart] = []
    results_mark: a.CacheControl | None = None
    marks: dict[int, a.CacheControl] | None = None
    following: list[str] = []
    """Reminders that `settle` appends to the last piece, a text: in one step, to avoid copying the text for
    each."""

    def add_reminder(self, text: str) -> None:
        if self.results and not self.pieces:
            self.reminders.append(text)
        elif self.pieces and isinstance(self.pieces[-1], str):
            self.following.append(text)
        else:
            self.pieces.append(text)

    def add_content(self, content: list[ContentPart]) -> None:
        self.settle()
        self.pieces += content

    def settle(self) -> None:
        """The turn is complete."""
        if self.following and isinstance(last := self.pieces[-1], str):
            self.pieces[-1] = "\n\n".join([last, *self.following])
            self.following = []

    def mark(self, control: a.CacheControl) -> None:
        self.mark_pieces([(0, control)], 0)

    def mark_pieces(self, marked: list[tuple[int, a.CacheControl]], count: int) -> None:
        """Each mark with the number of the last `count` pieces before it."""
        for before, control in marked:
            place = len(self.pieces) - count + before - 1
            if place < 0:
                self.results_mark = control
            elif place < len(self.pieces):
                self.marks = {**(self.marks or {}), place: control}


class ReasoningItem(Struct, frozen=True):
    """A piece of reasoning that its server takes back as an item of its own, encrypted.

    `text_length` and `calls`: how much of the turn's text, and how many of its calls, come before it.
    """

    id: str
    encrypted: str
    summary: str
    text_length: int = 0
    calls: int = 0


@final
class AssistantTurn(Struct, gc=False):
    """`thinking` is all readable reasoning; `thoughts` is the reasoning sent as items, `details` the
    reasoning sent as JSON that is returned unchanged."""

    text: str = ""
    thinking: str = ""
    calls: list[ToolCall] = []
    thoughts: list[ReasoningItem] = []
    details: list[Raw] = []
    end_mark: a.CacheControl | None = None
    texts: list[str] = []
    paragraphs: list[str] = []
    """`settle` joins these to `text` and `thinking`, in one step to avoid copying the texts for each."""
    length: int = 0
    """Characters of `texts`."""

    def mark(self, control: a.CacheControl) -> None:
        self.end_mark = control

    def add_text(self, text: str) -> None:
        self.texts.append(text)
        self.length += len(text)

    def add_reasoning(self, replay: Replay) -> None:
        if replay.text:
            self.paragraphs.append(replay.text)
        self.details += replay.details
        if replay.encrypted:
            thought = ReasoningItem(replay.id, replay.encrypted, replay.text, self.length, len(self.calls))
            self.thoughts.append(thought)

    def extend(self, later: AssistantTurn) -> None:
        """Append a later part of the same turn."""
        self.thoughts += [
            replace(
                thought, text_length=self.length + thought.text_length, calls=len(self.calls) + thought.calls
            )
            for thought in later.thoughts
        ]
        self.paragraphs += later.paragraphs
        self.details += later.details
        self.texts += later.texts
        self.length += later.length
        self.calls += later.calls

    def settle(self) -> None:
        """The turn is complete."""
        self.text, self.thinking = "".join(self.texts), "\n\n".join(self.paragraphs)
        self.texts, self.paragraphs, self.length = [], [], 0


@final
class SystemTurn(Struct):
    text: str
    end_mark: a.CacheControl | None = None

    def mark(self, control: a.CacheControl) -> None:
        self.end_mark = control


Turn = UserTurn | AssistantTurn | SystemTurn


def user_turn(turns: list[Turn]) -> UserTurn:
    """The user turn at the end of `turns`, appended if there is none."""
    if turns and type(turn := turns[-1]) is UserTurn:
        return turn
    turn = UserTurn()
    turns.append(turn)
    return turn


def drop_old_reasoning(turns: list[Turn]) -> None:
    """Keep reasoning only after the last turn with user content, inside the current tool loop."""
    spoke = [i for i, turn in enumerate(turns) if isinstance(turn, UserTurn) and not turn.results]
    for turn in turns[: spoke[-1] if spoke else 0]:
        if isinstance(turn, AssistantTurn):
            turn.thinking, turn.thoughts, turn.details = "", [], []


def arguments_object(sent: Raw) -> Raw:
    """Templates and Ollama take only an object; a client may have stored anything that a model wrote."""
    text = bytes(sent)
    if text.startswith(b"{"):
        return sent
    return Raw(b"{}" if text in (b"", b"null") else b'{"input":' + text + b"}")


class Conversation(Struct, frozen=True):
    """`prefill`: the text of a final assistant turn, which the upstream must continue. `cuts`: ends of the
    system prompt's blocks, if the request has marks."""

    system: str
    turns: list[Turn]
    prefill: str
    mentions: list[ToolChange]
    cuts: tuple[SystemCut, ...] = ()
