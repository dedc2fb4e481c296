"""One content block of a request -> the content parts that an upstream gets.

Every block type is handled in each position where it can occur; dropped content causes a notice. Tool changes
in blocks (references, additions, removals, searches) are collected in order, for `toolset`.
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

    def convert_all(self, blocks: tuple[a.Block, ...], place: BlockLocation) -> list[ContentPart]:
        """The content of a user's message or a tool result at `place`."""
        found: list[ContentPart] = []
        for i, block in enumerate(blocks):
            if isinstance(block, a.Text):
                found += [block.text] if block.text else []
            else:
                found += self.convert(block, place.block(i))
        return found

    def convert(self, block: a.Block, place: BlockLocation) -> list[ContentPart]:
        """A block that a user sent, or a block in a tool result."""
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

    def assistant_text(self, block: a.Block) -> str:
        """A block in the assistant's turn that is not text, thinking or a call."""
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
        """The tool changes among a system message's blocks; all other blocks except text are dropped."""
        for i, block in enumerate(blocks):
            if isinstance(block, a.Unknown):
                if change := tool_change(block, place.block(i).path):
                    self.mentions.append(change)
                elif not block.text:
                    self._drop(block.type)
            elif not isinstance(block, a.Text):
                self._drop("a block that is not text in a system message")

    def add_strays(self, strays: tuple[a.Stray, ...]) -> None:
        """Handle the blocks of the system prompt that are not texts."""
        for stray in strays:
            if not stray.has_text:
                self._drop(f"{stray.type} in the system prompt")

    def searched(self, block: a.Unknown) -> None:
        """Tools found by a tool search on Anthropic's side are loaded, but not shown."""
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
        self.converter.notices.add("dropped.block", what)


class _Upload(Struct, frozen=True):
    file_id: str = ""


_UPLOAD = msgspec.json.Decoder(_Upload)
_SILENT = frozenset(name for name, spec in BLOCKS.items() if spec.silent)
"""Blocks without content for a model: the API itself renders nothing for them."""


def _file_id(block: a.Unknown) -> str:
    try:
        return _UPLOAD.decode(block.raw).file_id
    except msgspec.ValidationError:
        return ""
