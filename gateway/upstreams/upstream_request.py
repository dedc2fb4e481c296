"""The result of building an upstream request, and the input for building it again differently."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from attrs import Factory, field, frozen

from gateway.anthropic.response.answer_terms import AnswerTerms
from gateway.parts import Notice


@frozen
class Adaptations:
    """What earlier 400 responses revealed about a model; requests are built with it."""

    max_tokens: int | None = None
    """A limit that the upstream stated."""
    window: int | None = None
    """A context window that the upstream stated."""
    dropped: frozenset[str] = frozenset()
    """Parameters that the upstream refuses, by their names on the wire."""
    efforts: frozenset[str] = frozenset()
    """Effort values that the upstream refuses."""
    no_effort_beside_tools: bool = False
    """The upstream takes tools only with the effort `none`."""
    think: bool = True
    """False if the upstream refuses requests for reasoning."""
    array_items: bool = False
    """The upstream refuses arrays without `items`."""
    bare_schemas: frozenset[bytes] = frozenset()
    """Digests of schemas that the upstream could make no grammar of; they are sent without constraints."""

    def is_bare(self, schema: bytes) -> bool:
        return bool(self.bare_schemas) and digest(schema) in self.bare_schemas


def digest(schema: bytes) -> bytes:
    return hashlib.blake2b(schema, digest_size=16).digest()


NO_ADAPTATIONS = Adaptations()
"""Nothing learned yet."""


@frozen
class ResponseOptions:
    """Options of the request that decide how the answer is read."""

    thinking: bool = False
    """Whether the client asked for reasoning; if not, none is shown."""
    display: str | None = None
    """`thinking.display`: `summarized`, `omitted`, `updates` or None."""
    stop_sequences: tuple[str, ...] = ()
    max_tokens: int | None = None
    """The value sent to the upstream, after clamping."""
    prompt_tokens: int | None = field(default=None, eq=False)
    """The gateway's estimate of the prompt's tokens, for errors that state none."""


@frozen
class AnswerSchema:
    """How to process an answer that must match `schema`, the client's schema.

    `nulls`: delete nulls that stand for omitted properties. `checked`: the schema was only described in the
    prompt, so the answer may not match and is validated.
    """

    schema: bytes
    nulls: bool = False
    checked: bool = False


def _no_schemas() -> Iterable[bytes]:
    return ()


@frozen
class UpstreamRequest:
    """One encoded upstream request, and what is needed to read its answer."""

    body: bytes = field(repr=False)
    options: ResponseOptions = ResponseOptions()
    notices: tuple[Notice, ...] = ()
    answer: AnswerTerms = Factory(AnswerTerms)
    format: AnswerSchema | None = None
    window: int | None = None
    """The context window in tokens that the server is asked to load the model with."""
    stops: tuple[str, ...] = ()
    """Stop sequences that the upstream refuses; the gateway searches the answer for them."""
    prefill: str = ""
    """The beginning of the last assistant message: an upstream may echo it."""
    schemas: Callable[[], Iterable[bytes]] = field(default=_no_schemas, repr=False, eq=False)
    """The client's schemas in this request: of functions, and of the answer."""
