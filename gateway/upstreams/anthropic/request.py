"""A client's request for an upstream that speaks Messages itself: the bytes it sent, the model name mapped.

Rules:
- Keys, values and their order stay unchanged, byte for byte, including the attribution block and unknown
  fields.
- Blocks that this gateway wrote into the history are removed (`history`).
- Configured sampling and fields override what the client sent.
- Headers that the API uses are forwarded; credentials only if the provider is configured for it.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import msgspec
from msgspec import Raw

from gateway.anthropic.request.attachments import NO_ATTACHMENTS, Attachments
from gateway.anthropic.response.answer_terms import AnswerTerms
from gateway.inbound import Inbound
from gateway.parts import Notice
from gateway.upstreams.anthropic.history import may_hold_gateway_blocks, without_gateway_blocks
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.request.extra_body import merge_extra_body
from gateway.upstreams.token_prompt import CountablePrompt
from gateway.upstreams.upstream_request import NO_ADAPTATIONS, Adaptations, ResponseOptions, UpstreamRequest

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_FORWARDED = ("anthropic-", "x-claude-code-", "x-stainless-")
_FORWARDED_NAMES = frozenset({"user-agent", "x-app", "idempotency-key"})
CREDENTIALS = frozenset({"authorization", "x-api-key"})
VERSION = "2023-06-01"
"""Sent if the client sent none: the API requires one."""


def to_messages_request(
    inbound: Inbound,
    info: ModelInfo,
    adaptations: Adaptations = NO_ADAPTATIONS,
    attachments: Attachments = NO_ATTACHMENTS,
) -> UpstreamRequest:
    """`adaptations` and `attachments` are unused: they are for translated requests."""
    fields = _OBJECT.decode(inbound.body)
    fields["model"] = Raw(msgspec.json.encode(info.model))
    notices: tuple[Notice, ...] = ()
    if may_hold_gateway_blocks(inbound.body, inbound.request.messages):
        fields["messages"], dropped = without_gateway_blocks(fields["messages"])
        notices = (Notice("dropped.thinking", "signed for another provider"),) if dropped else ()
    options = ResponseOptions(max_tokens=inbound.request.max_tokens)
    body = msgspec.json.encode(fields)
    own = _own(info)
    choice = inbound.request.tool_choice
    answer = AnswerTerms(must_call=choice is not None and choice.type in ("any", "tool"))
    return UpstreamRequest(merge_extra_body(body, own) if own else body, options, notices, answer)


def _own(info: ModelInfo) -> dict[str, object]:
    fields = attrs.asdict(info.sampling)
    return {key: value for key, value in fields.items() if value is not None} | dict(info.extra_body)


def forwarded(headers: Mapping[str, str], *, credentials: bool) -> dict[str, str]:
    """The client's headers that go upstream. `credentials`: including its key or token."""
    kept = {
        name: _text(value)
        for name, value in headers.items()
        if name.startswith(_FORWARDED) or name in _FORWARDED_NAMES or (credentials and name in CREDENTIALS)
    }
    kept.setdefault("anthropic-version", VERSION)
    return kept


def _text(value: str) -> str:
    """A header value, which was decoded as Latin-1: UTF-8 values are sent again in the same bytes."""
    try:
        return value if value.isascii() else value.encode("latin-1").decode()
    except UnicodeError:
        return value


def prompt_of(upstream_request: UpstreamRequest) -> CountablePrompt:
    """The whole request, for upstreams without token counting: its parts are not parsed."""
    return CountablePrompt((str(upstream_request.body, "utf-8"),))
