"""What both upstream protocols decide alike about a request, before each writes it in its own words.

Rules:
- `max_tokens` is cut to what is known of the model (its output limit, a limit its server named, what is left
  of its window), with the notice `clamped.max_tokens`.
- Where a server has no `tool_choice`, it is emulated: a line in the system prompt, and for a named tool no
  other tool beside it.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec
from attrs import frozen
from msgspec import Raw

from gateway.anthropic import toolset as ts
from gateway.anthropic import turns as t
from gateway.anthropic import wire as a
from gateway.anthropic.attached import Attachments
from gateway.anthropic.conversation import conversation
from gateway.anthropic.effort import Reasoning, reasoning
from gateway.anthropic.names import Names
from gateway.anthropic.notes import Notes
from gateway.anthropic.pieces import Sight
from gateway.errors import RequestRefused
from gateway.inbound import Inbound
from gateway.upstreams.built import Amends, Built, ReplyWish
from gateway.upstreams.quirks import ModelFacts

ToolChoiceLevel = Literal["full", "no_required", "none"]


class _Format(msgspec.Struct, frozen=True):
    type: str
    schema: Raw = Raw()


_FORMAT = msgspec.json.Decoder(_Format)
MARGIN = 64
"""Tokens left between an estimated prompt with its answer and the window's end."""
NAME_LENGTH = 64
"""The longest user name or cache key that is sent as it is."""
NO_PREFILL = (
    "This model does not support assistant message prefill. The conversation must end with a user message."
)


@frozen
class Plan:
    """One request, as far as it can be said without a protocol.

    Turns have tool names as they are sent, `tools` and `choice` the client's; `names` knows both.
    """

    system: str
    turns: list[t.Turn]
    prefill: str
    tools: list[a.ToolDefinition]
    choice: ts.Choice
    """`auto` where the server is not told."""
    single: bool
    """Parallel calls are to be forbidden."""
    reasoning: Reasoning
    max_tokens: int | None
    stop: list[str]
    schema: Raw | None
    """What the answer has to match (`output_config.format`)."""
    names: Names
    notes: Notes
    thinking_display: str | None

    def built(self, body: bytes, *, single_tool: bool) -> Built:
        wish = ReplyWish(
            thinking=bool(self.reasoning.on),
            display=self.thinking_display,
            stop_sequences=tuple(self.stop),
            max_tokens=self.max_tokens,
        )
        return Built(
            body=body,
            wish=wish,
            notices=self.notes.notices,
            tool_names=self.names.shortened,
            single_tool=single_tool,
            prefill=self.prefill,
        )


def plan(
    inbound: Inbound,
    facts: ModelFacts,
    amends: Amends,
    attachments: Attachments,
    tool_choice: ToolChoiceLevel,
) -> Plan:
    """`tool_choice`: how much of it can be told to the server."""
    request, quirks = inbound.request, facts.quirks
    names, notes = Names(quirks.tool_name_limit), Notes()
    talk = conversation(request, _terms(facts, attachments), names, notes)
    if not talk.turns:
        raise RequestRefused("messages: nothing in them can be sent to this model")
    if talk.prefill and quirks.prefill == "refuse":
        raise RequestRefused(NO_PREFILL)
    tools = ts.toolset(request, talk.mentions, notes)
    system, told = _told(tools, talk.system, tool_choice, names, notes)
    return Plan(
        system=system,
        turns=talk.turns,
        prefill=talk.prefill,
        tools=told.tools,
        choice=told.choice,
        single=tools.choice.single and bool(told.tools),
        reasoning=reasoning(request),
        max_tokens=max_tokens(inbound, facts, amends, notes),
        stop=_stop(request, facts, notes),
        schema=_schema(request, notes),
        names=names,
        notes=notes,
        thinking_display=request.thinking.display if request.thinking else None,
    )


def _terms(facts: ModelFacts, attachments: Attachments) -> t.Terms:
    quirks = facts.quirks
    return t.Terms(
        family=quirks.family,
        replay="none" if facts.reasoning is False else quirks.replay_reasoning,
        inline_system=quirks.mid_system == "inline",
        id_limit=quirks.tool_id_limit,
        sight=sight(facts),
        attachments=attachments,
    )


def sight(facts: ModelFacts) -> Sight:
    """What the model's server takes besides text."""
    quirks = facts.quirks
    return Sight(
        vision=facts.vision is not False,
        image_urls=quirks.image_urls,
        pdf=quirks.pdf,
        pdf_urls=quirks.pdf_urls,
        strict_images=quirks.strict_images,
    )


def _told(
    tools: ts.Toolset, system: str, level: ToolChoiceLevel, names: Names, notes: Notes
) -> tuple[str, ts.Toolset]:
    """What the server is told of the tools, and the system prompt that says the rest."""
    choice = tools.choice
    if choice.type == "auto" or level == "full" or (level == "no_required" and choice.type != "any"):
        return system, tools
    notes.add("emulated.tool_choice", choice.type)
    if choice.type == "none":
        return system, ts.Toolset([], ts.Choice())
    if choice.type == "any":
        return below(system, "You must call one of the tools."), ts.Toolset(tools.tools, ts.Choice())
    chosen = [tool for tool in tools.tools if tool.name == choice.name]
    line = f"You must call the tool {names.sent(choice.name)}."
    return below(system, line), ts.Toolset(chosen, ts.Choice())


def below(system: str, line: str) -> str:
    """The system prompt with a line of our own at its end."""
    return f"{system}\n\n{line}" if system else line


def max_tokens(inbound: Inbound, facts: ModelFacts, amends: Amends, notes: Notes) -> int | None:
    """At least 1: to llama.cpp and Ollama 0 would mean "without limit"."""
    wanted = inbound.request.max_tokens
    if wanted is None:
        return min(filter(None, (amends.max_tokens, facts.max_output_tokens)), default=None)
    limits = filter(None, (amends.max_tokens, facts.max_output_tokens, _room(inbound, facts)))
    allowed = max(1, min([wanted, *limits]))
    if allowed != wanted:
        notes.add("clamped.max_tokens", f"{wanted} to {allowed}")
    return allowed


def _room(inbound: Inbound, facts: ModelFacts) -> int | None:
    """What the prompt leaves of the window; an eighth of it at least, since the prompt is only estimated."""
    window = facts.context_window
    if window is None:
        return None
    return max(window - inbound.estimated_tokens - MARGIN, window // 8)


def _stop(request: a.MessagesRequest, facts: ModelFacts, notes: Notes) -> list[str]:
    """Servers refuse or trip over blank stop sequences, and take only so many."""
    usable = [text for text in request.stop_sequences if text.strip()]
    limit = facts.quirks.stop_limit
    if limit is not None and len(usable) > limit:
        notes.add("dropped.stop_sequences", f"all but the first {limit}")
        return usable[:limit]
    return usable


def _schema(request: a.MessagesRequest, notes: Notes) -> Raw | None:
    sent = bytes(request.output_config.format) if request.output_config else b""
    if sent in (b"", b"null"):
        return None
    try:
        wanted = _FORMAT.decode(sent)
    except msgspec.ValidationError as error:
        raise RequestRefused(f"output_config.format: {error}") from None
    if wanted.type == "json_schema" and bytes(wanted.schema).startswith(b"{"):
        return wanted.schema
    notes.add("dropped.output_format", wanted.type)
    return None


def description(tool: a.ToolDefinition) -> str:
    """A tool's description, with its examples: upstreams have no place of their own for those."""
    if not tool.input_examples:
        return tool.description or ""
    examples = [f"Examples: {str(bytes(example), 'utf-8')}" for example in tool.input_examples]
    return "\n".join(filter(None, [tool.description, *examples]))


def short(name: str) -> str:
    """A name of at most `NAME_LENGTH` characters: longer ones are hashed."""
    return name if len(name) <= NAME_LENGTH else hashlib.sha256(name.encode()).hexdigest()
