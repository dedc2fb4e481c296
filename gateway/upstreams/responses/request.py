"""A Messages request -> one encoded Responses request.

Rules:
- Nothing is stored: the whole conversation goes with every request. Encrypted reasoning is requested if the
  client asked for reasoning, since only then it has a block to travel in.
- There is no parameter for stop sequences: the gateway matches them (see `gateway.emulation.emulate`).
- `strict` is sent with every tool and schema: its default is true.
- Fields that an upstream's 400 refused (`Adaptations`) are left out, with a notice.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from gateway.anthropic import wire as a
from gateway.anthropic.conversation.content_parts import url_tokens
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.request.attachments import NO_ATTACHMENTS, Attachments
from gateway.anthropic.tools.available import WEB_SEARCH
from gateway.anthropic.tools.toolset import ToolChoice
from gateway.errors import RequestRefused
from gateway.inbound import Inbound, file_tokens
from gateway.settings.quirks import Quirks
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.request.encoding import encoded
from gateway.upstreams.request.plan import RequestPlan, make_plan, shortened_name
from gateway.upstreams.request.reasoning_effort import effort, off
from gateway.upstreams.request.response_format import UpstreamFormat
from gateway.upstreams.request.tools import Function
from gateway.upstreams.request.unsupported_fields import leave_out
from gateway.upstreams.response.text import shows_reasoning
from gateway.upstreams.responses import wire as r
from gateway.upstreams.responses.items import input_items
from gateway.upstreams.responses.search import SOURCES, most_uses, search_tool
from gateway.upstreams.token_prompt import CountablePrompt
from gateway.upstreams.upstream_request import NO_ADAPTATIONS, Adaptations, UpstreamRequest

NO_SEARCH = "web_search: this model's server does not search the web (`quirks: {web_search: false}` says so)"
LEAST = 16
"""The smallest `max_output_tokens` that OpenAI takes. General knowledge, not checked."""
ENCRYPTED = "reasoning.encrypted_content"
_KEPT = frozenset({"model", "input", "stream", "store", "instructions", "tools"})
_OPTIONAL = frozenset(r.SentRequest.__struct_fields__) - _KEPT


def to_responses_request(
    inbound: Inbound,
    info: ModelInfo,
    adaptations: Adaptations = NO_ADAPTATIONS,
    attachments: Attachments = NO_ATTACHMENTS,
) -> UpstreamRequest:
    """Build the request. Raises RequestRefused if the client needs something that is impossible and cannot be
    dropped."""
    quirks = info.quirks
    plan = _limited(make_plan(inbound, info, adaptations, attachments, quirks.tool_choice))
    if "web_search" in adaptations.dropped and not plan.functions and _wants_search(inbound.request):
        raise RequestRefused(NO_SEARCH)
    replay = "encrypted_content" not in adaptations.dropped
    if not replay:
        plan.notices.add("dropped.thinking", "the upstream could not read its own reasoning")
    sent = r.SentRequest(info.model, [], inbound.request.stream, store=False)
    marks = plan.marked and quirks.cache_markers == "breakpoint"
    sent.input = input_items(plan, quirks.system_role, reasoning=replay, marks=marks)
    if not marks:
        sent.instructions = plan.system or msgspec.UNSET
    if plan.max_tokens is not None:
        sent.max_output_tokens = plan.max_tokens
    _sample(sent, plan, quirks)
    single_tool = _offer(sent, plan, quirks, adaptations)
    _format(sent, plan)
    if plan.may_reason:
        _think(sent, plan, info, adaptations)
    _identify(sent, inbound, quirks)
    if plan.tier.sent:
        sent.service_tier = plan.tier.sent
    if adaptations.dropped:
        leave_out(sent, adaptations.dropped & _OPTIONAL, plan.notices)
    return plan.upstream_request(encoded(sent), single_tool=single_tool)


def _wants_search(request: a.MessagesRequest) -> bool:
    return any((tool.type or "").startswith(WEB_SEARCH) for tool in request.tools)


def _limited(plan: RequestPlan) -> RequestPlan:
    if plan.max_tokens is None or plan.max_tokens >= LEAST:
        return plan
    plan.notices.add("clamped.max_tokens", f"{plan.max_tokens} to {LEAST}")
    return replace(plan, max_tokens=LEAST)


def _sample(sent: r.SentRequest, plan: RequestPlan, quirks: Quirks) -> None:
    wanted = plan.sampling
    if wanted.top_k is not None:
        plan.notices.add("dropped.top_k")
    if wanted.temperature is None and wanted.top_p is None:
        return
    if not quirks.sampling:
        plan.notices.add("dropped.sampling")
        return
    if wanted.temperature is not None:
        sent.temperature = wanted.temperature
    if wanted.top_p is not None:
        sent.top_p = wanted.top_p


def _offer(sent: r.SentRequest, plan: RequestPlan, quirks: Quirks, adaptations: Adaptations) -> bool:
    """Add the tools and the tool choice. Returns True if the answer must be cut to one call."""
    tools = _tools(sent, plan)
    if not tools:
        return False
    sent.tools = tools
    if (choice := _choice(plan, quirks)) is not None:
        sent.tool_choice = choice
    if plan.single and quirks.parallel_tool_calls and "parallel_tool_calls" not in adaptations.dropped:
        sent.parallel_tool_calls = False
    elif plan.single:
        plan.notices.add("emulated.disable_parallel_tool_use")
    return plan.single


def _tools(sent: r.SentRequest, plan: RequestPlan) -> list[r.SentTool | r.SearchTool]:
    """A forced search is offered alone: it has no name that `tool_choice` could demand. Functions come last,
    since their number may grow from one request to the next."""
    functions = [_tool(function) for function in plan.functions]
    if plan.search is None:
        return [*functions]
    search = _search(sent, plan.search, plan.notices)
    return [search] if _is_forced(plan.search, plan.choice) else [search, *functions]


def _choice(plan: RequestPlan, quirks: Quirks) -> str | r.NamedTool | None:
    """None: the server decides."""
    match plan.choice.type:
        case "auto":
            return None
        case "any":
            return quirks.required_word
        case "none":
            return "none"
        case "tool" if plan.search and _is_forced(plan.search, plan.choice):
            return quirks.required_word
        case "tool":
            return r.NamedTool(plan.names.sent(plan.choice.name))


def _is_forced(tool: a.ToolDefinition, choice: ToolChoice) -> bool:
    return choice.type == "tool" and choice.name == tool.name


def _search(sent: r.SentRequest, tool: a.ToolDefinition, notices: NoticeCollector) -> r.SearchTool:
    sent.include = [SOURCES]
    if most := most_uses(tool, notices):
        sent.max_tool_calls = most
    return search_tool(tool, notices)


def _tool(function: Function) -> r.SentTool:
    tool = r.SentTool(function.name, function.parameters, function.strict)
    if function.description:
        tool.description = function.description
    return tool


def _format(sent: r.SentRequest, plan: RequestPlan) -> None:
    match plan.format:
        case UpstreamFormat(how="schema", schema=schema, strict=strict):
            sent.text = r.TextOptions(r.SchemaFormat(schema, bool(strict)))
        case UpstreamFormat(how="object"):
            sent.text = r.TextOptions(r.ObjectFormat())
        case UpstreamFormat() | None:
            pass


def _think(sent: r.SentRequest, plan: RequestPlan, info: ModelInfo, adaptations: Adaptations) -> None:
    reasoning, quirks = plan.reasoning, info.quirks
    if "reasoning" in adaptations.dropped:
        if reasoning.on:
            plan.notices.add("dropped.thinking")
        return
    word = (
        effort(reasoning.effort, quirks.highest_effort, adaptations.efforts, plan.notices)
        if reasoning.on
        else None
    )
    # other servers refuse the field, and the refusal is learned
    if reasoning.on is False and (info.reasoning or quirks.effort_none):
        word = off(adaptations.efforts)
    wanted = r.Reasoning()
    if word:
        wanted.effort = word
    if not reasoning.on:
        sent.reasoning = wanted if word else UNSET
        return
    sent.include = [*(sent.include or ()), ENCRYPTED]
    if shows_reasoning(info, plan.thinking_display) and "reasoning.summary" not in adaptations.dropped:
        wanted.summary = "auto"
    if wanted != r.Reasoning():
        sent.reasoning = wanted


def _identify(sent: r.SentRequest, inbound: Inbound, quirks: Quirks) -> None:
    if quirks.prompt_cache_key and inbound.session:
        sent.prompt_cache_key = shortened_name(inbound.session)
    user = inbound.request.metadata_user_id
    if user and quirks.user_field != "none":
        setattr(sent, quirks.user_field, shortened_name(user))


def prompt_of(upstream_request: UpstreamRequest) -> CountablePrompt:
    """The parts of the encoded request that cost tokens."""
    sent = _SENT.decode(upstream_request.body)
    texts = [sent.instructions]
    media_tokens = 0
    for item in sent.input:
        texts += [item.name, item.arguments]
        output = [r.WeighedPart(text=item.output)] if isinstance(item.output, str) else item.output
        for part in (*item.content, *item.summary, *output):
            texts.append(part.text)
            media_tokens += _media_tokens(part)
    for tool in sent.tools:
        texts += [tool.name, tool.description, str(bytes(tool.parameters), "utf-8")]
    texts.append(str(bytes(sent.text), "utf-8"))
    return CountablePrompt(tuple(filter(None, texts)), messages=len(sent.input), media_tokens=media_tokens)


_SENT = msgspec.json.Decoder(r.WeighedRequest)


def _media_tokens(part: r.WeighedPart) -> int:
    if part.type == "input_file":
        return file_tokens(len(part.file_data))
    return url_tokens(part.image_url) if part.type == "input_image" else 0
