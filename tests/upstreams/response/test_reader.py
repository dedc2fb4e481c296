"""gateway/upstreams/response/reader.py."""

from __future__ import annotations

import itertools
import json

import pytest
from attrs import define, field

from gateway.codecs import lines
from gateway.codecs.body import BodyReader
from gateway.codecs.ndjson import NdjsonBody
from gateway.errors import Kind
from gateway.parts import Finish, Part, StreamError, TextDelta
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.response.reader import ResponseReader

TEXTS = ["a", "b", "end"]
STREAMS = {
    BodyReader: b"".join(b'data: {"text":"%s"}\n\n' % text.encode() for text in TEXTS),
    NdjsonBody: b"".join(b'{"text":"%s"}\n' % text.encode() for text in TEXTS),
}
INFO = ModelInfo("up", "m", PRESETS["plain"])
READ = [TextDelta("a"), TextDelta("b"), Finish()]


@define
class Words:
    """A protocol whose payloads are texts, and whose answers end with "end"."""

    intake: BodyReader | NdjsonBody
    info: ModelInfo = INFO
    ended: bool = False
    framed: bool | None = None
    bodies: list[bytes] = field(factory=list)

    @property
    def has_data(self) -> bool:
        return self.intake.has_data

    def payload(self, payload: bytes) -> list[Part]:
        text = json.loads(payload)["text"]
        self.ended = text == "end"
        return [Finish() if self.ended else TextDelta(text)]

    def plain(self, body: bytes) -> list[Part]:
        self.bodies.append(body)
        self.ended = True
        return [Finish()]

    def is_complete(self, payload: bytes) -> bool:
        return payload.endswith(b"}")

    def end_of_body(self, *, framed: bool) -> list[Part]:
        self.framed = framed
        return self.fail(StreamError(Kind.UPSTREAM_CUT, "cut"))

    def fail(self, error: StreamError) -> list[Part]:
        self.ended = True
        return [error]


def read(words: Words, reads: list[bytes], *, framed: bool = True) -> list[Part]:
    reader = ResponseReader(words)
    parts = [part for one in reads for part in reader.feed(one)] + reader.close(framed=framed)
    assert reader.ended
    assert reader.feed(b"more") == reader.close() == []
    return parts


@pytest.mark.parametrize("intake", STREAMS)
def test_stream_is_read_wherever_its_bytes_are_cut(intake):
    stream = STREAMS[intake]
    for first, second in itertools.combinations(range(0, len(stream), 3), 2):
        reads = [stream[:first], stream[first:second], stream[second:]]
        assert read(Words(intake()), reads) == READ
    assert ResponseReader(Words(intake())).whole(stream) == READ


@pytest.mark.parametrize("intake", STREAMS)
def test_nothing_after_the_end_of_an_answer_is_read(intake):
    assert read(Words(intake()), [STREAMS[intake] * 2]) == READ
    assert read(Words(intake()), [STREAMS[intake], b"data: garbage\n\n"]) == READ


@pytest.mark.parametrize("intake", STREAMS)
@pytest.mark.parametrize("framed", [True, False])
def test_protocol_is_told_whether_the_end_of_a_stream_is_certain(intake, framed: bool):
    words = Words(intake())
    begun = STREAMS[intake].partition(b"end")[0].rpartition(b"\n")[0] + b"\n"
    assert read(words, [begun], framed=framed)[:-1] == READ[:2]
    assert words.framed is framed


@pytest.mark.parametrize("intake", STREAMS)
def test_torn_payload_is_not_read_and_makes_the_end_uncertain(intake):
    words = Words(intake())
    torn = STREAMS[intake].partition(b"end")[0]
    assert read(words, [torn]) == [*READ[:2], StreamError(Kind.UPSTREAM_CUT, "cut")]
    assert words.framed is False


@pytest.mark.parametrize("intake", STREAMS)
def test_last_payload_needs_no_line_end(intake):
    assert read(Words(intake()), [STREAMS[intake].rstrip()]) == READ


@pytest.mark.parametrize("intake", STREAMS)
def test_body_that_is_no_stream_is_read_once_and_whole(intake):
    words = Words(intake())
    body = b'{\n "text": "end"\n}'
    assert read(words, [body[:4], body[4:]]) == [Finish()]
    assert [json.loads(one) for one in words.bodies] == [{"text": "end"}]


@pytest.mark.parametrize("intake", STREAMS)
def test_body_over_the_limit_ends_in_an_error(intake):
    reader = ResponseReader(Words(intake()))
    (error,) = reader.feed(STREAMS[intake][:8] + b"x" * (lines.LIMIT + 1))
    assert isinstance(error, StreamError)
    assert error.kind is Kind.UPSTREAM_GARBAGE
    assert f"[up] upstream sent a line of more than {lines.LIMIT} bytes" in error.message
    assert reader.ended


def test_data_is_what_the_protocol_takes_for_data():
    reader = ResponseReader(Words(BodyReader()))
    reader.feed(b": comment\n\n")
    assert not reader.has_data
    reader.feed(b"data: ")
    reader.feed(b"{")
    assert reader.has_data
