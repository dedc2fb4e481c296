"""The vocabulary file and the encoding made from it."""

import gzip
import socket
from functools import cache
from pathlib import Path

import pytest
import tiktoken
from tiktoken_ext import openai_public

from gateway.tokens import o200k

TEXTS = (
    "",
    "Say hello in five words.",
    "def f(x):\n\treturn {'a': [1, 22, 333, 4444]}\r\n\r\n   # don't  \n",
    "Grüße, 世界! 👩‍👩‍👧‍👦 e\u0301 ก\u0e31 ÀÉ \u00a0\u2003 <|endoftext|>",
    "CamelCaseWords I'LL we've\n\n\n   trailing   ",
)


@cache
def ours() -> tiktoken.Encoding:
    return o200k.encoding()


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """tiktoken's own definition of o200k_base, with our file in the place of its download."""
    monkeypatch.setattr(openai_public, "load_tiktoken_bpe", lambda *_, **__: o200k._ranks(o200k.VOCABULARY))
    return openai_public.o200k_base()


def test_encoding_is_tiktokens_own(theirs):
    assert theirs["pat_str"] == o200k.SPLIT_PATTERN
    assert theirs["special_tokens"] == o200k.SPECIAL_TOKENS
    encoding = tiktoken.Encoding(**theirs)
    assert [ours().encode_ordinary(text) for text in TEXTS] == [encoding.encode_ordinary(t) for t in TEXTS]


def test_digest_is_the_one_tiktoken_demands(monkeypatch):
    demanded = []
    monkeypatch.setattr(
        openai_public, "load_tiktoken_bpe", lambda _url, expected_hash: demanded.append(expected_hash) or {}
    )
    openai_public.o200k_base()
    assert demanded == [o200k.DIGEST]


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_spell_the_text(text):
    assert ours().decode(ours().encode_ordinary(text)) == text


def test_known_counts():
    assert ours().encode_ordinary("hello world") == [24912, 2375]
    assert ours().n_vocab == 200_019


def test_loading_needs_no_network(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OSError("no network here")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert o200k.encoding().encode_ordinary("hello world") == [24912, 2375]


def test_damaged_vocabulary_is_refused(tmp_path: Path):
    damaged = tmp_path / "o200k_base.tiktoken.gz"
    damaged.write_bytes(gzip.compress(b"IQ== 0\nIg== 1\n"))
    with pytest.raises(ValueError, match="not the vocabulary"):
        o200k.encoding(damaged)


def test_licence_lies_beside_the_vocabulary():
    licence = (o200k.VOCABULARY.parent / "LICENSE").read_text()
    assert "MIT License" in licence
    assert o200k.DIGEST in licence
