"""gateway/codecs/body.py."""

import pytest

from gateway.codecs.body import BodyReader
from gateway.codecs.lines import LIMIT, LineTooLong

STREAMS = [
    b'data: {"a":1}\n\n',
    b': hello\n\ndata: {"a":1}\n\n',
    b'\r\n\nevent: x\ndata: {"a":1}\n\n',
    b'\xef\xbb\xbfid: 1\ndata: {"a":1}\n\n',
    b'retry: 1\ndata: {"a":1}',
]
BODIES = [b'{"a":1}', b'  [{"a":1}]\n', b"<html>", b"Internal Server Error", b"dat", b"", b" \n"]


def read(pieces: list[bytes]) -> tuple[list[bytes], bool]:
    intake = BodyReader()
    payloads = [payload for piece in pieces for payload in intake.feed(piece)]
    return payloads + intake.close(), intake.plain


@pytest.mark.parametrize("stream", STREAMS)
def test_stream_is_recognised_wherever_it_is_cut(stream):
    for at in range(len(stream)):
        assert read([stream[:at], stream[at:]]) == ([b'{"a":1}'], False)
    assert read([stream[i : i + 1] for i in range(len(stream))]) == ([b'{"a":1}'], False)


@pytest.mark.parametrize("body", BODIES)
def test_anything_else_is_one_payload_at_its_end(body):
    for at in range(len(body) + 1):
        assert read([body[:at], body[at:]]) == ([body.lstrip()], True)


def test_payload_of_a_stream_does_not_wait():
    intake = BodyReader()
    assert intake.feed(b"da") == []
    assert intake.feed(b'ta: {"a":1}\n\n') == [b'{"a":1}']


def test_body_without_end_is_refused():
    intake = BodyReader()
    for _ in range(LIMIT // 2**20):
        intake.feed(b"<" * 2**20)
    with pytest.raises(LineTooLong):
        intake.feed(b"<")


def test_white_space_before_an_answer_is_not_kept():
    intake = BodyReader()
    for _ in range(3 * LIMIT // 2**20):
        assert intake.feed(b"\r\n" * 2**19) == []
    assert not intake.has_data
    assert intake.feed(b'data: {"a":1}\n\n') == [b'{"a":1}']
    assert intake.has_data


@pytest.mark.parametrize(
    ("piece", "heard"),
    [
        (b": hi\n\n", False),
        (b"\n", False),
        (b"event: x\n\n", False),
        (b": h", False),
        (b"da", True),
        (b"{", True),
    ],
)
def test_comments_and_white_space_are_nothing(piece, heard):
    intake = BodyReader()
    intake.feed(b": begun\n\n" if piece != b"{" else b"")
    intake.feed(piece)
    assert intake.has_data is heard
