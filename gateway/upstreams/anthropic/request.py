"""A client's request for an upstream that speaks Messages itself: the bytes it sent, the model name mapped.

Rules:
- Keys, values and their order stay as they came, byte for byte, the attribution block and unknown fields too.
- What only this gateway wrote into the history is taken out of it (`history`).
- Sampling and fields that the configuration sets for this way are laid over what the client sent.
- Headers that mean something to the API go along; credentials only where the provider says so.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import msgspec
from msgspec import Raw

from gateway.anthropic.request.attachments import NOTHING, Attachments
from gateway.inbound import Inbound
from gateway.parts import Notice
from gateway.upstreams.anthropic.history import cleaned, is_ours
from gateway.upstreams.model_info import ModelFacts
from gateway.upstreams.request.extra_body import merged
from gateway.upstreams.token_prompt import Prompt
from gateway.upstreams.upstream_request import AS_IT_IS, Amends, Built, ReplyWish

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_FORWARDED = ("anthropic-", "x-claude-code-", "x-stainless-")
_FORWARDED_NAMES = frozenset({"user-agent", "x-app", "idempotency-key"})
CREDENTIALS = frozenset({"authorization", "x-api-key"})
VERSION = "2023-06-01"
"""Sent where the client named none: the API requires one."""


def to_messages_request(
    inbound: Inbound, facts: ModelFacts, amends: Amends = AS_IT_IS, attachments: Attachments = NOTHING
) -> Built:
    """`amends` and `attachments` are for upstreams that are translated to."""
    fields = _OBJECT.decode(inbound.body)
    fields["model"] = Raw(msgspec.json.encode(facts.model))
    notices: tuple[Notice, ...] = ()
    if is_ours(inbound.body, inbound.request.messages):
        fields["messages"], dropped = cleaned(fields["messages"])
        notices = (Notice("dropped.thinking", "signed for another provider"),) if dropped else ()
    wish = ReplyWish(max_tokens=inbound.request.max_tokens)
    body = msgspec.json.encode(fields)
    own = _own(facts)
    choice = inbound.request.tool_choice
    must_call = choice is not None and choice.type in ("any", "tool")
    return Built(merged(body, own) if own else body, wish, notices, must_call=must_call)


def _own(facts: ModelFacts) -> dict[str, object]:
    said = attrs.asdict(facts.sampling)
    return {key: value for key, value in said.items() if value is not None} | dict(facts.extra_body)


def forwarded(headers: Mapping[str, str], *, credentials: bool) -> dict[str, str]:
    """The client's headers that go upstream. `credentials`: its key or token as well."""
    kept = {
        name: _text(value)
        for name, value in headers.items()
        if name.startswith(_FORWARDED) or name in _FORWARDED_NAMES or (credentials and name in CREDENTIALS)
    }
    kept.setdefault("anthropic-version", VERSION)
    return kept


def _text(value: str) -> str:
    """A header's value, which was read as Latin-1: what is UTF-8 is sent again in the same bytes."""
    try:
        return value if value.isascii() else value.encode("latin-1").decode()
    except UnicodeError:
        return value


def prompt_of(built: Built) -> Prompt:
    """For counting where the upstream does not count: all of it, since nothing is known of its parts."""
    return Prompt((str(built.body, "utf-8"),))
