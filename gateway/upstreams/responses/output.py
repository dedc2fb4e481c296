"""The items of one answer, whose pieces may arrive in any order -> neutral parts, item by item.

Rules:
- An item's parts go out when all items before it have ended; until then they are buffered. Servers send one
  item after the other, so nothing is buffered in practice.
- Content that was streamed is not repeated from the whole item at its end; other content is added from it.
- Each item of reasoning keeps its id and its encrypted content: it is sent back unchanged. Of its summary and
  its raw text the one that arrives first is used.
- Texts of two messages in a row are paragraphs.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush

from attrs import Factory, define, field

from gateway.codecs.buffer_limit import BufferLimit
from gateway.parts import Notice, Part, PassthroughBlock, TextDelta, ToolCallDelta
from gateway.upstreams.response.finish import ANNOTATED
from gateway.upstreams.response.lenient import text_value
from gateway.upstreams.response.text import TextReader
from gateway.upstreams.responses import wire as r
from gateway.upstreams.responses.search import search_result_parts


@define
class OutputItem:
    """One item so far. `streamed`: some of its content has arrived; `raw`: that content is raw reasoning."""

    type: str = ""
    id: str = ""
    streamed: bool = False
    raw: bool = False
    paragraph: int = 0
    over: bool = False
    waiting: list[Part] = Factory(list[Part])


@define
class OutputAssembler:
    """Every method returns the parts that may go out now."""

    _prose: TextReader
    count: int = field(default=0, init=False)
    """The number of items so far."""
    refused: bool = field(default=False, init=False)
    called: bool = field(default=False, init=False)
    searches: int = field(default=0, init=False)
    """Web searches made by the server."""
    _annotated: bool = field(default=False, init=False)
    _open: dict[int, OutputItem] = field(factory=dict[int, OutputItem], init=False)
    _order: list[int] = field(factory=list[int], init=False)
    """A heap of the keys of `_open`: the first one is the item that may go out."""
    _latest: list[int] = field(factory=list[int], init=False)
    """A heap of the negated places: the first one that is open is the last item."""
    _places: dict[str, int] = field(factory=dict[str, int], init=False)
    """Places by item id."""
    _over: set[int] = field(factory=set[int], init=False)
    _kept: BufferLimit = field(factory=BufferLimit, init=False)
    _last: OutputItem = field(factory=OutputItem, init=False)
    """The item whose parts went out last."""

    def place(self, index: int | None, item_id: str | None) -> int:
        """The place of the item that an event is about: servers give an index, an id, or neither."""
        if index is not None:
            return index
        if item_id and (place := self._places.get(item_id)) in self._open:
            return place
        while self._latest and -self._latest[0] not in self._open:
            heappop(self._latest)
        return -self._latest[0] if self._latest else self.count

    def begin_item(self, place: int, item: r.Item) -> list[Part]:
        piece = self._piece(place, item.type)
        piece.id = item.id or ""
        if self._places.get(piece.id) not in self._open:
            self._places[piece.id] = place
        if item.type != "function_call":
            return []
        return self._out(
            piece, [*self._prose.rest(), ToolCallDelta(place, item.call_id or "", item.name or "")]
        )

    def add_text(self, place: int, text: str) -> list[Part]:
        piece = self._piece(place, "message")
        piece.streamed = piece.streamed or bool(text)
        return self._out(piece, self._prose.add_text(text) if text else [])

    def add_refusal(self, place: int, text: str) -> list[Part]:
        piece = self._piece(place, "message")
        piece.streamed = True
        return self._out(piece, self._refusal(text) if text else [])

    def add_reasoning(self, place: int, text: str, paragraph: int, *, raw: bool) -> list[Part]:
        piece = self._piece(place, "reasoning")
        if not text or (piece.streamed and piece.raw != raw):
            return []
        if piece.streamed and piece.paragraph != paragraph:
            text = f"\n\n{text}"
        piece.streamed, piece.raw, piece.paragraph = True, raw, paragraph
        return self._out(piece, self._prose.add_reasoning(text, {"id": piece.id} if piece.id else {}))

    def add_arguments(self, place: int, arguments: str) -> list[Part]:
        piece = self._piece(place, "function_call")
        piece.streamed = piece.streamed or bool(arguments)
        return self._out(piece, [ToolCallDelta(place, arguments=arguments)])

    def complete_arguments(self, place: int, arguments: str) -> list[Part]:
        return [] if self._piece(place, "function_call").streamed else self.add_arguments(place, arguments)

    def end_item(self, place: int, item: r.Item) -> list[Part]:
        """A whole item, at its end."""
        if place in self._over:
            return []
        piece = self._piece(place, item.type)
        parts = self._whole(place, piece, item)
        piece.over = True
        return self._out(piece, parts)

    def rest(self) -> list[Part]:
        """The buffered parts, at the end of the answer."""
        for piece in self._open.values():
            piece.over = True
        return [*self._flush(), *self._prose.rest()]

    def _piece(self, place: int, type_: str) -> OutputItem:
        """The item at a place. A closed item is not reopened: late pieces are dropped."""
        if place in self._over:
            return OutputItem(type_, streamed=True, over=True)
        if place not in self._open:
            self._kept.add("")
            self.count += 1
            self.called = self.called or type_ == "function_call"
            self._prose.has_output = True
            self._open[place] = OutputItem(type_)
            heappush(self._order, place)
            heappush(self._latest, -place)
        return self._open[place]

    def _whole(self, place: int, piece: OutputItem, item: r.Item) -> list[Part]:
        match item.type:
            case "function_call":
                arguments = "" if piece.streamed else text_value(item.arguments)
                call = ToolCallDelta(place, item.call_id or "", item.name or "", arguments, whole=True)
                return [*self._prose.rest(), call]
            case "message":
                return [] if piece.streamed else self._passages(item.content or ())
            case "reasoning":
                return self._reasoning(piece, item)
            case "web_search_call":
                found = search_result_parts(item)
                self.searches += isinstance(found[0], PassthroughBlock)
                return [*self._prose.rest(), *found]
            case other:
                return [Notice("dropped.output_item", other)]

    def add_annotation(self) -> list[Part]:
        """A text has citations."""
        fresh, self._annotated = not self._annotated, True
        return [ANNOTATED] if fresh else []

    def _passages(self, content: Iterable[r.Passage]) -> list[Part]:
        parts: list[Part] = []
        for passage in content:
            if passage.annotations:
                parts += self.add_annotation()
            if passage.text:
                parts += self._prose.add_text(passage.text)
            elif passage.refusal:
                parts += self._refusal(passage.refusal)
        return parts

    def _refusal(self, text: str) -> list[Part]:
        self.refused = True
        return [*self._prose.rest(), TextDelta(text)]

    def _reasoning(self, piece: OutputItem, item: r.Item) -> list[Part]:
        kept = {"id": item.id or piece.id, "enc": item.encrypted_content or ""}
        passages = () if piece.streamed else item.summary or item.content or ()
        text = "\n\n".join(passage.text for passage in passages if passage.text)
        if not text and not item.encrypted_content:
            return []
        return self._prose.add_reasoning(text, {key: value for key, value in kept.items() if value})

    # ------------------------------------------------------------ order

    def _out(self, piece: OutputItem, parts: list[Part]) -> list[Part]:
        """Return `parts` now, or buffer them until the items before have ended."""
        piece.waiting += parts
        flushed = self._flush()
        if piece.waiting:
            for part in parts:
                self._kept.add(
                    part.arguments if isinstance(part, ToolCallDelta) else getattr(part, "text", "")
                )
        return flushed

    def _flush(self) -> list[Part]:
        parts: list[Part] = []
        while self._order:
            place = self._order[0]
            piece = self._open[place]
            if piece.waiting:
                parts += self._between(piece)
                parts += piece.waiting
                piece.waiting = []
            if not piece.over:
                break
            self._over.add(heappop(self._order))
            del self._open[place]
        return parts

    def _between(self, piece: OutputItem) -> list[Part]:
        last, self._last = self._last, piece
        paragraph = last is not piece and last.type == piece.type == "message"
        return [TextDelta("\n\n")] if paragraph else []
