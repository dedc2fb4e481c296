"""What an assistant says in one go: the text, reasoning and calls among the blocks of its message."""

from __future__ import annotations

from msgspec import Raw, Struct
from msgspec.structs import replace

from gateway.anthropic import turns as t
from gateway.anthropic import wire as a
from gateway.anthropic.signatures import Replay


class Called(Struct, gc=False):
    """A call in the history, by the client's id and full name. `served`: not the client's to answer."""

    id: str
    name: str
    input: Raw
    served: bool = False
    signature: str = ""

    @property
    def arguments(self) -> Raw:
        """Templates and Ollama take nothing but an object; a client may have kept anything a model wrote."""
        text = bytes(self.input)
        if text.startswith(b"{"):
            return self.input
        return Raw(b"{}" if text in (b"", b"null") else b'{"input":' + text + b"}")


class Speech(Struct, gc=False):
    """What the assistant says in one go, up to a result that does not come from the client."""

    text: str = ""
    thinking: str = ""
    calls: list[Called] = []
    thoughts: list[t.Thought] = []
    details: list[Raw] = []
    signature: str = ""
    """Of the next call."""

    def call(self, call: Called) -> None:
        call.signature, self.signature = self.signature, ""
        self.calls.append(call)

    def think(self, replay: Replay) -> None:
        self.signature = replay.call or self.signature
        self.thinking = paragraphs(self.thinking, replay.text)
        self.details += replay.details
        if replay.encrypted:
            thought = t.Thought(replay.id, replay.encrypted, replay.text, len(self.text), len(self.calls))
            self.thoughts.append(thought)

    def thoughts_in(self, turn: t.AssistantTurn) -> list[t.Thought]:
        """Its thoughts, placed behind what the turn already holds."""
        return [
            replace(thought, said=len(turn.text) + thought.said, calls=len(turn.calls) + thought.calls)
            for thought in self.thoughts
        ]


def called(block: a.ToolUse) -> Called:
    name = f"{block.toolset_name}__{block.name}" if block.toolset_name else block.name
    return Called(block.id, name, block.input)


def paragraphs(one: str, two: str) -> str:
    return f"{one}\n\n{two}" if one and two else one or two
