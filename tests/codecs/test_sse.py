"""gateway/codecs/sse.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.lines import LineTooLong
from gateway.codecs.sse import SseReader


def read(*pieces: bytes, limit: int | None = None) -> list[bytes]:
    reader = SseReader() if limit is None else SseReader(limit)
    return [payload for piece in pieces for payload in reader.feed(piece)] + reader.close()


@pytest.mark.parametrize(
    ("stream", "payloads"),
    [
        (b'data: {"a":1}\n\ndata: [DONE]\n\n', [b'{"a":1}', b"[DONE]"]),
        (b'data:{"a":1}\r\n\r\ndata:[DONE]\r\n\r\n', [b'{"a":1}', b"[DONE]"]),
        (b'data:{"a":1}\r\rdata: one\rdata: two\r\rdata:[DONE]\r\r', [b'{"a":1}', b"one\ntwo", b"[DONE]"]),
        (b"data: one\r\n\rdata: two\n\r\n", [b"one", b"two"]),
        (b': hello\n\nevent: x\nid: 7\nretry: 3\ndata: {"a":1}\n\n', [b'{"a":1}']),
        (b"data: one\ndata: two\n\n", [b"one\ntwo"]),
        (b'data: {"a":\ndata: 1}\n\n', [b'{"a":\n1}']),
        (b'data: {"a":1}\ndata: {"a":2}\n', [b'{"a":1}', b'{"a":2}']),
        (b"data:\n\ndata: \n\n", []),
        (b'data: {"a":1}', [b'{"a":1}']),
        (b"data: [DONE]", [b"[DONE]"]),
        (b"data: cut off", [b"cut off"]),
        (b"event: ping\n\nnonsense\n\n", []),
        (b"", []),
    ],
)
def test_only_data_lines_count(stream, payloads):
    assert read(stream) == payloads
    for at in range(len(stream)):
        assert read(stream[:at], stream[at:]) == payloads


@given(
    st.lists(st.sampled_from([b"data:", b" ", b"{", b"}", b"x", b"\n", b"\r\n", b"\r", b":", b"event: y"])),
    st.data(),
)
def test_cutting_the_bytes_anywhere_changes_nothing(words, data):
    stream = b"".join(words)
    at = data.draw(st.integers(0, len(stream)))
    assert read(stream[:at], stream[at:]) == read(stream)
    assert read(*(stream[i : i + 1] for i in range(len(stream)))) == read(stream)


@given(
    st.lists(st.sampled_from([b"data:one", b"data:", b"", b": x", b'data:{"a":1}'])),
    st.sampled_from([b"\r\n", b"\r"]),
)
def test_lines_end_in_any_way_that_the_standard_has(lines, end):
    stream = b"".join(line + end for line in lines)
    assert read(stream) == read(b"".join(line + b"\n" for line in lines))


def test_endless_comments_are_not_kept():
    reader = SseReader(limit=1000)
    for _ in range(10_000):
        assert reader.feed(b": keep-alive\n\n") == []


@pytest.mark.parametrize("stream", [b": " + b"x" * 2000, b"data: " + b"x" * 2000, b"data: xxxx\n" * 500])
def test_what_has_no_end_is_refused(stream):
    with pytest.raises(LineTooLong):
        read(stream, limit=1000)


OVER_LINES = [b'{"a":\n[1],\n"b":\n{}\n}', b'{"c":2}', b"[DONE]"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_data_over_several_lines_is_one_payload_wherever_the_bytes_are_cut(end: bytes):
    """Lines inside it that are JSON values, too, do not stand alone."""
    lines = [
        b'data: {"a":',
        b"data: [1],",
        b'data: "b":',
        b"data: {}",
        b"data: }",
        b"",
        b'data: {"c":2}',
        b"",
    ]
    stream = end.join([*lines, b"data: [DONE]", b"", b""])
    for at in range(len(stream) + 1):
        reader = SseReader()
        assert reader.feed(stream[:at]) + reader.feed(stream[at:]) + reader.close() == OVER_LINES
    reader = SseReader()
    assert [one for byte in stream for one in reader.feed(bytes([byte]))] + reader.close() == OVER_LINES
