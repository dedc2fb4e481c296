"""What refusals revealed about the models of one provider, kept while the process runs.

Rules:
- An adaptation is kept once a request built with it was answered: a change that did not help reveals nothing
  about the model (`test_a_change_that_did_not_help_is_no_lesson`).
- A `max_tokens` limit that follows from one prompt's length is not kept; the window named with it is.
- Bounded: the most recently used models, and a limited number of schemas for each.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from attrs import Factory, define, evolve

from gateway.upstreams.errors.adapt import RefusedFields, adapt_to, read_refusal
from gateway.upstreams.upstream_request import NO_ADAPTATIONS, Adaptations, UpstreamRequest

MODELS = 256
SCHEMAS = 4_096
MAX_ADAPTATIONS = 8
"""How many different refusals are answered with a changed request."""


@define
class LearnedAdaptations:
    _known: OrderedDict[str, Adaptations] = Factory(OrderedDict[str, Adaptations])

    def of(self, model: str) -> Adaptations:
        return self._known.get(model, NO_ADAPTATIONS)

    def asking(self, model: str) -> AdaptiveRequest:
        return AdaptiveRequest(self, model, self.of(model))

    def keep(self, model: str, refusals: list[tuple[RefusedFields, UpstreamRequest]]) -> None:
        """Add to the model's adaptations, which other requests may have changed meanwhile."""
        known = self.of(model)
        for found, request in refusals:
            known = adapt_to(known, found, request) or known
        if len(known.bare_schemas) > SCHEMAS:
            known = evolve(known, bare_schemas=frozenset[bytes]())
        self._known[model] = known
        self._known.move_to_end(model)
        if len(self._known) > MODELS:
            self._known.popitem(last=False)


@define
class AdaptiveRequest:
    """One request to one model: how it is built, until it is accepted."""

    _lessons: LearnedAdaptations
    _model: str
    adaptations: Adaptations
    _mends: int = 0
    _schemas: bool = False
    """Whether a schema of this request was refused before."""
    _refusals: list[tuple[RefusedFields, UpstreamRequest]] = Factory(
        list[tuple[RefusedFields, UpstreamRequest]]
    )

    async def again(
        self,
        status: int,
        body: bytes,
        request: UpstreamRequest,
        build: Callable[[Adaptations], Awaitable[UpstreamRequest]],
    ) -> UpstreamRequest | None:
        """The request to retry with after a refusal of `request`; None if it would be the same."""
        found = self._found(status, body)
        changed = (
            adapt_to(self.adaptations, found, request) if found and self._mends < MAX_ADAPTATIONS else None
        )
        if found is None or changed is None:
            return None
        other = await build(changed)
        if other.body == request.body:
            return None
        self.adaptations = changed
        self._mends += 1
        self._schemas = self._schemas or found.schemas
        if (lesson := found.lesson) is not None:
            self._refusals.append((lesson, request))
        return other

    def _found(self, status: int, body: bytes) -> RefusedFields | None:
        """Servers name the first schema that they refuse, so a second refusal applies to all the others."""
        found = read_refusal(status, body)
        return evolve(found, function="") if found and found.schemas and self._schemas else found

    def accepted(self) -> None:
        """Keep the adaptations: an answer has arrived."""
        refusals, self._refusals = self._refusals, []
        if refusals:
            self._lessons.keep(self._model, refusals)
