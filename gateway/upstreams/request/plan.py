"""Decisions about a request that are the same for all translated protocols, made before it is encoded.

Rules:
- If a server has no `tool_choice`, or refuses it, it is emulated: by a line in the system prompt and, for a
  named tool, by offering no other tool.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Literal

from attrs import evolve
from msgspec import Struct

from gateway.anthropic import wire as a
from gateway.anthropic.conversation import turns as t
from gateway.anthropic.conversation.builder import build_conversation
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.request.attachments import Attachments
from gateway.anthropic.request.cache_control import NO_MARKS, SystemCut, find_cache_marks
from gateway.anthropic.request.reasoning import Reasoning, reasoning
from gateway.anthropic.response.answer_terms import AnswerTerms
from gateway.anthropic.tools import toolset as ts
from gateway.anthropic.tools.available import ToolOptions
from gateway.anthropic.tools.tool_names import ClientToolName, ToolNames
from gateway.errors import RequestRefused
from gateway.inbound import Inbound
from gateway.notices import NoticeName
from gateway.settings.models import Sampling
from gateway.settings.quirks import Quirks
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.request import limits
from gateway.upstreams.request.extra_body import merge_extra_body
from gateway.upstreams.request.response_format import UpstreamFormat, upstream_format
from gateway.upstreams.request.service_tier import ServiceTier, service_tier
from gateway.upstreams.request.tools import Function, function_tools
from gateway.upstreams.upstream_request import Adaptations, ResponseOptions, UpstreamRequest

ChoiceLevel = Literal["full", "no_required", "no_named", "none"]


NAME_LENGTH = 64
"""Maximum length of a user name or cache key that is sent unchanged."""
NO_PREFILL = (
    "This model does not support assistant message prefill. The conversation must end with a user message."
)


class RequestPlan(Struct, frozen=True, kw_only=True):
    """One request, independent of the protocol.

    Tool names in `turns` are those sent upstream, in `tools` and `choice` the client's; `names` maps them.
    """

    system: str
    turns: list[t.Turn]
    prefill: str
    functions: list[Function]
    search: a.ToolDefinition | None
    """Anthropic's web search tool, if the upstream has its own search."""
    choice: ts.ToolChoice
    """`auto` if no choice is sent."""
    single: bool
    """Forbid parallel calls."""
    reasoning: Reasoning
    may_reason: bool
    """False if the configuration or an earlier 400 rules reasoning out."""
    max_tokens: int | None
    prompt_tokens: int
    """An estimate."""
    stop: list[str]
    own_stops: list[str]
    """Stop sequences that the gateway matches."""
    tier: ServiceTier
    format: UpstreamFormat | None
    """The format the answer must match (`output_config.format`), if any."""
    returned: Mapping[str, ClientToolName]
    must_call: bool
    """The client demands a call."""
    names: ToolNames
    notices: NoticeCollector
    thinking_display: str | None
    sampling: Sampling
    """The target's sampling, completed by the client's."""
    extra_body: Mapping[str, object]
    marked: bool
    """The client marked its prompt for the cache, and the upstream takes such marks."""
    cuts: tuple[SystemCut, ...]
    """If `marked`: where the blocks of the system prompt end."""

    def upstream_request(
        self, body: bytes, *, single_tool: bool, window: int | None = None
    ) -> UpstreamRequest:
        options = ResponseOptions(
            thinking=bool(self.reasoning.on),
            display=self.thinking_display,
            stop_sequences=tuple(self.stop),
            max_tokens=self.max_tokens,
            prompt_tokens=self.prompt_tokens,
        )
        return UpstreamRequest(
            body=merge_extra_body(body, self.extra_body) if self.extra_body else body,
            options=options,
            notices=self.notices.notices,
            answer=AnswerTerms(
                returned=self._returned(),
                schema_of=partial(_schema_of, self.functions),
                single_tool=single_tool,
                must_call=self.must_call,
                speed=self.tier.speed,
            ),
            format=self.format and self.format.answer,
            window=window,
            stops=tuple(self.own_stops),
            prefill=self.prefill,
            schemas=self._schemas,
        )

    def _schemas(self) -> Iterator[bytes]:
        yield from (bytes(function.schema) for function in self.functions)
        if self.format is not None:
            yield self.format.answer.schema

    def _returned(self) -> Mapping[str, ClientToolName]:
        shortened = self.names.shortened
        if not shortened:
            return self.returned
        return {sent: ClientToolName(name) for sent, name in shortened.items()} | dict(self.returned)


def _schema_of(functions: list[Function], name: str) -> bytes:
    return next((bytes(function.schema) for function in functions if function.name == name), b"")


def make_plan(
    inbound: Inbound, info: ModelInfo, adaptations: Adaptations, attachments: Attachments, level: ChoiceLevel
) -> RequestPlan:
    """Plan the request. `level`: how much of a tool choice the server takes."""
    request, quirks = inbound.request, info.quirks
    names, notices = ToolNames(quirks.tool_name_limit), NoticeCollector()
    terms = _terms(inbound, info, attachments)
    conversation = _conversation(request, terms, names, notices, quirks)
    tools = ts.toolset(request, conversation.mentions, notices, _offerable(info, adaptations))
    level = "none" if "tool_choice" in adaptations.dropped else level
    system, sent = _tool_choice(tools, conversation.system, level, names, notices)
    offered = function_tools(sent, names, quirks, adaptations, notices)
    form = upstream_format(request, quirks, adaptations, notices, tools=bool(offered.functions))
    requested, stop = _reasoning(request, quirks, sent.choice, notices), limits.requested_stops(request)
    return RequestPlan(
        system=append_instruction(append_instruction(system, offered.prompt), form.words if form else ""),
        turns=conversation.turns,
        prefill=conversation.prefill,
        functions=offered.functions,
        search=sent.search,
        choice=sent.choice,
        single=tools.choice.single and bool(sent.tools),
        reasoning=requested,
        may_reason=_may_reason(requested, info, adaptations, notices),
        max_tokens=limits.max_tokens(inbound, info, adaptations, notices),
        prompt_tokens=inbound.estimated_tokens,
        stop=[] if "stop" in adaptations.dropped else stop,
        own_stops=limits.upstream_stops(stop, adaptations, notices),
        tier=service_tier(request, quirks, adaptations, notices),
        format=form,
        returned=offered.returned,
        must_call=_is_demanded(tools),
        names=names,
        notices=notices,
        thinking_display=request.thinking.display if request.thinking else None,
        sampling=limits.sampling(request, info, notices),
        extra_body=info.extra_body,
        marked=bool(terms.marks),
        cuts=conversation.cuts,
    )


def _offerable(info: ModelInfo, adaptations: Adaptations) -> ToolOptions:
    return ToolOptions(
        info.modalities.vision, info.quirks.web_search and "web_search" not in adaptations.dropped
    )


def _conversation(
    request: a.MessagesRequest,
    terms: t.ConversationOptions,
    names: ToolNames,
    notices: NoticeCollector,
    quirks: Quirks,
) -> t.Conversation:
    """Convert the messages. Raises RequestRefused if the model cannot take them."""
    conversation = build_conversation(request, terms, names, notices)
    if not conversation.turns:
        raise RequestRefused("messages: nothing in them can be sent to this model")
    if conversation.prefill and quirks.prefill == "refuse":
        raise RequestRefused(NO_PREFILL)
    return conversation


def _terms(inbound: Inbound, info: ModelInfo, attachments: Attachments) -> t.ConversationOptions:
    quirks = info.quirks
    return t.ConversationOptions(
        family=quirks.family,
        replay="none" if info.reasoning is False else quirks.replay_reasoning,
        signed_calls=quirks.call_signatures,
        inline_system=quirks.mid_system == "inline",
        id_limit=quirks.tool_id_limit,
        id_exact=quirks.tool_id_exact,
        modalities=info.modalities,
        attachments=attachments,
        marks=find_cache_marks(inbound.body) if quirks.cache_markers != "none" else NO_MARKS,
    )


def _tool_choice(
    tools: ts.Toolset, system: str, level: ChoiceLevel, names: ToolNames, notices: NoticeCollector
) -> tuple[str, ts.Toolset]:
    """The system prompt and the tools to send; an unsupported choice is added to the prompt."""
    choice = tools.choice
    if choice.type == "auto" or _SUPPORTS_CHOICE[level](choice.type):
        return system, tools
    notices.add(_EMULATED[choice.type])
    if choice.type == "none":
        return system, evolve(tools, tools=[], choice=ts.ToolChoice())
    if choice.type == "any":
        return append_instruction(system, "You must call one of the tools."), evolve(
            tools, choice=ts.ToolChoice()
        )
    chosen = [tool for tool in tools.tools if tool.name == choice.name]
    if level == "no_named":
        return system, evolve(tools, tools=chosen, choice=evolve(choice, type="any", name=""))
    line = f"You must call the tool {names.sent(choice.name)}."
    return append_instruction(system, line), evolve(tools, tools=chosen, choice=ts.ToolChoice())


def _is_demanded(tools: ts.Toolset) -> bool:
    """Whether a function call is demanded; a search that the upstream does itself is not one."""
    choice, search = tools.choice, tools.search
    if choice.type == "tool":
        return search is None or choice.name != search.name
    return choice.type == "any" and search is None


_EMULATED: Mapping[str, NoticeName] = {
    "any": "emulated.tool_choice_any",
    "none": "emulated.tool_choice_none",
    "tool": "emulated.tool_choice_tool",
}
_SUPPORTS_CHOICE: Mapping[ChoiceLevel, Callable[[str], bool]] = {
    "full": lambda _: True,
    "no_required": lambda choice: choice != "any",
    "no_named": lambda choice: choice != "tool",
    "none": lambda _: False,
}


def append_instruction(system: str, line: str) -> str:
    """The system prompt with an added line at its end, if there is one."""
    return f"{system}\n\n{line}" if system and line else system or line


def _reasoning(
    request: a.MessagesRequest, quirks: Quirks, choice: ts.ToolChoice, notices: NoticeCollector
) -> Reasoning:
    """The requested reasoning; off if the server does not take it together with a forced call."""
    requested = reasoning(request)
    if quirks.forced_while_thinking or choice.type not in ("any", "tool"):
        return requested
    if requested.on:
        notices.add("dropped.thinking", "a tool is forced")
    return Reasoning(on=False)


def _may_reason(
    requested: Reasoning, info: ModelInfo, adaptations: Adaptations, notices: NoticeCollector
) -> bool:
    may = info.reasoning is not False and adaptations.think
    if requested.on and not may:
        notices.add("dropped.thinking", "the model does not reason")
    return may


def shortened_name(name: str) -> str:
    """A name of at most `NAME_LENGTH` characters: longer ones are hashed."""
    return name if len(name) <= NAME_LENGTH else hashlib.sha256(name.encode()).hexdigest()
