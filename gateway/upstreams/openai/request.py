"""A Messages request -> one encoded Chat Completions request.

Rules:
- Nothing is sent that the upstream's quirks do not allow; no key is null, or unknown to Chat Completions.
- Fields that an upstream's 400 refused (`Adaptations`) are left out, with a notice; `max_tokens` is renamed.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from gateway.anthropic.conversation.content_parts import url_tokens
from gateway.anthropic.request.attachments import NO_ATTACHMENTS, Attachments
from gateway.errors import RequestRefused
from gateway.inbound import Inbound, file_tokens
from gateway.settings.quirks import Quirks
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.openai import wire as o
from gateway.upstreams.openai.content import reasoning_of
from gateway.upstreams.openai.marks import MarkWriter
from gateway.upstreams.openai.messages import chat_messages
from gateway.upstreams.openai.reasoning import ask_for_reasoning, do_not_reason
from gateway.upstreams.request.encoding import encoded
from gateway.upstreams.request.plan import NO_PREFILL, RequestPlan, make_plan, shortened_name
from gateway.upstreams.request.response_format import UpstreamFormat
from gateway.upstreams.request.tools import Function
from gateway.upstreams.request.unsupported_fields import leave_out
from gateway.upstreams.token_prompt import CountablePrompt
from gateway.upstreams.upstream_request import NO_ADAPTATIONS, Adaptations, UpstreamRequest

_OPTIONAL = frozenset(o.ChatRequest.__struct_fields__) - {"model", "messages", "stream", "tools"}
_CONTINUED = frozenset({"continue_final_message", "add_generation_prompt"})
_TOKEN_FIELDS = ("max_tokens", "max_completion_tokens")


def to_chat_request(
    inbound: Inbound,
    info: ModelInfo,
    adaptations: Adaptations = NO_ADAPTATIONS,
    attachments: Attachments = NO_ATTACHMENTS,
) -> UpstreamRequest:
    """Build the request. Raises RequestRefused if the client needs something that is impossible and cannot be
    dropped."""
    request, quirks = inbound.request, info.quirks
    plan = make_plan(inbound, info, adaptations, attachments, quirks.tool_choice)
    form = quirks.cache_markers
    marks = MarkWriter(form) if plan.marked and form != "none" else None
    chat = o.ChatRequest(info.model, chat_messages(plan, quirks, marks), request.stream)
    if request.stream and quirks.stream_usage:
        chat.stream_options = o.StreamOptions()
    if quirks.usage_include:
        chat.usage = o.UsageWish()
    _limit(chat, plan, quirks, adaptations)
    _sample(chat, plan, quirks)
    single_tool = _offer(chat, plan, quirks, adaptations)
    _format(chat, plan)
    if chat.tools and adaptations.no_effort_beside_tools and "none" not in adaptations.efforts:
        do_not_reason(chat, plan)
    elif plan.may_reason:
        ask_for_reasoning(chat, plan, info, adaptations)
    _identify(chat, inbound, quirks)
    if plan.tier.sent:
        chat.service_tier = plan.tier.sent
    if plan.prefill and quirks.prefill == "flags":
        _continue(chat, adaptations)
    if adaptations.dropped:
        leave_out(chat, adaptations.dropped & _OPTIONAL, plan.notices)
    return plan.upstream_request(encoded(chat), single_tool=single_tool)


def _continue(chat: o.ChatRequest, adaptations: Adaptations) -> None:
    """Without these flags the server would begin a new turn after the assistant's."""
    if adaptations.dropped & _CONTINUED:
        raise RequestRefused(NO_PREFILL)
    chat.continue_final_message, chat.add_generation_prompt = True, False


def _limit(chat: o.ChatRequest, plan: RequestPlan, quirks: Quirks, adaptations: Adaptations) -> None:
    if plan.max_tokens is None:
        return
    name = quirks.max_tokens_field
    if name in adaptations.dropped:
        name = next(other for other in _TOKEN_FIELDS if other != name)
    setattr(chat, name, plan.max_tokens)


def _sample(chat: o.ChatRequest, plan: RequestPlan, quirks: Quirks) -> None:
    wanted = plan.sampling
    if plan.stop:
        chat.stop = plan.stop
    if wanted.top_k is not None:
        if quirks.top_k:
            chat.top_k = wanted.top_k
        else:
            plan.notices.add("dropped.top_k")
    has_sampling = wanted.temperature is not None or wanted.top_p is not None
    if has_sampling and not quirks.sampling:
        plan.notices.add("dropped.sampling")
    elif has_sampling:
        chat.temperature = UNSET if wanted.temperature is None else wanted.temperature
        chat.top_p = UNSET if wanted.top_p is None else wanted.top_p


def _offer(chat: o.ChatRequest, plan: RequestPlan, quirks: Quirks, adaptations: Adaptations) -> bool:
    """Add the tools and the tool choice. Returns True if the answer must be cut to one call."""
    if not plan.functions:
        return False
    chat.tools = [_tool(function) for function in plan.functions]
    match plan.choice.type:
        case "auto":
            pass
        case "any":
            chat.tool_choice = quirks.required_word
        case "none":
            chat.tool_choice = "none"
        case "tool":
            chat.tool_choice = o.NamedTool(o.NamedFunction(plan.names.sent(plan.choice.name)))
    if plan.single and quirks.parallel_tool_calls and "parallel_tool_calls" not in adaptations.dropped:
        chat.parallel_tool_calls = False
    elif plan.single:
        plan.notices.add("emulated.disable_parallel_tool_use")
    return plan.single


def _tool(function: Function) -> o.SentTool:
    definition = o.FunctionDefinition(function.name, function.parameters)
    if function.description:
        definition.description = function.description
    if function.strict:
        definition.strict = True
    return o.SentTool(definition)


def _format(chat: o.ChatRequest, plan: RequestPlan) -> None:
    match plan.format:
        case UpstreamFormat(how="schema", schema=schema, strict=strict):
            marked = UNSET if strict is None else strict
            chat.response_format = o.ResponseFormat(o.JsonSchema(schema, marked))
        case UpstreamFormat(how="object"):
            chat.response_format = o.ObjectFormat()
        case UpstreamFormat() | None:
            pass


def _identify(chat: o.ChatRequest, inbound: Inbound, quirks: Quirks) -> None:
    if quirks.prompt_cache_key and inbound.session:
        chat.prompt_cache_key = shortened_name(inbound.session)
    user = inbound.request.metadata_user_id
    if user and quirks.user_field != "none":
        setattr(chat, quirks.user_field, shortened_name(user))


def prompt_of(upstream_request: UpstreamRequest) -> CountablePrompt:
    """The parts of the encoded request that cost tokens."""
    chat = _SENT.decode(upstream_request.body)
    texts: list[str] = []
    media_tokens = 0
    for message in chat.messages:
        message_texts, message_media = _weigh(message)
        texts += message_texts
        media_tokens += message_media
    for tool in chat.tools or ():
        function = tool.function
        texts += [function.name, function.description or "", str(bytes(function.parameters), "utf-8")]
    if isinstance(chat.response_format, o.ResponseFormat):
        texts.append(str(bytes(chat.response_format.json_schema.schema), "utf-8"))
    return CountablePrompt(tuple(filter(None, texts)), messages=len(chat.messages), media_tokens=media_tokens)


_SENT = msgspec.json.Decoder(o.ChatRequest)


def _weigh(message: o.SentMessage) -> tuple[list[str], int]:
    content = message.content or ""
    parts = [o.TextPart(content)] if isinstance(content, str) else content
    texts = [text for part in parts for text in _texts(part)]
    media_tokens = sum(_media_tokens(part) for part in parts)
    texts += [message.reasoning_content or "", message.reasoning or ""]
    texts.append(reasoning_of(message.reasoning_details or ()))
    for call in message.tool_calls or ():
        texts += [call.function.name, call.function.arguments]
    return texts, media_tokens


def _texts(part: o.SentPart) -> list[str]:
    match part:
        case o.TextPart():
            return [part.text]
        case o.ThinkingPart():
            return [thought.text for thought in part.thinking]
        case o.ImagePart() | o.FilePart():
            return []


def _media_tokens(part: o.SentPart) -> int:
    match part:
        case o.TextPart() | o.ThinkingPart():
            return 0
        case o.ImagePart():
            return url_tokens(part.image_url.url)
        case o.FilePart():
            return file_tokens(len(part.file.file_data))
