"""A provider without a server: it answers from the configuration's script.

Rules:
- No network is used. The parts go through the same code as a real answer's parts.
- A request without a reply in the script is refused with 500 and an excerpt of the request, so that a test
  fails loudly.
- A refusal has the status given in the script, if the API has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
from attrs import define, frozen

from gateway.anthropic.request.attachments import Attachments
from gateway.errors import Kind, UpstreamFailed
from gateway.inbound import Inbound
from gateway.parts import Part
from gateway.settings.models import Provider
from gateway.settings.scripted_replies import ScriptedRefusal
from gateway.upstreams.base import Attempt, Target
from gateway.upstreams.scripted.append_file import AppendFile
from gateway.upstreams.scripted.playback import ENDLESS, Step, steps
from gateway.upstreams.scripted.reply_selection import ReplySelector
from gateway.upstreams.scripted.request_text import last_user, prompt_of
from gateway.upstreams.token_prompt import CountablePrompt, TokenCount
from gateway.upstreams.upstream_request import ResponseOptions, UpstreamRequest

_KINDS = {
    401: Kind.AUTHENTICATION,
    402: Kind.BILLING,
    403: Kind.PERMISSION,
    404: Kind.NOT_FOUND,
    413: Kind.TOO_LARGE,
    429: Kind.RATE_LIMITED,
    502: Kind.UPSTREAM_UNREACHABLE,
    503: Kind.UPSTREAM_UNAVAILABLE,
    504: Kind.UPSTREAM_TIMEOUT,
    529: Kind.UPSTREAM_OVERLOADED,
}
"""By the status that a client gets for them."""
SHOWN = 200
"""Characters of a request that are quoted in an error about it."""
HIDDEN = ("authorization", "x-api-key", "cookie", "proxy-authorization")
"""Headers that are never written to a file."""


@define
class ScriptedAttempt:
    """A reply being played."""

    request: UpstreamRequest
    _steps: Iterator[Step]
    has_data: bool = True

    async def read(self) -> list[Part] | None:
        for step in self._steps:
            if isinstance(step, list):
                return step
            await _silence(step)
        return None

    async def close(self) -> None:
        """Nothing to release."""


@frozen
class ScriptedAdapter:
    """One provider of kind `scripted`."""

    _name: str
    _director: ReplySelector
    _requests: AppendFile | None

    async def open(self, inbound: Inbound, target: Target, attachments: Attachments) -> Attempt:
        if self._requests is not None:
            self._requests.append(_line(inbound))
        reply = self._director.choose(inbound)
        if reply is None:
            raise UpstreamFailed(Kind.UPSTREAM_REJECTS_REQUEST, self._complaint(inbound))
        await _silence(reply.before_headers)
        if reply.refusal is not None:
            raise scripted_error(reply.refusal)
        options = _response_options(inbound)
        return ScriptedAttempt(UpstreamRequest(b"", options), steps(reply, target.model_info, options))

    def prompt(self, inbound: Inbound, target: Target, attachments: Attachments) -> CountablePrompt:
        return prompt_of(inbound.request)

    async def count(self, inbound: Inbound, target: Target) -> TokenCount | None:
        return None

    async def probe(self) -> str | None:
        return None

    async def close(self) -> None:
        """Nothing to close."""

    def _complaint(self, inbound: Inbound) -> str:
        message = last_user(inbound.request)[:SHOWN]
        return (
            f"[{self._name}] the script has no reply left for this request "
            f"(model {inbound.request.model}, last user message: {message!r})"
        )


def adapter(name: str, provider: Provider) -> ScriptedAdapter:
    requests = AppendFile(Path(provider.requests)) if provider.requests else None
    return ScriptedAdapter(name, ReplySelector(provider.replies), requests)


def scripted_error(refusal: ScriptedRefusal) -> UpstreamFailed:
    other = Kind.INVALID_REQUEST if refusal.status < 500 else Kind.UPSTREAM_FAILED
    kind = _KINDS.get(refusal.status, other)
    return UpstreamFailed(
        kind, refusal.message, upstream_status=refusal.status, retry_after=refusal.retry_after
    )


def _response_options(inbound: Inbound) -> ResponseOptions:
    request = inbound.request
    thinking = request.thinking
    return ResponseOptions(
        thinking=thinking is not None and thinking.type != "disabled",
        display=thinking.display if thinking is not None else None,
        max_tokens=request.max_tokens,
    )


def _line(inbound: Inbound) -> bytes:
    headers = {name: value for name, value in inbound.headers.items() if name not in HIDDEN}
    line = msgspec.json.encode({"headers": headers, "body": msgspec.Raw(inbound.body)})
    return line.replace(b"\n", b" ") + b"\n"


async def _silence(seconds: float) -> None:
    if seconds == ENDLESS:
        await asyncio.Event().wait()
    elif seconds:
        await asyncio.sleep(seconds)
