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
from gateway.upstreams.anthropic.reader import PassthroughReader
from gateway.upstreams.anthropic.request import forwarded, prompt_of, to_messages_request
from gateway.upstreams.base import Attempt, Target
from gateway.upstreams.errors.classify import classify_response
from gateway.upstreams.errors.context_overflow import has_token_counts
from gateway.upstreams.errors.error_body import parse_error_body, sanitized
from gateway.upstreams.errors.retry_after import retry_after
from gateway.upstreams.http.adapter import ERROR_LIMIT, HttpAttempt, read_error_body
from gateway.upstreams.http.transport import ProviderConnections, UpstreamResponse
from gateway.upstreams.presets import quirks_of
from gateway.upstreams.response.lenient import UNREADABLE, decode_lenient
from gateway.upstreams.response.reader import ResponseReader
from gateway.upstreams.response.truncated_call import TruncatedAttempt, is_truncated_call
from gateway.upstreams.token_prompt import CountablePrompt, TokenCount

_COUNTED = msgspec.json.Decoder(w.Counted)
_FAILURE = msgspec.json.Decoder(w.Failure)
_OWN_CREDENTIALS = {401: Kind.AUTHENTICATION, 403: Kind.PERMISSION}
"""If the client's own key is sent upstream, the client gets the authentication error."""


@define
class PassthroughAdapter:
    """Forwards requests to one provider that speaks Messages, unchanged except for what `request` lists."""

    _channel: ProviderConnections
    _pass_credentials: bool

    async def open(self, inbound: Inbound, target: Target, attachments: Attachments) -> Attempt:
        upstream_request = await run(inbound.heavy, to_messages_request, inbound, target.model_info)
        reply = await self._post("/v1/messages", upstream_request.body, inbound, target)
        if reply.status < 300:
            reader = PassthroughReader(
                target.model_info, upstream_request.options, streams=inbound.request.stream
            )
            return HttpAttempt(upstream_request, reply, ResponseReader(reader))
        body = await read_error_body(reply)
        if is_truncated_call(body) and reply.status >= 500:
            return TruncatedAttempt(upstream_request)
        raise self._refusal(reply, body, inbound, target)

    def prompt(self, inbound: Inbound, target: Target, attachments: Attachments) -> CountablePrompt:
        return prompt_of(to_messages_request(inbound, target.model_info))

    async def count(self, inbound: Inbound, target: Target) -> TokenCount | None:
        """None if the upstream has no token counting."""
        body = (await run(inbound.heavy, to_messages_request, inbound, target.model_info)).body
        try:
            reply = await self._post("/v1/messages/count_tokens", body, inbound, target)
        except UpstreamFailed:
            return None
        try:
            if reply.status >= 300:
                return None
            counted = _COUNTED.decode(await reply.read_all(ERROR_LIMIT))
        except (*UNREADABLE, UpstreamFailed):
            return None
        finally:
            await reply.close()
        edits = counted.context_management
        return TokenCount(counted.input_tokens, edits and edits.original_input_tokens)

    async def probe(self) -> str | None:
        try:
            reply = await self._channel.get("/v1/models", connect=2.0)
        except UpstreamFailed as error:
            return error.message
        await reply.close()
        return None if reply.status < 500 else f"answers with status {reply.status}"

    async def close(self) -> None:
        await self._channel.close()

    async def _post(self, path: str, body: bytes, inbound: Inbound, target: Target) -> UpstreamResponse:
        path = f"{path}?{inbound.query}" if inbound.query else path
        headers = forwarded(inbound.headers, credentials=self._pass_credentials)
        return await self._channel.post(path, body, target.timeouts.connect, headers)

    def _refusal(
        self, reply: UpstreamResponse, body: bytes, inbound: Inbound, target: Target
    ) -> UpstreamFailed:
        """Keep the server's message and details: clients act on both."""
        error = classify_response(
            reply.status,
            body,
            retry_after(reply.status, reply.headers, time.time()),
            target.model_info,
            inbound.estimated_tokens,
        )
        kind = _OWN_CREDENTIALS.get(reply.status, error.kind) if self._pass_credentials else error.kind
        failure = decode_lenient(_FAILURE, body)
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
            upstream_message=parse_error_body(body).message,
        )


def _words(kind: Kind, message: str, ours: str) -> str:
    if kind is Kind.CONTEXT_OVERFLOW:
        return message if has_token_counts(message) else ours
    return sanitized(message)


def adapter(name: str, provider: Provider) -> PassthroughAdapter:
    """`provider.base_url` is the server's root, without `/v1`."""
    channel = ProviderConnections.build(name, provider, quirks_of(provider).key_header)
    return PassthroughAdapter(channel, provider.pass_credentials)
