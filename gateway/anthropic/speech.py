"""What an assistant says in one go: the text, reasoning and calls among the blocks of its message."""

from __future__ import annotations

from msgspec import Raw, Struct

from gateway.anthropic import wire as a


class Called(Struct):
    """A call in the history, by the client's id and full name. `served`: not the client's to answer."""

    id: str
    name: str
    input: Raw
    served: bool = False

    @property
    def arguments(self) -> Raw:
        """Templates and Ollama take nothing but an object; a client may have kept anything a model wrote."""
        text = bytes(self.input)
        return self.input if text.startswith(b"{") else Raw(b'{"input":' + (text or b"null") + b"}")


class Speech(Struct):
    """What the assistant says in one go, up to a result that does not come from the client."""

    text: str = ""
    thinking: str = ""
    calls: list[Called] = []


def called(block: a.ToolUse) -> Called:
    name = f"{block.toolset_name}__{block.name}" if block.toolset_name else block.name
    return Called(block.id, name, block.input)


def paragraphs(one: str, two: str) -> str:
    return f"{one}\n\n{two}" if one and two else one or two
