"""Whether and how hard the model is to reason -> the field in which its server is told.

Rules:
- Nothing is sent where the client says nothing: the server's default holds.
- Where a server cannot be told, reasoning that was asked for is noted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import UNSET

from gateway.anthropic.effort import Reasoning
from gateway.upstreams.facts import ModelFacts
from gateway.upstreams.openai import wire as o
from gateway.upstreams.plan import Plan


def ask_for_reasoning(chat: o.ChatRequest, todo: Plan, facts: ModelFacts) -> None:
    match facts.quirks.reasoning_in:
        case "effort":
            # Off is only said to models that are known to reason: others refuse the field.
            _effort(chat, todo.reasoning, "none" if facts.reasoning else None)
        case "think":
            _effort(chat, todo.reasoning, "none")
        case "template_kwargs":
            _template(chat, todo)
        case "none":
            if todo.reasoning.on:
                todo.notes.add("dropped.thinking")
        case style:
            if todo.reasoning.on is not None:
                _STYLES[style](chat, todo.reasoning)


def _effort(chat: o.ChatRequest, asked: Reasoning, off: str | None) -> None:
    """`off`: how reasoning is switched off, where that is known to be allowed."""
    effort = asked.effort if asked.on else off if asked.on is False else None
    if effort:
        chat.reasoning_effort = effort


def _template(chat: o.ChatRequest, todo: Plan) -> None:
    """llama.cpp refuses to continue an assistant's turn with thinking on, and on is its default."""
    asked = todo.reasoning.on
    if todo.prefill or asked is not None:
        chat.chat_template_kwargs = {"enable_thinking": bool(asked) and not todo.prefill}


def _reasoning(chat: o.ChatRequest, asked: Reasoning) -> None:
    """An effort switches it on; without one it has to be said."""
    if asked.on and asked.effort:
        chat.reasoning = o.Reasoning(effort=asked.effort)
    else:
        chat.reasoning = o.Reasoning(UNSET, bool(asked.on))


def _thinking(chat: o.ChatRequest, asked: Reasoning) -> None:
    chat.thinking = o.Thinking("enabled" if asked.on else "disabled")


def _enable_thinking(chat: o.ChatRequest, asked: Reasoning) -> None:
    chat.enable_thinking = bool(asked.on)


_STYLES: Mapping[str, Callable[[o.ChatRequest, Reasoning], None]] = {
    "reasoning": _reasoning,
    "thinking": _thinking,
    "enable_thinking": _enable_thinking,
}
