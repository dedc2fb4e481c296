"""Request features for the conditions of routes, besides the model name.

A feature is computed only if a route that could match has a condition on it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

from attrs import frozen

from gateway.anthropic import wire as a
from gateway.anthropic.request.reasoning import reasoning
from gateway.anthropic.tools.available import is_usable
from gateway.inbound import Inbound
from gateway.routing.request_class import request_class
from gateway.settings.models import Match

TOKENS = "tokens_over"
FITS = "fits"
"""Not in the YAML: the size that a route for auxiliary requests can hold, from its targets' windows."""
_BOUNDS = (TOKENS, FITS)

Feature = Callable[[Inbound], Hashable]
RequestFeatures = Callable[[Inbound], tuple[Hashable, ...]]


@frozen
class Condition:
    """`wanted` are the accepted values; for `tokens_over` and `fits` the one bound."""

    key: str
    wanted: tuple[Hashable, ...]

    def holds(self, seen: Hashable) -> bool:
        if self.key == TOKENS:
            return isinstance(seen, int) and seen > self.bound
        if self.key == FITS:
            return isinstance(seen, int) and seen <= self.bound
        return seen in self.wanted

    @property
    def bound(self) -> int:
        """For `tokens_over` and `fits`."""
        value = self.wanted[0]
        return value if isinstance(value, int) else 0

    def covers(self, other: Condition) -> bool:
        """Whether it holds for every request for which `other`, of the same key, holds."""
        if self.key == TOKENS:
            return other.bound >= self.bound
        if self.key == FITS:
            return other.bound <= self.bound
        return set(other.wanted) <= set(self.wanted)


def conditions(match: Match) -> tuple[Condition, ...]:
    """The configured conditions, the cheapest first."""
    return tuple(_conditions(match))


def _conditions(match: Match) -> Iterator[Condition]:
    if match.class_:
        yield Condition("class", match.class_)
    if match.client:
        yield Condition("client", match.client)
    for key in ("tools", "server_tools", "thinking", TOKENS, "images", "pdf"):
        value: Hashable = getattr(match, key)
        if value is not None:
            yield Condition(key, (value,))


def feature_value(inbound: Inbound, key: str) -> Hashable:
    """The request's value for one key: a boolean, a name, or a number of tokens."""
    return _LOOKS[key](inbound)


def _has_images(inbound: Inbound) -> bool:
    return any(isinstance(one.block, a.Image) for one in inbound.media)


def _has_pdf(inbound: Inbound) -> bool:
    return any(isinstance(one.block, a.Document) and _is_pdf(one.block) for one in inbound.media)


def _is_pdf(block: a.Document) -> bool:
    """A document by URL is a PDF, as in the API; a base64 document states its type."""
    return block.source.type == "url" or block.source.media_type == "application/pdf"


def _wants_server_tools(inbound: Inbound) -> bool:
    """Anthropic's tools that clients run (bash, memory, computer) do not count."""
    return any(not is_usable(tool) for tool in inbound.request.tools)


def _auxiliary_tokens(inbound: Inbound, class_: Hashable) -> int:
    """Requests of other classes fit everywhere: their routes select by size with `tokens_over`."""
    return inbound.estimated_tokens if class_ == "auxiliary" else 0


_LOOKS: Mapping[str, Feature] = {
    "class": request_class,
    "client": lambda inbound: inbound.client,
    "tools": lambda inbound: bool(inbound.request.tools),
    "server_tools": _wants_server_tools,
    "thinking": lambda inbound: bool(reasoning(inbound.request).on),
    TOKENS: lambda inbound: inbound.estimated_tokens,
    "images": _has_images,
    "pdf": _has_pdf,
    FITS: lambda inbound: _auxiliary_tokens(inbound, request_class(inbound)),
}

KEYS = tuple(_LOOKS)


def feature_reader(conditions: Iterable[Condition]) -> RequestFeatures:
    """One function that reads all features of these conditions at once: it runs for every request.

    Other features are not computed. Sizes are reduced to few values: the least number above the same bounds.
    """
    listed = list(conditions)
    keys = {one.key for one in listed}
    class_, _, _, server_tools, thinking, tokens, images, pdf, fits = (key in keys for key in KEYS)
    bounds = sorted({one.bound for one in listed if one.key in _BOUNDS})
    least = (0, *(bound + 1 for bound in bounds))

    def seen(inbound: Inbound) -> tuple[Hashable, ...]:
        """In the order of `KEYS`."""
        tools, shown = bool(inbound.request.tools), bool(inbound.media)
        name = (class_ or fits) and request_class(inbound)
        return (
            name,
            inbound.client,
            tools,
            server_tools and tools and _wants_server_tools(inbound),
            thinking and bool(reasoning(inbound.request).on),
            tokens and least[bisect_left(bounds, inbound.estimated_tokens)],
            images and shown and _has_images(inbound),
            pdf and shown and _has_pdf(inbound),
            fits and least[bisect_left(bounds, _auxiliary_tokens(inbound, name))],
        )

    return seen


TYPICAL_REQUEST: Mapping[str, Hashable] = {
    "class": "main",
    "client": "",
    "tools": True,
    "server_tools": False,
    "thinking": False,
    TOKENS: 0,
    "images": False,
    "pdf": False,
    FITS: 0,
}
"""The features of a typical request of the main thread."""
