"""The answer's format (`output_config.format`) -> how this upstream is asked for it.

Rules:
- If the upstream takes a schema it gets one, strict if the schema has a strict form: then omitted properties
  come back as null, and these nulls are deleted.
- If it takes none, if the field would rule out tool calls, or if it has refused the field, the schema goes
  into the system prompt, and the answer is validated here (see `structured_output`).
"""

from __future__ import annotations

from typing import Literal

from attrs import frozen
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.request.output_format import requested_format
from gateway.schemas import lowering
from gateway.settings.quirks import Quirks
from gateway.upstreams.upstream_request import Adaptations, AnswerSchema

_FIELDS = frozenset({"response_format", "format", "text"})
"""The upstreams' names of the field."""


@frozen
class UpstreamFormat:
    """`how`: by its schema; as any JSON object, with the schema in the prompt; or by the prompt alone."""

    how: Literal["schema", "object", "words"]
    schema: Raw
    """In the form that the upstream takes."""
    strict: bool | None
    """None: not sent."""
    answer: AnswerSchema
    """How the answer is processed."""

    @property
    def words(self) -> str:
        """The line for the system prompt; empty if the upstream gets the schema."""
        if self.how == "schema":
            return ""
        text = str(self.answer.schema, "utf-8")
        return f"Your final answer must be JSON, and nothing else, that matches this schema: {text}"


def requested_schema(request: a.MessagesRequest, notices: NoticeCollector) -> Raw | None:
    """The schema that the client asked for."""
    form = requested_format(request)
    if form is None:
        return None
    if form.type != "json_schema":
        notices.add("dropped.output_format", form.type)
        return None
    return form.schema


def upstream_format(
    request: a.MessagesRequest,
    quirks: Quirks,
    adaptations: Adaptations,
    notices: NoticeCollector,
    *,
    tools: bool,
) -> UpstreamFormat | None:
    """`tools`: whether the model is offered any."""
    sent = requested_schema(request, notices)
    if sent is None:
        return None
    schema = bytes(sent)
    level = quirks.json_schema
    if (
        level in ("object", "none")
        or (tools and not quirks.format_beside_tools)
        or adaptations.dropped & _FIELDS
    ):
        notices.add("emulated.structured_output")
        how = "object" if level == "object" and not (tools or adaptations.dropped & _FIELDS) else "words"
        return UpstreamFormat(how, sent, strict=False, answer=AnswerSchema(schema, checked=True))
    return _by_schema(schema, quirks, adaptations, notices)


def _by_schema(
    schema: bytes, quirks: Quirks, adaptations: Adaptations, notices: NoticeCollector
) -> UpstreamFormat:
    bare, items = adaptations.is_bare(schema), quirks.array_items or adaptations.array_items
    if bare and lowering.is_constrained(schema):
        notices.add("dropped.schema_constraints", "output_config.format")
    lowered = lowering.answer_schema(schema, quirks.schema, bare=bare, items=items)
    strict = None if bare else lowering.strict_schema(schema)
    if quirks.json_schema == "strict":
        if strict is not None:
            return UpstreamFormat(
                "schema", strict.schema, strict=True, answer=AnswerSchema(schema, strict.optional)
            )
        notices.add("dropped.strict", "output_config.format")
    as_sent = strict is not None and strict.as_sent
    marked = None if quirks.json_schema == "unmarked" else as_sent
    return UpstreamFormat("schema", lowered, strict=marked, answer=AnswerSchema(schema))
