"""A conversation's normal form, which every translator of requests reads, and on what terms it is made.

`conversation` makes it of a request. What the kind of a turn or block decides in a loop over all of them asks
`type(turn) is`: the types are final, and msgspec's answer slowly to `isinstance`.
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
    """On what terms an upstream takes a conversation."""

    family: str = "plain"
    replay: Literal["all", "current_turn", "none"] = "all"
    signed_calls: bool = False
    """Signatures of calls go back, whatever becomes of the reasoning."""
    inline_system: bool = False
    id_limit: int | None = None
    id_exact: bool = False
    modalities: InputModalities = IMAGES
    attachments: Attachments = NO_ATTACHMENTS
    marks: CacheMarks = NO_MARKS
    """Those that the upstream takes."""

    def replayed(self, block: a.ThinkingBlock) -> Replay:
        """What goes back of a thinking block."""
        if self.replay != "none":
            return replayed_reasoning(block, self.family)
        return Replay(call=replayed_reasoning(block, self.family).call) if self.signed_calls else NO_REPLAY


class ToolCall(Struct, gc=False):
    """`input` is always a JSON object. `signature`: of the reasoning in front of it."""

    id: str
    name: str
    input: Raw
    signature: str = ""


class ToolResult(Struct, gc=False):
    """`quoted`: the client sent a text alone, and this is its JSON string. `given`: or these pieces."""

    id: str
    name: str
    given: list[ContentPart] | None = None
    quoted: Raw = Raw()

    @property
    def pieces(self) -> list[ContentPart] | None:
        """None as long as the client has sent none."""
        return [*filter(None, [unquoted(self.quoted)])] if self.quoted else self.given

    def open(self) -> None:
        """Something is to be added to it."""
        self.given, self.quoted = self.pieces, Raw()


@final
class UserTurn(Struct, gc=False):
    """In this order: tool results, reminders that belong to the last of them, everything else.

    `marks` are those of pieces, by index; `results_mark` stands behind the results and their reminders.
    """

    results: list[ToolResult] = []
    reminders: list[str] = []
    pieces: list[ContentPart] = []
    results_mark: a.CacheControl | None = None
    marks: dict[int, a.CacheControl] | None = None
    following: list[str] = []
    """Reminders that `settle` adds to the last piece, which is a text: together, or each would copy it."""

    def add_reminder(self, said: str) -> None:
        if self.results and not self.pieces:
            self.reminders.append(said)
        elif self.pieces and isinstance(self.pieces[-1], str):
            self.following.append(said)
        else:
            self.pieces.append(said)

    def add_content(self, pieces: list[ContentPart]) -> None:
        self.settle()
        self.pieces += pieces

    def settle(self) -> None:
        """Nothing more comes."""
        if self.following and isinstance(last := self.pieces[-1], str):
            self.pieces[-1] = "\n\n".join([last, *self.following])
            self.following = []

    def mark(self, control: a.CacheControl) -> None:
        self.mark_pieces([(0, control)], 0)

    def mark_pieces(self, marked: list[tuple[int, a.CacheControl]], count: int) -> None:
        """Each mark with how many of the last `count` pieces stand in front of it."""
        for before, control in marked:
            place = len(self.pieces) - count + before - 1
            if place < 0:
                self.results_mark = control
            elif place < len(self.pieces):
                self.marks = {**(self.marks or {}), place: control}


class ReasoningItem(Struct, frozen=True):
    """A piece of reasoning that its server takes back as an item of its own, encrypted.

    `said` and `calls`: how much of the turn's text, and how many of its calls, come before it.
    """

    id: str
    encrypted: str
    summary: str
    said: int = 0
    calls: int = 0


@final
class AssistantTurn(Struct, gc=False):
    """`thinking` is all the reasoning that can be read; `thoughts` is what of it came as items, `details` as
    JSON that goes back unchanged."""

    text: str = ""
    thinking: str = ""
    calls: list[ToolCall] = []
    thoughts: list[ReasoningItem] = []
    details: list[Raw] = []
    end_mark: a.CacheControl | None = None
    texts: list[str] = []
    paragraphs: list[str] = []
    """What `settle` makes `text` and `thinking` of: together, or each text would copy those before it."""
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

    def extend(self, said: AssistantTurn) -> None:
        """With what is said next in the same turn."""
        self.thoughts += [
            replace(thought, said=self.length + thought.said, calls=len(self.calls) + thought.calls)
            for thought in said.thoughts
        ]
        self.paragraphs += said.paragraphs
        self.details += said.details
        self.texts += said.texts
        self.length += said.length
        self.calls += said.calls

    def settle(self) -> None:
        """Nothing more comes."""
        self.text, self.thinking = "".join(self.texts), "\n\n".join(self.paragraphs)
        self.texts, self.paragraphs, self.length = [], [], 0


@final
class SystemTurn(Struct):
    text: str
    end_mark: a.CacheControl | None = None

    def mark(self, control: a.CacheControl) -> None:
        self.end_mark = control


Turn = UserTurn | AssistantTurn | SystemTurn


def drop_old_reasoning(turns: list[Turn]) -> None:
    """Leave reasoning only after the last turn in which the user spoke, inside the running tool loop."""
    spoke = [i for i, turn in enumerate(turns) if isinstance(turn, UserTurn) and not turn.results]
    for turn in turns[: spoke[-1] if spoke else 0]:
        if isinstance(turn, AssistantTurn):
            turn.thinking, turn.thoughts, turn.details = "", [], []


def arguments_object(sent: Raw) -> Raw:
    """Templates and Ollama take nothing but an object; a client may have kept anything a model wrote."""
    text = bytes(sent)
    if text.startswith(b"{"):
        return sent
    return Raw(b"{}" if text in (b"", b"null") else b'{"input":' + text + b"}")


class Conversation(Struct, frozen=True):
    """`prefill`: the text of a last assistant turn, which the upstream is to continue. `cuts`: ends of the
    system prompt's blocks, if the request has marks."""

    system: str
    turns: list[Turn]
    prefill: str
    mentions: list[ToolChange]
    cuts: tuple[SystemCut, ...] = ()
