"""System text of a request: the prompt at its start, and the system messages inside the conversation.

Rules (amendments 3.2 and 3.3):
- Claude Code's attribution block is left out: it differs by conversation and version, and would invalidate
  every upstream's prompt cache.
- System messages before the first user message belong to the prompt.
- A message gives the same bytes whether its content is a string or a list with one text block.
- `clear_at: next_user_message` removes the text once a later user message exists.
"""

from __future__ import annotations

from msgspec import Struct

from gateway.anthropic import wire as a

ATTRIBUTION = "x-anthropic-billing-header:"
BETWEEN = "\n\n"
"""Separates the texts of a prompt."""


class ConversationStart(Struct, frozen=True):
    """The positions of the user's messages (an unknown role counts as user)."""

    system: str
    first: int
    opening: int
    """The first message of the newest turn: system messages in between do not end a turn."""
    newest: int
    """The last user message; -1 if there is none."""


def conversation_start(request: a.MessagesRequest) -> ConversationStart:
    messages = request.messages
    newest = next((i for i in reversed(range(len(messages))) if messages[i].role not in _OTHERS), -1)
    before = _OTHERS if newest >= 0 else _SYSTEM
    first = next((i for i, m in enumerate(messages) if m.role not in before), len(messages))
    texts = system_texts(request.system)
    texts += [system_message_text(m, i, newest) for i, m in enumerate(messages[:first]) if m.role == "system"]
    return ConversationStart(BETWEEN.join(filter(None, texts)), first, opening(messages, newest), newest)


_SYSTEM = ("system",)
_OTHERS = ("system", "assistant")


def opening(messages: tuple[a.Message, ...], newest: int) -> int:
    """The start of the user turn that ends at `newest`."""
    while newest > 0 and messages[newest - 1].role != "assistant":
        newest -= 1
    return newest


def system_message_text(message: a.Message, i: int, newest: int) -> str:
    """The text of the system message at index `i`; empty if it has none or was cleared."""
    if message.clear_at == "next_user_message" and i < newest:
        return ""
    texts = [block.text for block in message.content if isinstance(block, a.Text | a.Unknown)]
    return BETWEEN.join(filter(None, texts))


def reminder(text: str) -> str:
    return f"<system-reminder>\n{text}\n</system-reminder>"


def system_texts(system: tuple[str, ...]) -> list[str]:
    """The texts of its blocks, each in its position; some may be empty."""
    if system and system[0].startswith(ATTRIBUTION):
        return [system[0].partition("\n")[2].lstrip("\n"), *system[1:]]
    return list(system)
