"""One upstream response, split anywhere -> neutral parts, for every protocol.

`ResponseReader` feeds the payloads of a body to the protocol's `PayloadReader` and stops at the answer's end.

Rules:
- The form of the body decides, not the request: a stream and a plain body are both read.
- A payload that the end of the body cut off is not read: it is torn, and the answer truncated.
- A body that exceeds the limits of `gateway.codecs.lines` ends the answer with an error.
"""

from __future__ import annotations

from typing import Protocol

from attrs import define

from gateway.codecs.body import BodyReader
from gateway.codecs.lines import LineTooLong
from gateway.codecs.ndjson import NdjsonBody
from gateway.parts import Part, StreamError
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.response.finish import malformed_answer


class PayloadReader(Protocol):
    """The answer of one protocol, payload by payload."""

    info: ModelInfo
    ended: bool
    """The answer is over: the last part was a `Finish`, a `StreamError` or a passed-through end."""

    @property
    def intake(self) -> BodyReader | NdjsonBody:
        """Splits the body into payloads."""
        ...

    @property
    def has_data(self) -> bool:
        """Whether anything except comments, pings and white space has arrived."""
        ...

    def payload(self, payload: bytes) -> list[Part]:
        """The parts of one event or line of a stream."""
        ...

    def plain(self, body: bytes) -> list[Part]:
        """The parts of a body that is no stream, up to the answer's end. The body may be empty."""
        ...

    def is_complete(self, payload: bytes) -> bool:
        """False for a last payload that the end of the body cut off."""
        ...

    def end_of_body(self, *, framed: bool) -> list[Part]:
        """The answer's end after a stream that did not contain it. `framed`: HTTP marked the body's end, and
        no payload is torn."""
        ...

    def fail(self, error: StreamError) -> list[Part]:
        """End the answer with this error."""
        ...


@define
class ResponseReader:
    """Call `feed` for each read and then `close`, or `whole` once. After `ended` it returns no more parts."""

    _payloads: PayloadReader

    @property
    def ended(self) -> bool:
        return self._payloads.ended

    @property
    def has_data(self) -> bool:
        """Whether anything except comments, pings and white space has arrived."""
        return self._payloads.has_data

    def feed(self, data: bytes) -> list[Part]:
        """The parts of one read, split anywhere."""
        if self._payloads.ended:
            return []
        try:
            payloads = self._payloads.intake.feed(data)
        except LineTooLong as error:
            return self._payloads.fail(malformed_answer(self._payloads.info, str(error)))
        return self._read(payloads)

    def close(self, *, framed: bool = True) -> list[Part]:
        """The end of the body. `framed`: HTTP marked the end, so a lost connection is not mistaken for it."""
        if self._payloads.ended:
            return []
        rest = self._payloads.intake.close()
        if self._payloads.intake.plain:
            return self._payloads.plain(rest[0])
        complete = [payload for payload in rest if self._payloads.is_complete(payload)]
        parts = self._read(complete)
        if self._payloads.ended:
            return parts
        return parts + self._payloads.end_of_body(framed=framed and len(complete) == len(rest))

    def whole(self, body: bytes) -> list[Part]:
        """The parts of a complete body."""
        return [*self.feed(body), *self.close()]

    def _read(self, payloads: list[bytes]) -> list[Part]:
        parts: list[Part] = []
        for payload in payloads:
            parts += self._payloads.payload(payload)
            if self._payloads.ended:
                break
        return parts
