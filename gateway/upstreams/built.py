"""What building an upstream request yields, and what is passed in to build it again differently."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, field, frozen

from gateway.parts import Notice


@frozen
class Amends:
    """What an upstream's 400 taught about a model; the request is built again with it.

    `max_tokens`: a limit it named. `dropped`: parameters it does not take, by their name on the wire.
    `think`: False where it refuses to be asked for reasoning.
    """

    max_tokens: int | None = None
    dropped: frozenset[str] = frozenset()
    think: bool = True


AS_IT_IS = Amends()
"""Nothing learned yet."""


@frozen
class ReplyWish:
    """What the client asked for that decides how the answer is read."""

    thinking: bool = False
    """Whether the client asked for reasoning; if not, none is shown."""
    display: str | None = None
    """`thinking.display`: `summarized`, `omitted`, `updates` or not said."""
    stop_sequences: tuple[str, ...] = ()
    max_tokens: int | None = None
    """What was really asked of the upstream, after clamping."""


@frozen
class Built:
    """One upstream request, encoded, and what reading its answer needs."""

    body: bytes = field(repr=False)
    wish: ReplyWish = ReplyWish()
    notices: tuple[Notice, ...] = ()
    tool_names: Mapping[str, str] = Factory(dict[str, str])
    """Shortened tool names as sent -> the client's own."""
    single_tool: bool = False
    """The client forbade parallel calls and the upstream cannot be told: keep the first call only."""
    prefill: str = ""
    """The text the last assistant message began with: an upstream may echo it."""
