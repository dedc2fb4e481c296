"""What building an upstream request yields, and what is passed in to build it again differently."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

from attrs import Factory, field, frozen

from gateway.anthropic.tools.tool_names import ClientToolName
from gateway.parts import Notice


@frozen
class Adaptations:
    """What an upstream's 400 taught about a model; the request is built again with it."""

    max_tokens: int | None = None
    """A limit that it named."""
    window: int | None = None
    """The window that it named."""
    dropped: frozenset[str] = frozenset()
    """Parameters that it does not take, by their name on the wire."""
    efforts: frozenset[str] = frozenset()
    """Words for an effort that it does not take."""
    no_effort_beside_tools: bool = False
    """It takes tools only with the effort `none`."""
    think: bool = True
    """False where it refuses to be asked for reasoning."""
    array_items: bool = False
    """It refuses arrays without `items`."""
    bare_schemas: frozenset[bytes] = frozenset()
    """Digests of the schemas that it could make no grammar of, which then go without constraints."""

    def is_bare(self, schema: bytes) -> bool:
        return bool(self.bare_schemas) and digest(schema) in self.bare_schemas


def digest(schema: bytes) -> bytes:
    return hashlib.blake2b(schema, digest_size=16).digest()


NO_ADAPTATIONS = Adaptations()
"""Nothing learned yet."""


@frozen
class ResponseOptions:
    """What the client asked for that decides how the answer is read."""

    thinking: bool = False
    """Whether the client asked for reasoning; if not, none is shown."""
    display: str | None = None
    """`thinking.display`: `summarized`, `omitted`, `updates` or not said."""
    stop_sequences: tuple[str, ...] = ()
    max_tokens: int | None = None
    """What was really asked of the upstream, after clamping."""
    prompt_tokens: int | None = field(default=None, eq=False)
    """Our own idea of the prompt's size, for errors that name none."""


@frozen
class AnswerSchema:
    """What is made of an answer that is to match `schema`, the client's own.

    `nulls`: those that stand for properties left out are deleted. `checked`: the upstream was only asked for
    it in words, so that the answer may not match.
    """

    schema: bytes
    nulls: bool = False
    checked: bool = False


def _no_schema(_: str) -> bytes:
    return b""


def _no_schemas() -> Iterable[bytes]:
    return ()


@frozen
class UpstreamRequest:
    """One upstream request, encoded, and what reading its answer needs."""

    body: bytes = field(repr=False)
    options: ResponseOptions = ResponseOptions()
    notices: tuple[Notice, ...] = ()
    returned: Mapping[str, ClientToolName] = Factory(dict[str, ClientToolName])
    """How calls come back: by the name as sent, those that the client knows otherwise."""
    single_tool: bool = False
    """The client forbade parallel calls and the upstream cannot be told: keep the first call only."""
    must_call: bool = False
    """The client demands a call of a tool. Servers that cannot force one, or ignore that, may bring none."""
    format: AnswerSchema | None = None
    window: int | None = None
    """The window that the server is told to load the model with, in tokens."""
    stops: tuple[str, ...] = ()
    """Stop sequences that the upstream refuses, so that its answer is to be searched for them."""
    speed: str | None = None
    """What the answer reports as its speed; None where the client said nothing of it."""
    prefill: str = ""
    """The text the last assistant message began with: an upstream may echo it."""
    schema_of: Callable[[str], bytes] = field(default=_no_schema, repr=False, eq=False)
    """The client's own schema of a function, by the name as sent; empty for one that was not offered."""
    schemas: Callable[[], Iterable[bytes]] = field(default=_no_schemas, repr=False, eq=False)
    """The client's own schemas that it was made with: of functions, and of the answer."""
