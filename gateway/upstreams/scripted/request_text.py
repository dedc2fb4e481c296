"""A request -> its texts, by which replies are selected and tokens are counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.anthropic import wire as a
from gateway.anthropic.conversation.image_size import image_tokens
from gateway.upstreams.token_prompt import CountablePrompt


def last_user(request: a.MessagesRequest) -> str:
    """The text of the last user message."""
    for message in reversed(request.messages):
        if message.role == "user":
            return "\n".join(texts(message.content))
    return ""


def texts(content: Iterable[a.Block]) -> Iterator[str]:
    """The texts, including those inside tool results."""
    for block in content:
        match block:
            case a.Text() | a.Quoted():
                yield block.text
            case a.ToolResult():
                yield from texts(block.content)
            case a.ThinkingBlock():
                yield block.thinking
            case a.ToolUse():
                yield block.name
                yield bytes(block.input).decode()
            case a.Unknown():
                yield block.text
            case a.Image() | a.Document() | a.RedactedThinking() | a.ToolReference():
                pass


def prompt_of(request: a.MessagesRequest) -> CountablePrompt:
    """The prompt as counted by a server that takes the request unchanged."""
    message_texts = [text for message in request.messages for text in texts(message.content)]
    tools = [
        text
        for tool in request.tools
        for text in (tool.name, tool.description or "", bytes(tool.input_schema).decode())
    ]
    media_tokens = sum(
        image_tokens(block.source.data)
        for message in request.messages
        for block in message.content
        if isinstance(block, a.Image)
    )
    return CountablePrompt((*request.system, *message_texts, *tools), len(request.messages), media_tokens)
