"""A Messages request -> one encoded request of Ollama's native `/api/chat`.

Rules (from the server's source at fb307609):
- `truncate` is off: an over-long prompt is an error; otherwise the server would silently drop the system
  prompt.
- `keep_alive` is only sent if it is configured.
- `num_ctx` and `shift` are the same in every request (see `model_options`): another value reloads the model.
- There is no `tool_choice` and no way to forbid parallel calls; both are emulated.
- A thinking model thinks by default; any true `think` is an error if the model cannot think.
- `format` constrains the whole answer, so that no tool could be called (see the quirk `format_beside_tools`).
"""

from __future__ import annotations

from typing import assert_never

import msgspec
from msgspec import UNSET, Raw

from gateway.anthropic.conversation import turns as t
from gateway.anthropic.conversation.content_parts import ContentPart, ImagePart, PdfPart, join_texts
from gateway.anthropic.conversation.image_size import image_tokens
from gateway.anthropic.request.attachments import NO_ATTACHMENTS, Attachments
from gateway.anthropic.wire import as_it_is
from gateway.errors import RequestRefused
from gateway.inbound import Inbound
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama import wire as o
from gateway.upstreams.ollama.model_options import launch_options
from gateway.upstreams.request.encoding import encoded
from gateway.upstreams.request.plan import RequestPlan, make_plan
from gateway.upstreams.request.tools import Function
from gateway.upstreams.request.unsupported_fields import leave_out
from gateway.upstreams.token_prompt import CountablePrompt
from gateway.upstreams.upstream_request import NO_ADAPTATIONS, Adaptations, UpstreamRequest

_EFFORTS = {"low": "low", "medium": "medium", "high": "high", "xhigh": "max", "max": "max"}


def to_native_request(
    inbound: Inbound,
    info: ModelInfo,
    adaptations: Adaptations = NO_ADAPTATIONS,
    attachments: Attachments = NO_ATTACHMENTS,
) -> UpstreamRequest:
    """Build the request. Raises RequestRefused if the client needs something that is impossible and cannot be
    dropped."""
    plan = make_plan(inbound, info, adaptations, attachments, "none")
    loaded = launch_options(info.context_window, info.quirks)
    chat = o.NativeRequest(
        model=info.model,
        messages=[],
        stream=inbound.request.stream,
        options=_options(plan, loaded.num_ctx, adaptations),
        truncate=False,
        shift=UNSET if loaded.shift is None else loaded.shift,
    )
    if plan.functions:
        chat.tools = [_tool(function) for function in plan.functions]
    if plan.format is not None and plan.format.how != "words":
        chat.format = plan.format.schema if plan.format.how == "schema" else Raw(b'"json"')
    chat.messages = _messages(plan.system, plan.turns)
    if plan.may_reason:
        _think(chat, plan)
    if info.quirks.keep_alive is not None:
        chat.keep_alive = int(info.quirks.keep_alive)
    if plan.single:
        plan.notices.add("emulated.disable_parallel_tool_use")
    return plan.upstream_request(encoded(chat), single_tool=plan.single, window=chat.options.num_ctx)


def _options(plan: RequestPlan, num_ctx: int, adaptations: Adaptations) -> o.Options:
    options = o.Options(num_ctx=num_ctx)
    wanted = {
        "num_predict": plan.max_tokens,
        "stop": plan.stop or None,
        "temperature": plan.sampling.temperature,
        "top_p": plan.sampling.top_p,
        "top_k": plan.sampling.top_k,
    }
    for name, value in wanted.items():
        if value is not None:
            setattr(options, name, value)
    if adaptations.dropped:
        leave_out(options, adaptations.dropped & wanted.keys(), plan.notices)
    return options


def _tool(function: Function) -> o.SentTool:
    return o.SentTool(o.FunctionDefinition(function.name, function.description, function.parameters))


def _think(chat: o.NativeRequest, plan: RequestPlan) -> None:
    reasoning = plan.reasoning
    if reasoning.on is not None:
        chat.think = _EFFORTS.get(reasoning.effort or "", True) if reasoning.on else False


def _messages(system: str, turns: list[t.Turn]) -> list[o.SentMessage]:
    messages = [o.SentMessage("system", system)] if system else []
    for turn in turns:
        if type(turn) is t.AssistantTurn:
            messages.append(_assistant(turn))
        elif type(turn) is t.UserTurn:
            _user(turn, messages)
        else:
            messages.append(o.SentMessage("system", turn.text))
    return messages


def _assistant(turn: t.AssistantTurn) -> o.SentMessage:
    message = o.SentMessage("assistant", turn.text)
    if turn.thinking:
        message.thinking = turn.thinking
    if turn.calls:
        message.tool_calls = [
            o.SentCall(call.id, o.SentFunction(call.name, call.input)) for call in turn.calls
        ]
    return message


def _user(turn: t.UserTurn, messages: list[o.SentMessage]) -> None:
    """Tool messages, the reminders at the end of the last one, then a user message if anything is left."""
    for result in turn.results:
        text = as_it_is(result.quoted)
        message = o.SentMessage("tool", text) if text else _message("tool", result.pieces or [], "\n")
        message.tool_name, message.tool_call_id = result.name, result.id
        messages.append(message)
    if turn.reminders:
        last = messages[-1]
        last.content = "\n\n".join(filter(None, [last.content, *turn.reminders]))
    if turn.pieces:
        messages.append(_message("user", turn.pieces))


def _message(role: str, parts: list[ContentPart], between: str = "") -> o.SentMessage:
    """`between` joins the texts; empty: as paragraphs."""
    texts: list[str] = []
    images: list[str] = []
    for part in parts:
        match part:
            case str():
                texts.append(part)
            case ImagePart(url=""):
                images.append(part.data)
            case ImagePart() | PdfPart():  # `check` refuses the switches that allow these
                raise RequestRefused("Ollama takes images only as data, and no PDFs")
            case _:
                assert_never(part)
    content = between.join(texts) if between or not texts else join_texts(texts)
    return o.SentMessage(role, content, images=images or UNSET)


def prompt_of(upstream_request: UpstreamRequest) -> CountablePrompt:
    """The parts of the encoded request that cost tokens."""
    chat = _SENT.decode(upstream_request.body)
    texts: list[str] = []
    media_tokens = 0
    for message in chat.messages:
        texts += [message.content, message.thinking or ""]
        media_tokens += sum(map(image_tokens, message.images or ()))
        for call in message.tool_calls or ():
            texts += [call.function.name, _text(call.function.arguments)]
    for tool in chat.tools or ():
        texts += [tool.function.name, tool.function.description, _text(tool.function.parameters)]
    if chat.format:
        texts.append(_text(chat.format))
    return CountablePrompt(tuple(filter(None, texts)), messages=len(chat.messages), media_tokens=media_tokens)


_SENT = msgspec.json.Decoder(o.NativeRequest)


def _text(raw: msgspec.Raw) -> str:
    return str(bytes(raw), "utf-8")
