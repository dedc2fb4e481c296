"""The Messages API over HTTP, for upstreams that speak it themselves."""

from __future__ import annotations

import time

import msgspec
from attrs import define

from gateway.anthropic.request.attachments import Attachments
from gateway.errors import Kind, UpstreamFailed
from gateway.inbound import Inbound
from gateway.offload import run
from gateway.settings.models import Provider
from gateway.upstreams.anthropic import wire as w
from gateway.upstreams.anthropic.reader import RelayReader
from gateway.upstreams.anthropic.request import forwarded, prompt_of, to_messages_request
from gateway.upstreams.base import Attempt, Target
from gateway.upstreams.errors.classify import read_error
from gateway.upstreams.errors.context_overflow import is_understood
from gateway.upstreams.errors.error_body import clean, read_words
from gateway.upstreams.errors.retry_after import pause
from gateway.upstreams.http.adapter import ERROR_LIMIT, HttpAttempt, refusal
from gateway.upstreams.http.transport import Channel, Reply
from gateway.upstreams.presets import quirks_of
from gateway.upstreams.response.lenient import UNREADABLE, read
from gateway.upstreams.response.truncated_call import CutAttempt, is_cut_call
from gateway.upstreams.token_prompt import Counted, Prompt

_COUNTED = msgspec.json.Decoder(w.Counted)
_FAILURE = msgspec.json.Decoder(w.Failure)
_OWN_CREDENTIALS = {401: Kind.AUTHENTICATION, 403: Kind.PERMISSION}
"""Where the client's own key is sent upstream, it is the client that is told."""


@define
class RelayAdapter:
    """One provider that speaks Messages."""

    _channel: Channel
    _pass_credentials: bool

    async def open(self, inbound: Inbound, target: Target, attachments: Attachments) -> Attempt:
        built = await run(inbound.heavy, to_messages_request, inbound, target.facts)
        reply = await self._post("/v1/messages", built.body, inbound, target)
        if reply.status < 300:
            reader = RelayReader(target.facts, built.wish, streams=inbound.request.stream)
            return HttpAttempt(built, reply, reader)
        body = await refusal(reply)
        if is_cut_call(body) and reply.status >= 500:
            return CutAttempt(built)
        raise self._refusal(reply, body, inbound, target)

    def prompt(self, inbound: Inbound, target: Target, attachments: Attachments) -> Prompt:
        return prompt_of(to_messages_request(inbound, target.facts))

    async def count(self, inbound: Inbound, target: Target) -> Counted | None:
        """None where the upstream does not count either."""
        body = (await run(inbound.heavy, to_messages_request, inbound, target.facts)).body
        try:
            reply = await self._post("/v1/messages/count_tokens", body, inbound, target)
        except UpstreamFailed:
            return None
        try:
            if reply.status >= 300:
                return None
            counted = _COUNTED.decode(await reply.all(ERROR_LIMIT))
        except (*UNREADABLE, UpstreamFailed):
            return None
        finally:
            await reply.close()
        edits = counted.context_management
        return Counted(counted.input_tokens, edits and edits.original_input_tokens)

    async def probe(self) -> str | None:
        try:
            reply = await self._channel.get("/v1/models", connect=2.0)
        except UpstreamFailed as error:
            return error.message
        await reply.close()
        return None if reply.status < 500 else f"answers with status {reply.status}"

    async def close(self) -> None:
        await self._channel.close()

    async def _post(self, path: str, body: bytes, inbound: Inbound, target: Target) -> Reply:
        path = f"{path}?{inbound.query}" if inbound.query else path
        headers = forwarded(inbound.headers, credentials=self._pass_credentials)
        return await self._channel.post(path, body, target.timeouts.connect, headers)

    def _refusal(self, reply: Reply, body: bytes, inbound: Inbound, target: Target) -> UpstreamFailed:
        """The server's own words and details: clients act on both."""
        error = read_error(
            reply.status,
            body,
            pause(reply.status, reply.headers, time.time()),
            target.facts,
            inbound.estimated_tokens,
        )
        kind = _OWN_CREDENTIALS.get(reply.status, error.kind) if self._pass_credentials else error.kind
        failure = read(_FAILURE, body)
        if failure is None:
            return error
        problem = failure.error
        hidden = kind is Kind.UPSTREAM_CREDENTIALS
        return UpstreamFailed(
            kind,
            error.message if hidden else _words(kind, problem.message, error.message),
            details=None if hidden else problem.details,
            upstream_status=reply.status,
            retry_after=error.retry_after,
            said=read_words(body).message,
        )


def _words(kind: Kind, said: str, ours: str) -> str:
    if kind is Kind.CONTEXT_OVERFLOW:
        return said if is_understood(said) else ours
    return clean(said)


def adapter(name: str, provider: Provider) -> RelayAdapter:
    """`provider.base_url` is the server's root, without `/v1`."""
    channel = Channel.build(name, provider, quirks_of(provider).key_header)
    return RelayAdapter(channel, provider.pass_credentials)
