"""Decides which features the gateway emulates for a target.

    (request, model info) -> the request to send and the filters for its response

Rules:
- A feature that the upstream has is left to it; a request without emulation is returned as the same object.
- Context edits and summaries change the request. Stop sequences that an upstream does not report are matched
  here, on a stream that is cut at the match.
- A server that only streams always gets a streaming request; a plain answer is collected from it.
- Each of these except the last causes a notice.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, frozen
from msgspec import Raw
from msgspec.structs import replace

from gateway.anthropic import wire as a
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.request.context_edits import apply_edits
from gateway.anthropic.signatures import sign
from gateway.emulation.filters import CompactionFilter, PartFilter, StopSequenceFilter
from gateway.errors import RequestRefused
from gateway.inbound import Inbound
from gateway.parts import Notice
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.upstream_request import UpstreamRequest

SUMMARISE = "Summarise the conversation so far for handing over; keep decisions, file names, open tasks."
_TOOL_CHANGES = frozenset({"tool_addition", "tool_removal"})


@frozen
class Emulation:
    """`applied_edits` is None if the request asked for no context edits."""

    inbound: Inbound
    filters: tuple[PartFilter, ...] = ()
    notices: tuple[Notice, ...] = ()
    applied_edits: tuple[Mapping[str, object], ...] | None = None

    def filters_for(self, request: UpstreamRequest) -> tuple[PartFilter, ...]:
        """The filters for one attempt, whose upstream may have refused stop sequences."""
        return (*self.filters, StopSequenceFilter(request.stops)) if request.stops else self.filters


def emulate(inbound: Inbound, info: ModelInfo) -> Emulation:
    """Raises RequestRefused if the request combines features that exclude each other."""
    if info.quirks.stream_only and not inbound.request.stream:
        inbound = evolve(inbound, request=replace(inbound.request, stream=True))
    request = inbound.request
    if info.quirks.native or not _is_special(request):
        return Emulation(inbound)
    _refuse(request, info)
    notices, filters = NoticeCollector(), list[PartFilter]()
    applied = None
    _leave_out(request, notices)
    if request.compaction:
        request = _summarising(request)
        filters.append(CompactionFilter(_summary_block(request, info)))
        notices.add("emulated.compaction")
    elif request.context_management:
        thinned = apply_edits(request, inbound.estimated_tokens, notices)
        request, applied = thinned.request, thinned.applied
    if stops := _own_stops(request, info):
        request = replace(request, stop_sequences=(), stream=True)
        filters.append(StopSequenceFilter(stops))
        notices.add("emulated.stop_sequences")
    if request is not inbound.request:
        inbound = evolve(inbound, request=request)
    return Emulation(inbound, tuple(filters), notices.notices, applied)


def _leave_out(request: a.MessagesRequest, notices: NoticeCollector) -> None:
    if request.inference_geo:
        notices.add("dropped.inference_geo", request.inference_geo)
    if _says(request.safeguards):
        notices.add("dropped.safeguards")


def apply_context_edits(inbound: Inbound, info: ModelInfo) -> Inbound:
    """The request to count after the client's context edits; the same object if there are none."""
    request = inbound.request
    if info.quirks.native or request.context_management is None:
        return inbound
    thinner = apply_edits(request, inbound.estimated_tokens, NoticeCollector()).request
    return inbound if thinner is request else evolve(inbound, request=thinner)


def _is_special(request: a.MessagesRequest) -> bool:
    """A quick check: most requests use no feature of this module."""
    return bool(
        request.context_management
        or request.stop_sequences
        or request.compaction
        or request.thread
        or request.container
        or request.billing_policy
        or request.inference_geo
        or request.mcp_servers
        or request.safeguards
    )


def _refuse(request: a.MessagesRequest, info: ModelInfo) -> None:
    """Refuses features that would give a wrong answer if they were ignored.

    Both SDKs react to the refusal of `thread` by sending the whole history without it from then on. Ignoring
    it would lose the history: the next request has only the new messages.
    """
    if request.thread is not None:
        raise RequestRefused(
            "thread: message threads are not kept here; send the whole history",
            details={"error_code": "thread_unsupported_request", "unsupported": []},
        )
    if isinstance(request.container, a.Container) and request.container.skills:
        raise RequestRefused(f"container.skills: this model's provider cannot run skills; {_ELSEWHERE}")
    if request.billing_policy and request.billing_policy.bill_to == "user_profile":
        raise RequestRefused("billing_policy.bill_to: user profiles are not known to this gateway")
    if _says(request.mcp_servers):
        raise RequestRefused(f"mcp_servers: provider {info.provider} cannot call MCP servers; {_ELSEWHERE}")


_ELSEWHERE = "leave them out, or route the request to a provider of kind `anthropic`"


def _says(field: Raw) -> bool:
    return bytes(field).strip() not in (b"", b"null", b"[]")


def _own_stops(request: a.MessagesRequest, info: ModelInfo) -> tuple[str, ...]:
    """The stop sequences that are matched here: if the upstream would hide the match, or takes fewer."""
    usable = tuple(text for text in request.stop_sequences if text.strip())
    quirks = info.quirks
    hidden = quirks.stop_report == "hidden" and quirks.exact_stops
    too_many = quirks.stop_limit is not None and len(usable) > quirks.stop_limit
    return usable if hidden or too_many else ()


def _summarising(request: a.MessagesRequest) -> a.MessagesRequest:
    compaction = request.compaction
    if compaction is None or compaction.type != "summarize":
        raise RequestRefused("compaction.type: only `summarize` is supported")
    if request.context_management and request.context_management.edits:
        raise RequestRefused("compaction: cannot be combined with context_management")
    instruction = a.Message("user", (a.Text(compaction.instructions or SUMMARISE),), plain=True)
    return replace(
        request,
        messages=(*request.messages, instruction),
        tools=(),
        tool_choice=None,
        thinking=None,
        output_config=None,
        stop_sequences=(),
    )


def _summary_block(request: a.MessagesRequest, info: ModelInfo) -> dict[str, object]:
    block: dict[str, object] = {
        "type": "compaction",
        "content": None,
        "encrypted_content": None,
        "signature": sign({"p": info.quirks.family}),
    }
    changes = any(
        isinstance(block, a.Unknown) and block.type in _TOOL_CHANGES
        for message in request.messages
        for block in message.content
    )
    return block if changes else {**block, "tool_changes": []}
