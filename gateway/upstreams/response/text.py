"""Content and reasoning from an upstream -> `TextDelta` and `ReasoningDelta` parts, for all readers.

Rules:
- Reasoning that the client did not ask for is dropped, with one notice. If it asked not to see it (`display:
  omitted`), the text travels in the signature, if this upstream takes it back.
- The provider's `expose_reasoning` overrides the client's choice: `always`, `never`.
- Reasoning inside the content is found by `gateway.upstreams.response.think_tags`.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field
from msgspec import Raw

from gateway.parts import Notice, Part, ReasoningDelta, TextDelta
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.response.think_tags import Segment, ThinkTagParser
from gateway.upstreams.upstream_request import ResponseOptions

NO_ITEM: Mapping[str, str] = {}


@define
class TextReader:
    info: ModelInfo
    options: ResponseOptions
    prefill: str = ""
    has_output: bool = field(default=False, init=False)
    """Any text or reasoning has arrived, shown or not."""
    _opening: ThinkTagParser | None = field(init=False)
    _state: Mapping[str, str] = field(init=False)
    _shown: bool = field(init=False)
    _keep: bool = field(init=False)
    _dropped: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        quirks = self.info.quirks
        opening = ThinkTagParser(
            self.prefill,
            quirks.think_tags,
            quirks.think_open,
            patient=not self.options.thinking,
            tag=quirks.think_tag,
        )
        self._opening = None if opening.past else opening
        self._state = {"p": quirks.family}
        self._shown = shows_reasoning(self.info, self.options.display)
        self._keep = not self._shown and quirks.replay_reasoning != "none"

    def add_text(self, text: str) -> list[Part]:
        """The next piece of content; not empty."""
        self.has_output = True
        if self._opening is None:
            return [TextDelta(text)]
        passages = self._opening.feed(text)
        if self._opening.past:
            self._opening = None
        return self._parts(passages)

    def add_reasoning(
        self, text: str, item: Mapping[str, str] = NO_ITEM, details: tuple[Raw, ...] = ()
    ) -> list[Part]:
        """The next piece of reasoning that the upstream sends apart from the content.

        `item`: the id or signature that its server gives it; `details`: pieces of JSON. Both must be sent
        back to the server, and only with them may the text be empty.
        """
        self.has_output = True
        if self.options.thinking:
            state = {**self._state, **item} if item else self._state
            return [ReasoningDelta(text, state, shown=self._shown, keep=self._keep, details=details)]
        if self._dropped or not text:
            return []
        self._dropped = True
        return [Notice("dropped.reasoning", "the client did not ask for it")]

    def rest(self) -> list[Part]:
        """Return the buffered text; call it before anything that follows the content."""
        return [] if self._opening is None else self._parts(self._opening.close())

    def _parts(self, passages: list[Segment]) -> list[Part]:
        parts: list[Part] = []
        for passage in passages:
            parts += self.add_reasoning(passage.text) if passage.thinking else [TextDelta(passage.text)]
        return parts


def shows_reasoning(info: ModelInfo, display: str | None) -> bool:
    """Whether the client gets to read the reasoning; `display` is `thinking.display`."""
    match info.expose_reasoning:
        case "always":
            return True
        case "never":
            return False
        case "auto":
            return display != "omitted"
