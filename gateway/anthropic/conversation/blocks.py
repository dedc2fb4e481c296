"""One content block, wherever it stands -> what is left of it for an upstream.

Every block type is looked at in each place where it can stand; what is dropped leaves a notice. What the
blocks say of tools (references, additions, removals, searches) is collected in order, for `toolset`.
"""

from __future__ import annotations

import msgspec
from attrs import define, field
from msgspec import Struct

from gateway.anthropic import wire as a
from gateway.anthropic.conversation import server_tools
from gateway.anthropic.conversation.browser_state import browser_state
from gateway.anthropic.conversation.content_parts import BlockLocation, ContentConverter, ContentPart
from gateway.anthropic.conversation.documents import document, search_result
from gateway.anthropic.request.block_types import BLOCKS
from gateway.anthropic.tools.tool_changes import ToolChange, tool_change
from gateway.anthropic.tools.tool_names import ToolNames


@define
class BlockConverter:
    converter: ContentConverter
    names: ToolNames
    mentions: list[ToolChange] = field(factory=list[ToolChange])

    def all_shown(self, blocks: tuple[a.Block, ...], place: BlockLocation) -> list[ContentPart]:
        """The content of a user's message or a tool result that stands at `place`."""
        found: list[ContentPart] = []
        for i, block in enumerate(blocks):
            if isinstance(block, a.Text):
                found += [block.text] if block.text else []
            else:
                found += self.shown(block, place.block(i))
        return found

    def shown(self, block: a.Block, place: BlockLocation) -> list[ContentPart]:
        """A block that a user sent, or that stands in a tool result."""
        match block:
            case a.Text() | a.Quoted():
                return [block.text] if block.text else []
            case a.Image():
                return [self.converter.image(block, place)]
            case a.Document():
                return document(block, self.converter, place)
            case a.ToolReference():
                self.mentions.append(ToolChange("reference", block.tool_name))
                return [f"Tool loaded: {self.names.sent(block.tool_name)}"]
            case a.Unknown():
                return self._unknown(block, place)
            case a.ThinkingBlock() | a.RedactedThinking() | a.ToolUse() | a.ToolResult():
                self._drop(f"{a.kind(block)} in a user's message or a tool result")
                return []

    def spoken(self, block: a.Block) -> str:
        """A block in the assistant's turn that is neither text, thinking nor a call."""
        match block:
            case a.Unknown():
                if not block.text and block.type not in _SILENT:
                    self._drop(block.type)
                return block.text
            case a.RedactedThinking():
                return ""
            case (
                a.Text()
                | a.Quoted()
                | a.Image()
                | a.Document()
                | a.ThinkingBlock()
                | a.ToolUse()
                | a.ToolReference()
                | a.ToolResult()
            ):
                self._drop("a user's block in an assistant turn")
                return ""

    def changes(self, blocks: tuple[a.Block, ...], place: BlockLocation) -> None:
        """The tool changes among a system message's blocks; other blocks than these and text are dropped."""
        for i, block in enumerate(blocks):
            if isinstance(block, a.Unknown):
                if said := tool_change(block, place.block(i).path):
                    self.mentions.append(said)
                elif not block.text:
                    self._drop(block.type)
            elif not isinstance(block, a.Text):
                self._drop("a block that is not text in a system message")

    def strayed(self, strays: tuple[a.Stray, ...]) -> None:
        """What the system prompt holds beside texts."""
        for stray in strays:
            if not stray.said:
                self._drop(f"{stray.type} in the system prompt")

    def searched(self, block: a.Unknown) -> None:
        """What a tool search on Anthropic's side found is loaded, but not said."""
        self.mentions += [ToolChange("reference", name) for name in server_tools.loaded_tools(block)]

    def _unknown(self, block: a.Unknown, place: BlockLocation) -> list[ContentPart]:
        if block.text:
            return [block.text]
        found: list[ContentPart] = []
        match block.type:
            case "search_result":
                found = search_result(block, self.converter)
            case "browser_state":
                found = [*filter(None, [browser_state(block)])]
            case "container_upload":
                found = [self.converter.missing_file(_file_id(block), place)]
            case _:
                pass
        if not found and block.type not in _SILENT:
            self._drop(block.type)
        return found

    def _drop(self, what: str) -> None:
        self.converter.notes.add("dropped.block", what)


class _Upload(Struct, frozen=True):
    file_id: str = ""


_UPLOAD = msgspec.json.Decoder(_Upload)
_SILENT = frozenset(name for name, spec in BLOCKS.items() if spec.silent)


def _file_id(block: a.Unknown) -> str:
    try:
        return _UPLOAD.decode(block.raw).file_id
    except msgspec.ValidationError:
        return ""
