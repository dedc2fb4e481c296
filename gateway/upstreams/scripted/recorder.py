"""Records a provider's answers as replies that a provider of kind `scripted` can play.

Rules:
- An answer passes unchanged, and is recorded if it ended without an error. A refusal is recorded with the
  status that the client gets. A truncated answer is not recorded.
- `when` is the last user message, so that a replay does not depend on the order of requests. A repeated
  message gets its answers in their order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml
from attrs import Factory, define, frozen

from gateway.anthropic.request.attachments import Attachments
from gateway.errors import GatewayError
from gateway.inbound import Inbound
from gateway.parts import Finish, FinishReason, Part, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from gateway.upstreams.base import Adapter, Attempt, Target
from gateway.upstreams.scripted.append_file import AppendFile
from gateway.upstreams.scripted.request_text import last_user
from gateway.upstreams.token_prompt import CountablePrompt, TokenCount
from gateway.upstreams.upstream_request import UpstreamRequest

Reply = dict[str, Any]

_FINISHES = {
    FinishReason.STOP: "stop",
    FinishReason.LENGTH: "length",
    FinishReason.TOOLS: "tool_calls",
    FinishReason.REFUSAL: "content_filter",
}


@define
class RecordingAttempt:
    """An answer being read, buffered until it ends."""

    request: UpstreamRequest
    _attempt: Attempt
    _inbound: Inbound
    _notebook: AppendFile
    _parts: list[Part] = Factory(list[Part])

    @property
    def has_data(self) -> bool:
        return self._attempt.has_data

    async def read(self) -> list[Part] | None:
        parts = await self._attempt.read()
        self._parts += parts or ()
        if parts and isinstance(parts[-1], Finish):
            append(self._notebook, self._inbound, reply_of(self._parts))
        return parts

    async def close(self) -> None:
        await self._attempt.close()


@frozen
class RecordingAdapter:
    """A provider whose answers are recorded."""

    _adapter: Adapter
    _notebook: AppendFile

    async def open(self, inbound: Inbound, target: Target, attachments: Attachments) -> Attempt:
        try:
            attempt = await self._adapter.open(inbound, target, attachments)
        except GatewayError as error:
            append(self._notebook, inbound, {"refusal": _refusal(error)})
            raise
        return RecordingAttempt(attempt.request, attempt, inbound, self._notebook)

    def prompt(self, inbound: Inbound, target: Target, attachments: Attachments) -> CountablePrompt:
        return self._adapter.prompt(inbound, target, attachments)

    async def count(self, inbound: Inbound, target: Target) -> TokenCount | None:
        return await self._adapter.count(inbound, target)

    async def probe(self) -> str | None:
        return await self._adapter.probe()

    async def close(self) -> None:
        await self._adapter.close()


def append(notebook: AppendFile, inbound: Inbound, reply: Reply) -> None:
    message = last_user(inbound.request)
    # a script reads `/.../` and `regex:...` as expressions, `file:...` as a reference; without its first
    # letter it is text
    plain = message[1:] if message.startswith(("/", "regex:", "file:")) else message
    when: Reply = {"when": {"last_user": _literal(plain)}} if plain.strip() else {}
    entry = yaml.safe_dump([when | reply], sort_keys=False, allow_unicode=True, width=110)
    notebook.append(entry.encode())


def _refusal(error: GatewayError) -> Reply:
    refusal = {"status": error.answer.status, "message": _literal(error.message)}
    return refusal | ({} if error.retry_after is None else {"retry_after": error.retry_after})


def reply_of(parts: Iterable[Part]) -> Reply:
    """The whole answer; empty fields are left out."""
    texts: dict[str, str] = {"reasoning": "", "text": ""}
    calls: dict[int, Reply] = {}
    more: Reply = {}
    for part in parts:
        match part:
            case TextDelta():
                texts["text"] += part.text
            case ReasoningDelta():
                texts["reasoning"] += part.text
            case ToolCallDelta():
                _add(calls.setdefault(part.key, {"name": "", "arguments": ""}), part)
            case Usage():
                more["usage"] = _usage(part)
            case Finish() if part.reason in _FINISHES:
                more["finish"] = _FINISHES[part.reason]
            case _:
                pass
    content: Reply = {key: _literal(text) for key, text in texts.items() if text.strip()}
    return content | ({"calls": [_call(call) for call in calls.values()]} if calls else {}) | more


def _add(call: Reply, part: ToolCallDelta) -> None:
    call["name"] = call["name"] or part.name
    call["arguments"] += part.arguments


def _call(call: Reply) -> Reply:
    return {"name": call["name"], "arguments": _literal(call["arguments"])}


def _usage(usage: Usage) -> Reply:
    figures = {"prompt": usage.input, "completion": usage.output, "cached": usage.cache_read}
    whole = {key: number or 0 for key, number in figures.items()}
    return whole | {"prompt": whole["prompt"] + whole["cached"], "reasoning": usage.thinking or 0}


def _literal(value: object) -> object:
    """Escape text with `${`, so that it is not read as a reference."""
    return value.replace("${", "$${") if isinstance(value, str) else value
