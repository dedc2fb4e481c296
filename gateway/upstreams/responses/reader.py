"""An answer of Responses, streamed or whole -> neutral parts.

Rules:
- An answer ends with `response.completed` or `response.incomplete`. A body that ends without either is
  truncated; `[DONE]` is not part of the protocol and is ignored.
- `response.failed`, an `error` event and an error object end the answer, and so does anything that cannot be
  read. Events and items of unknown types do not: the API adds new ones.
- A last event with items of which nothing was streamed is read like a whole answer.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from attrs import define, field
from msgspec import Raw, structs

from gateway.codecs.body import BodyReader
from gateway.parts import Finish, FinishReason, Notice, Part, StreamError, Usage
from gateway.upstreams.errors.classify import NO_CODES, NO_ERROR, is_error
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.response.finish import (
    is_json,
    limit_reached,
    malformed_answer,
    payload_excerpt,
    truncated_stream,
    usage_parts,
)
from gateway.upstreams.response.lenient import (
    UNREADABLE,
    LenientDecoder,
    decode_lenient,
    is_nothing,
    text_value,
)
from gateway.upstreams.response.text import TextReader
from gateway.upstreams.response.truncated_call import failed, is_end
from gateway.upstreams.responses import wire as r
from gateway.upstreams.responses.output import OutputAssembler
from gateway.upstreams.responses.usage import responses_usage
from gateway.upstreams.upstream_request import ResponseOptions

_EVENT = msgspec.json.Decoder(r.Event)
_ITEM = msgspec.json.Decoder(r.Item)
_RESPONSE = msgspec.json.Decoder(r.Response)
_ENDS = {
    "response.completed": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
    "response.cancelled": "cancelled",
}
_CODES = {
    "server_error": 500,
    "rate_limit_exceeded": 429,
    "vector_store_timeout": 500,
    "failed_to_download_image": 500,
    **dict.fromkeys(
        (
            "invalid_prompt",
            "bio_policy",
            "misalignment_policy_violation",
            "invalid_image",
            "invalid_image_format",
            "invalid_image_mode",
            "invalid_image_url",
            "invalid_base64_image",
            "unsupported_image_media_type",
            "image_content_policy_violation",
            "image_file_not_found",
            "image_file_too_large",
            "image_parse_error",
            "image_too_large",
            "image_too_small",
            "empty_image_file",
        ),
        400,
    ),
}
"""The API's list of codes. Those about prompts and images are errors of the request, which a retry cannot
fix."""


@define
class ResponsesReader:
    """`prefill`: always empty, since the server cannot continue an assistant message."""

    info: ModelInfo
    options: ResponseOptions
    prefill: str = ""
    ended: bool = field(default=False, init=False)
    _second: LenientDecoder[r.Event] = field(factory=lambda: LenientDecoder(_EVENT), init=False)
    intake: BodyReader = field(factory=BodyReader, init=False)
    _output: OutputAssembler = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._output = OutputAssembler(TextReader(self.info, self.options, self.prefill))

    @property
    def has_data(self) -> bool:
        return self.intake.has_data

    def plain(self, body: bytes) -> list[Part]:
        if not body.strip():
            return self.fail(truncated_stream(self.info, has_output=False))
        return self._end("", body, body)

    def is_complete(self, payload: bytes) -> bool:
        return is_json(payload)

    def end_of_body(self, *, framed: bool) -> list[Part]:
        return self.fail(truncated_stream(self.info, has_output=self._output.count > 0))

    def payload(self, payload: bytes) -> list[Part]:
        if payload == b"[DONE]":
            return []
        try:
            event = _EVENT.decode(payload)
        except UNREADABLE:
            decoded = self._second.at(payload)
            if decoded is None:
                return [] if is_nothing(payload) else self._unreadable(payload)
            return self._second.remarked(self._event(decoded, payload))
        return self._event(event, payload)

    def _unreadable(self, payload: bytes) -> list[Part]:
        if is_json(payload) and is_error(payload):
            return self._failed(payload, NO_CODES)
        return self.fail(
            malformed_answer(self.info, f"something that is not an answer: {payload_excerpt(payload)}")
        )

    def _event(self, event: r.Event, payload: bytes) -> list[Part]:  # noqa: C901  a case for each event
        place = self._output.place(event.output_index, event.item_id)
        match event.type:
            case "response.output_text.delta":
                return self._output.add_text(place, text_value(event.delta))
            case "response.function_call_arguments.delta":
                return self._output.add_arguments(place, text_value(event.delta))
            case "response.reasoning_summary_text.delta":
                return self._thought(event, place, event.summary_index, raw=False)
            case "response.reasoning_text.delta":
                return self._thought(event, place, event.content_index, raw=True)
            case "response.output_text.annotation.added":
                return self._output.add_annotation()
            case "response.refusal.delta":
                return self._output.add_refusal(place, text_value(event.delta))
            case "response.output_item.added":
                return (
                    self._output.begin_item(place, item)
                    if (item := decode_lenient(_ITEM, event.item))
                    else []
                )
            case "response.function_call_arguments.done":
                return self._output.complete_arguments(place, text_value(event.arguments))
            case "response.output_item.done":
                return (
                    self._output.end_item(place, item) if (item := decode_lenient(_ITEM, event.item)) else []
                )
            case "error" | "":
                return self._fault(payload)
            case other if other in _ENDS:
                return self._end(_ENDS[other], bytes(event.response), payload)
            case _:
                return []

    def _thought(self, event: r.Event, place: int, paragraph: int | None, *, raw: bool) -> list[Part]:
        return self._output.add_reasoning(place, text_value(event.delta), paragraph or 0, raw=raw)

    # ------------------------------------------------------------ the end

    def _end(self, status: str, body: bytes, payload: bytes) -> list[Part]:
        """`status`: the event's; the response may have a more exact one."""
        response = decode_lenient(_RESPONSE, body) if body else r.Response()
        if response is None:
            return self._unreadable(payload)
        usage = responses_usage(bytes(response.usage), response.service_tier)
        status = response.status or status
        if bytes(response.error) not in NO_ERROR or status in ("failed", "cancelled"):
            return self._failure(response, status, usage)
        if response.output is None and status not in ("completed", "incomplete"):
            return self._fault(payload, usage)
        parts = self._items(response.output or [])
        parts += self._output.rest()
        return [*parts, *self._finish(response, status, usage)]

    def _items(self, items: list[Raw]) -> list[Part]:
        if self._output.count:
            return []
        return [
            part
            for place, raw in enumerate(items)
            if (item := decode_lenient(_ITEM, raw))
            for part in self._output.end_item(place, item)
        ]

    def _finish(self, response: r.Response, status: str, usage: Usage) -> list[Part]:
        refused = self._output.refused and not self._output.called
        finish = FinishReason.REFUSAL if refused else FinishReason.STOP
        notices: list[Part] = []
        reason = response.incomplete_details.reason if response.incomplete_details else None
        if status == "incomplete" and reason == "max_output_tokens":
            finish = limit_reached(self.info, self.options, usage)
        elif status == "incomplete" and reason == "content_filter":
            finish = FinishReason.REFUSAL
        elif status == "incomplete":
            if not self._output.count:
                return self.fail(malformed_answer(self.info, f"no answer: incomplete by {reason!r}"), usage)
            notices = [Notice("repaired.stop_reason", f"the upstream's answer is incomplete by {reason!r}")]
        self.ended = True
        if searches := self._output.searches:
            counted = {"web_search_requests": searches, "web_fetch_requests": 0}
            usage = structs.replace(usage, server_tools=counted)
        return [*notices, *usage_parts(usage), Finish(finish)]

    def _failure(self, response: r.Response, status: str, usage: Usage) -> list[Part]:
        if bytes(response.error) in NO_ERROR:
            return self.fail(malformed_answer(self.info, f"an answer that has {status}"), usage)
        return self._failed(b'{"error":' + bytes(response.error) + b"}", usage=usage)

    def _fault(self, payload: bytes, usage: Usage | None = None) -> list[Part]:
        if is_error(payload):
            return self._failed(payload, usage=usage)
        return self.fail(
            malformed_answer(self.info, f"something that is not an answer: {payload_excerpt(payload)}"), usage
        )

    def _failed(
        self, error: bytes, codes: Mapping[str, int] = _CODES, usage: Usage | None = None
    ) -> list[Part]:
        self.ended = True
        parts = failed(error, self.info, self.options, codes)
        rest = self._output.rest() if is_end(parts) else []
        return [*rest, *(usage_parts(usage) if usage else []), *parts]

    def fail(self, error: StreamError, usage: Usage | None = None) -> list[Part]:
        self.ended = True
        return [*(usage_parts(usage) if usage else []), error]
