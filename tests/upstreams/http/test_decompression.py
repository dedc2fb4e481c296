"""gateway/upstreams/http/decompression.py."""

import gzip
import zlib

import pytest

from gateway.upstreams.http.decompression import PIECE, Decompressor

TEXT = b"data: hello\n\n" * 20_000


def bare(text: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return engine.compress(text) + engine.flush()


def inflated(encoding: str, pieces: list[bytes]) -> list[bytes]:
    inflating = Decompressor(encoding)
    out: list[bytes] = []
    for piece in pieces:
        inflating.feed(piece)
        while inflating.more:
            out.append(inflating.take())
    return out


BODIES = [
    ("gzip", gzip.compress(TEXT)),
    ("x-gzip", gzip.compress(TEXT[:300]) + gzip.compress(TEXT[300:])),
    ("gzip", gzip.compress(TEXT) + b"\0\0\0"),
    ("gzip", zlib.compress(TEXT)),
    ("deflate", zlib.compress(TEXT)),
    ("deflate", bare(TEXT)),
    ("deflate", gzip.compress(TEXT)),
]


@pytest.mark.parametrize(("encoding", "body"), BODIES)
def test_every_form_is_inflated_wherever_it_is_cut(encoding, body):
    assert b"".join(inflated(encoding, [body])) == TEXT
    assert b"".join(inflated(encoding, [body[i : i + 1] for i in range(len(body))])) == TEXT


def test_little_that_stands_for_much_comes_in_small_pieces():
    body = gzip.compress(b"x" * 10_000_000)
    pieces = inflated("gzip", [body])
    assert sum(map(len, pieces)) == 10_000_000
    assert max(map(len, pieces)) <= PIECE


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_what_is_damaged_is_an_error(encoding):
    body = bytearray(gzip.compress(TEXT))
    body[20:60] = b"\xff" * 40
    with pytest.raises(zlib.error):
        inflated(encoding, [bytes(body)])
